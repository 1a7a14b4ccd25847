package template

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"kai/internal/secret"
)

// filter is how a value is written.
type filter struct {
	open, close string // around it
	check       func(value []byte) error
	// encode writes what stands for the first bytes of value, and says how many of each.
	encode func(dst, value []byte) (n, used int)
}

// block is the bytes that are encoded at a time, in a buffer of secret memory; maxEscape is what
// one unit may become.
const (
	block     = 4096
	maxEscape = 12
)

var plain = filter{check: fits, encode: copyBytes}

// parseFilter finds a filter by its name.
func parseFilter(name string) (filter, error) {
	switch name {
	case "json":
		return filter{`"`, `"`, isText, escapeJSON}, nil
	case "yaml":
		return filter{`"`, `"`, isText, escapeYAML}, nil
	case "shell":
		return filter{`'`, `'`, noZero, quoteShell}, nil
	case "base64":
		return filter{"", "", fits, encodeBase64}, nil
	}
	return filter{}, errors.New("filter is none of json, shell, yaml, base64")
}

func fits([]byte) error { return nil }

func isText(value []byte) error {
	if !utf8.Valid(value) {
		return errors.New("not UTF-8; use base64")
	}
	return nil
}

func noZero(value []byte) error {
	if bytes.IndexByte(value, 0) >= 0 {
		return errors.New("zero byte; use base64")
	}
	return nil
}

func (f filter) write(w io.Writer, value []byte) error {
	if err := writeAll(w, []byte(f.open)); err != nil {
		return err
	}
	buffer := secret.New(block)
	defer buffer.Wipe()
	dst := buffer.Expose()
	for len(value) > 0 {
		n := 0
		for len(value) > 0 && len(dst)-n >= maxEscape {
			added, used := f.encode(dst[n:], value)
			n += added
			value = value[used:]
		}
		if err := writeAll(w, dst[:n]); err != nil {
			return err
		}
	}
	return writeAll(w, []byte(f.close))
}

func copyBytes(dst, value []byte) (n, used int) {
	n = copy(dst, value)
	return n, n
}

func encodeBase64(dst, value []byte) (n, used int) {
	used = min(len(value), len(dst)/4*3)
	base64.StdEncoding.Encode(dst, value[:used])
	return base64.StdEncoding.EncodedLen(used), used
}

func quoteShell(dst, value []byte) (n, used int) {
	if value[0] == '\'' {
		return copy(dst, `'\''`), 1
	}
	dst[0] = value[0]
	return 1, 1
}

// escapeJSON writes a character in ASCII (RFC 8259 §7).
func escapeJSON(dst, value []byte) (n, used int) {
	r, used := utf8.DecodeRune(value)
	if r <= 0xffff {
		return escapeASCII(dst, r), used
	}
	high, low := utf16.EncodeRune(r)
	n = escapeHex(dst, 'u', high, 4)
	return n + escapeHex(dst[n:], 'u', low, 4), used
}

// escapeYAML writes a character in ASCII (YAML 1.2 §5.7), where surrogates are no characters.
func escapeYAML(dst, value []byte) (n, used int) {
	r, used := utf8.DecodeRune(value)
	if r <= 0xffff {
		return escapeASCII(dst, r), used
	}
	return escapeHex(dst, 'U', r, 8), used
}

// escapeASCII writes a character of 16 bits as JSON and YAML both read it.
func escapeASCII(dst []byte, r rune) (n int) {
	switch {
	case r == '"' || r == '\\':
		dst[0], dst[1] = '\\', byte(r)
		return 2
	case r == '\n':
		return copy(dst, `\n`)
	case r == '\t':
		return copy(dst, `\t`)
	case r >= ' ' && r <= '~':
		dst[0] = byte(r)
		return 1
	}
	return escapeHex(dst, 'u', r, 4)
}

// escapeHex writes a backslash, kind, and r in so many hexadecimal digits.
func escapeHex(dst []byte, kind byte, r rune, digits int) (n int) {
	dst[0], dst[1] = '\\', kind
	for i := range digits {
		dst[2+i] = "0123456789abcdef"[r>>(4*(digits-1-i))&15]
	}
	return 2 + digits
}
