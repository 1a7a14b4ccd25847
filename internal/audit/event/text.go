package event

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// escaped reports whether a character is written \uXXXX: controls of C0 and C1, DEL, the line
// and paragraph separators, and the controls of writing direction. A line feed in a name must
// not make two lines, and what a terminal or a reader acts on must be seen.
func escaped(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0:
		return true
	case r < 0x061c:
		return false
	}
	return r == 0x061c || r == 0x200e || r == 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// Outside makes a string from outside fit for an event: what is not UTF-8 becomes U+FFFD, and
// what is longer than MaxOutside bytes is cut at a character and ends in … and # and the first
// 8 hexadecimal digits of the SHA-256 of the whole.
func Outside(s string) string {
	whole := s
	s = strings.ToValidUTF8(s, "\ufffd")
	if len(s) <= MaxOutside {
		return s
	}
	end := MaxOutside
	for !utf8.RuneStart(s[end]) {
		end--
	}
	sum := sha256.Sum256([]byte(whole))
	return s[:end] + "…#" + hex.EncodeToString(sum[:4])
}

// AppendText writes a string with its quotation marks.
func AppendText(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(append(append(b, s[start:i]...), '\\'), byte(r))
		case escaped(r):
			const digits = "0123456789abcdef"
			b = append(append(b, s[start:i]...), '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
		default:
			continue
		}
		start = i + utf8.RuneLen(r)
	}
	return append(append(b, s[start:]...), '"')
}

// decodeText undoes AppendText for what scanner.text has returned.
func decodeText(raw []byte) string {
	if !strings.Contains(string(raw), `\`) {
		return string(raw)
	}
	var b strings.Builder
	for i := 0; i < len(raw); {
		switch {
		case raw[i] != '\\':
			b.WriteByte(raw[i])
			i++
		case raw[i+1] == 'u':
			r, _ := unescape(raw[i:])
			b.WriteRune(r)
			i += 6
		default:
			b.WriteByte(raw[i+1])
			i += 2
		}
	}
	return b.String()
}
