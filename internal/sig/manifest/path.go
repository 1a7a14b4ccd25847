package manifest

import (
	"strings"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// escape returns a name as a manifest writes it: bytes below 0x20, 0x7f, the
// backslash and every byte that is not part of valid UTF-8 become \xHH.
func escape(name string) string {
	if isPlain(name) {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); {
		r, size := utf8.DecodeRuneInString(name[i:])
		if r == utf8.RuneError && size == 1 || mustEscape(name[i]) {
			b.WriteString(`\x`)
			b.WriteByte(hexDigits[name[i]>>4])
			b.WriteByte(hexDigits[name[i]&15])
			i++
			continue
		}
		b.WriteString(name[i : i+size])
		i += size
	}
	return b.String()
}

func isPlain(name string) bool {
	for i := 0; i < len(name); i++ {
		if mustEscape(name[i]) {
			return false
		}
		if name[i] >= utf8.RuneSelf {
			return utf8.ValidString(name[i:]) && !strings.ContainsFunc(name[i:], func(r rune) bool {
				return r < utf8.RuneSelf && mustEscape(byte(r))
			})
		}
	}
	return true
}

func mustEscape(c byte) bool { return c < 0x20 || c == 0x7f || c == '\\' }

// unescape undoes escape, and accepts nothing that escape would not write.
func unescape(path string) (string, error) {
	if isPlain(path) {
		return path, nil
	}
	var b strings.Builder
	for rest := path; rest != ""; {
		at := strings.IndexByte(rest, '\\')
		if at < 0 {
			b.WriteString(rest)
			break
		}
		b.WriteString(rest[:at])
		c, ok := escaped(rest[at:])
		if !ok {
			return "", fault(`path with a backslash that is not \xHH`)
		}
		b.WriteByte(c)
		rest = rest[at+len(`\xHH`):]
	}
	raw := b.String()
	if escape(raw) != path {
		return "", fault("path not escaped as it must be")
	}
	return raw, nil
}

// escaped reads the \xHH at the start of s.
func escaped(s string) (byte, bool) {
	if len(s) < len(`\xHH`) || s[1] != 'x' {
		return 0, false
	}
	high, low := strings.IndexByte(hexDigits, s[2]), strings.IndexByte(hexDigits, s[3])
	return byte(high<<4 | low), high >= 0 && low >= 0
}

// checkPath accepts a PATH: relative, without empty, "." and ".." parts, within
// MaxPath, and escaped as escape does it.
func checkPath(path string) error {
	if len(path) > MaxPath {
		return tooLarge("path of %d bytes, at most %d", len(path), MaxPath)
	}
	for rest, more := path, true; more; {
		var part string
		part, rest, more = strings.Cut(rest, "/")
		switch part {
		case "":
			return fault("path that is absolute or has an empty part")
		case ".", "..":
			return fault(`path with a part "." or ".."`)
		}
	}
	_, err := unescape(path)
	return err
}
