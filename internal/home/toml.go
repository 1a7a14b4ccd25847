package home

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// value is true, false, or a string.
type value struct {
	isText bool
	word   string
	is     bool
}

func (v value) text() (string, error) {
	if !v.isText {
		return "", errors.New("not a string in double quotes")
	}
	return v.word, nil
}

func (v value) truth() (bool, error) {
	if v.isText {
		return false, errors.New("not true or false")
	}
	return v.is, nil
}

// parseLine reads one line of the part of TOML v1.0.0 that config.toml may hold, with its line
// ending if it has one. The key is empty for blank lines and comments.
func parseLine(line string) (key string, v value, err error) {
	line = strings.TrimSuffix(line, "\n")
	line = strings.TrimSuffix(line, "\r")
	if i := strings.IndexFunc(line, isControl); i >= 0 {
		return "", v, errors.New("control character")
	}
	rest := skipSpace(line)
	if rest == "" || rest[0] == '#' {
		return "", v, nil
	}
	if rest[0] == '[' {
		return "", v, errors.New("tables are not used here")
	}
	n := 0
	for n < len(rest) && isBare(rest[n]) {
		n++
	}
	key, rest = rest[:n], skipSpace(rest[n:])
	if key == "" || rest == "" || rest[0] != '=' {
		return "", v, errors.New("not of the form key = value")
	}
	v, rest, err = parseValue(skipSpace(rest[1:]))
	if err != nil {
		return "", v, err
	}
	if rest = skipSpace(rest); rest != "" && rest[0] != '#' {
		return "", v, errors.New("something behind the value")
	}
	return key, v, nil
}

// parseValue reads a value and returns what follows.
func parseValue(s string) (v value, rest string, err error) {
	if strings.HasPrefix(s, `"""`) {
		return v, "", errors.New("multi-line strings are not used here")
	}
	if strings.HasPrefix(s, `"`) {
		word, rest, err := parseString(s[1:])
		return value{isText: true, word: word}, rest, err
	}
	n := 0
	for n < len(s) && isBare(s[n]) {
		n++
	}
	switch s[:n] {
	case "true":
		return value{is: true}, s[n:], nil
	case "false":
		return value{}, s[n:], nil
	}
	return v, "", errors.New("value is not a string in double quotes, true or false")
}

// parseString reads a basic string behind its first quote, and returns what follows the second.
func parseString(s string) (word, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], nil
		case '\\':
			r, n := unescape(s[i+1:])
			if n == 0 {
				return "", "", errors.New("unknown escape in a string")
			}
			b.WriteRune(r)
			i += n
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", errors.New("string without its closing quote")
}

// unescape reads what follows a backslash and returns how many bytes that was, 0 when it is not
// an escape.
func unescape(s string) (r rune, n int) {
	if s == "" {
		return 0, 0
	}
	switch s[0] {
	case 'b':
		return '\b', 1
	case 't':
		return '\t', 1
	case 'n':
		return '\n', 1
	case 'f':
		return '\f', 1
	case 'r':
		return '\r', 1
	case '"', '\\':
		return rune(s[0]), 1
	case 'u':
		n = 5
	case 'U':
		n = 9
	}
	if n == 0 || len(s) < n {
		return 0, 0
	}
	x, err := strconv.ParseUint(s[1:n], 16, 32)
	if err != nil || x > utf8.MaxRune || !utf8.ValidRune(rune(x)) {
		return 0, 0
	}
	return rune(x), n
}

func skipSpace(s string) string { return strings.TrimLeft(s, " \t") }

// isControl reports what TOML allows in no line, neither in strings nor in comments.
func isControl(r rune) bool { return r < 0x20 && r != '\t' || r == 0x7f }

// isBare reports whether c may be in a bare key.
func isBare(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}
