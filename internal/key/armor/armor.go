// Package armor reads and writes the textual encoding of RFC 7468, strictly:
//
//	-----BEGIN LABEL-----
//	base64 in lines of one length, the last one not longer
//	-----END LABEL-----
//
// Between blocks only empty lines may stand; lines end in LF or CRLF; the
// base64 is canonical, its padding included. Headers as in RFC 1421, which
// announce OpenSSL's old encryption, are reported as such.
//
// encoding/pem skips everything it does not understand, so that a damaged
// first key makes the second one the key of the file. Here nothing is skipped.
package armor

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrMalformed: not the textual encoding.
	ErrMalformed = errors.New("malformed armor")
	// ErrHeaders: a block with headers, which is how OpenSSL used to encrypt.
	ErrHeaders = errors.New("armor with headers")
)

// maxColumns bounds the length of a base64 line; the most in use is 76.
const maxColumns = 128

// Block is one armored value.
type Block struct {
	Label string
	Bytes []byte
	Line  int // number of the BEGIN line, from 1
}

// Decode reads a whole file of blocks, at least one. The label of a block is
// upper case letters, digits and single spaces.
//
// The errors are ErrMalformed and ErrHeaders, with the line.
func Decode(data []byte) ([]Block, error) {
	r := reader{rest: data}
	var blocks []Block
	for {
		line, ok := r.next()
		if !ok {
			break
		}
		if len(line) == 0 {
			continue
		}
		label, ok := cutLabel(line, "-----BEGIN ")
		if !ok {
			return nil, r.errorf(ErrMalformed, "text outside of a block")
		}
		block, err := r.block(label)
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, block)
	}
	if len(blocks) == 0 {
		return nil, fmt.Errorf("%w: no block", ErrMalformed)
	}
	return blocks, nil
}

// Encode writes one block with base64 lines of the given length. OpenSSH has 70
// columns, RFC 7468 has 64.
func Encode(label string, data []byte, columns int) []byte {
	text := make([]byte, base64.StdEncoding.EncodedLen(len(data)))
	base64.StdEncoding.Encode(text, data)
	out := make([]byte, 0, len(text)+len(text)/columns+2*len(label)+40)
	out = append(out, "-----BEGIN "+label+"-----\n"...)
	for rest := text; len(rest) > 0; {
		n := min(columns, len(rest))
		out = append(append(out, rest[:n]...), '\n')
		rest = rest[n:]
	}
	clear(text)
	return append(out, "-----END "+label+"-----\n"...)
}

// reader hands out lines without their ends.
type reader struct {
	rest []byte
	line int // of the line last handed out
}

func (r *reader) errorf(err error, text string) error {
	return fmt.Errorf("line %d: %w: %s", r.line, err, text)
}

// next returns a part of the input, not a copy: lines hold secrets.
func (r *reader) next() (line []byte, ok bool) {
	if len(r.rest) == 0 {
		return nil, false
	}
	raw, rest, ended := bytes.Cut(r.rest, []byte("\n"))
	r.rest = rest
	r.line++
	if ended {
		raw = bytes.TrimSuffix(raw, []byte("\r"))
	}
	return raw, true
}

// block reads the lines after BEGIN, END included.
func (r *reader) block(label string) (Block, error) {
	b := Block{Label: label, Line: r.line}
	text := make([]byte, 0, len(r.rest)) // never grown: no copies to wipe
	columns, last := 0, false
	for {
		line, ok := r.next()
		switch {
		case !ok:
			return Block{}, r.errorf(ErrMalformed, "block without an end")
		case bytes.HasPrefix(line, []byte("-----")):
			if end, ok := cutLabel(line, "-----END "); !ok || end != label {
				return Block{}, r.errorf(ErrMalformed, "end of another block")
			}
			data, err := decode(text)
			clear(text)
			if err != nil {
				return Block{}, r.errorf(ErrMalformed, "base64")
			}
			b.Bytes = data
			return b, nil
		case bytes.Contains(line, []byte(": ")):
			return Block{}, r.errorf(ErrHeaders, "not read")
		case len(line) == 0 || len(line) > maxColumns || last || columns != 0 && len(line) > columns:
			return Block{}, r.errorf(ErrMalformed, "length of a line")
		}
		last = columns != 0 && len(line) < columns
		if columns == 0 {
			columns = len(line)
		}
		text = append(text, line...)
	}
}

// decode accepts exactly what the encoder writes, and at least one byte.
func decode(text []byte) ([]byte, error) {
	data := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Strict().Decode(data, text)
	if err == nil && n == 0 || bytes.ContainsAny(text, "\r\n") { // which the decoder would skip
		return nil, ErrMalformed
	}
	return data[:n], err
}

func cutLabel(line []byte, prefix string) (label string, ok bool) {
	if len(line) > 128 {
		return "", false
	}
	label, ok = strings.CutPrefix(string(line), prefix)
	if !ok {
		return "", false
	}
	label, ok = strings.CutSuffix(label, "-----")
	return label, ok && isLabel(label)
}

func isLabel(label string) bool {
	for _, word := range strings.Split(label, " ") {
		if word == "" || strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
			return false
		}
	}
	return len(label) <= 64
}
