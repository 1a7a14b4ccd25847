package mask

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// form is one way in which a value may be written.
type form struct {
	// unit writes the encoding of the next few bytes of value from offset at, and returns its
	// length and the offset after them. at may be negative: see base64.
	unit func(f *form, dst *[maxUnit]byte, value []byte, at int) (n, next int)

	simple    bool   // what a byte becomes does not depend on the value's other bytes, but for JSON and CR LF
	first     int    // offset of the first unit
	skip      int    // characters of the first unit that are left out
	ended     bool   // base64: the last character too, as at the end of a text
	alphabet  string // base64, hex
	spared    string // URL: not encoded, besides letters, digits and -._~
	plus      bool   // URL: + for a space
	html      bool   // JSON: < > & and the line separators are escaped
	ascii     bool   // JSON: all else than ASCII is escaped
	slash     bool   // JSON: / is escaped
	width     int    // characters in a line, 0: one line
	separator string // between lines
}

// maxUnit is the longest encoding of one unit: a surrogate pair in JSON.
const maxUnit = 12

const (
	lowerHex  = "0123456789abcdef"
	upperHex  = "0123456789ABCDEF"
	letters   = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	stdBase64 = letters + "+/" // RFC 4648 §4
	urlBase64 = letters + "-_" // RFC 4648 §5
)

// forms are all the ways.
func forms() []*form {
	list := []*form{
		{simple: true, unit: (*form).raw},
		{simple: true, unit: (*form).crlf},
		{unit: (*form).hex, alphabet: lowerHex},
		{unit: (*form).hex, alphabet: upperHex},
		{simple: true, unit: (*form).url, alphabet: upperHex},
		{simple: true, unit: (*form).url, alphabet: lowerHex},
		{simple: true, unit: (*form).url, alphabet: upperHex, plus: true},
		{simple: true, unit: (*form).url, alphabet: upperHex, spared: "!'()*"}, // ECMA-262, encodeURIComponent
		{simple: true, unit: (*form).url, alphabet: upperHex, spared: "$&+=:@"},
		{simple: true, unit: (*form).url, alphabet: upperHex, spared: "/"},
		{simple: true, unit: (*form).json},
		{simple: true, unit: (*form).json, html: true},
		{simple: true, unit: (*form).json, ascii: true},
		{simple: true, unit: (*form).json, ascii: true, slash: true},
	}
	for _, ended := range []bool{false, true} {
		for _, alphabet := range []string{stdBase64, urlBase64} {
			for before := range 3 {
				// The first (8·before + 5)/6 characters depend on the bytes before the value.
				list = append(list, &form{unit: (*form).base64, alphabet: alphabet, ended: ended, first: -before, skip: (8*before + 5) / 6})
			}
		}
		for _, width := range []int{64, 76} {
			for _, separator := range []string{"\n", "\r\n"} {
				list = append(list, &form{unit: (*form).base64, alphabet: stdBase64, ended: ended, width: width, separator: separator})
			}
		}
	}
	return list
}

func (f *form) raw(dst *[maxUnit]byte, value []byte, at int) (n, next int) {
	return copy(dst[:], value[at:at+1]), at + 1
}

func (f *form) crlf(dst *[maxUnit]byte, value []byte, at int) (n, next int) {
	if value[at] == '\n' && (at == 0 || value[at-1] != '\r') {
		return copy(dst[:], "\r\n"), at + 1
	}
	return f.raw(dst, value, at)
}

func (f *form) hex(dst *[maxUnit]byte, value []byte, at int) (n, next int) {
	dst[0], dst[1] = f.alphabet[value[at]>>4], f.alphabet[value[at]&15]
	return 2, at + 1
}

// base64 writes a group of three bytes. A negative offset stands for bytes before the value;
// what depends on them is left out by skip.
func (f *form) base64(dst *[maxUnit]byte, value []byte, at int) (n, next int) {
	var group [3]byte
	for i := range group {
		if at+i >= 0 && at+i < len(value) {
			group[i] = value[at+i]
		}
	}
	bits := uint(group[0])<<16 | uint(group[1])<<8 | uint(group[2])
	for i := range 4 {
		dst[i] = f.alphabet[bits>>(18-6*i)&63]
	}
	n = min(len(value)-at, 3) * 8 / 6
	if f.ended && n < 4 {
		n++
	}
	return n, at + 3
}

func (f *form) url(dst *[maxUnit]byte, value []byte, at int) (n, next int) {
	c := value[at]
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9',
		strings.IndexByte("-._~", c) >= 0, strings.IndexByte(f.spared, c) >= 0:
		dst[0] = c
	case c == ' ' && f.plus:
		dst[0] = '+'
	default:
		dst[0], dst[1], dst[2] = '%', f.alphabet[c>>4], f.alphabet[c&15]
		return 3, at + 1
	}
	return 1, at + 1
}

func (f *form) json(dst *[maxUnit]byte, value []byte, at int) (n, next int) {
	r, size := utf8.DecodeRune(value[at:])
	next = at + size
	short := strings.IndexRune("\"\\\b\f\n\r\t", r)
	switch {
	case r == utf8.RuneError && size <= 1 && !f.ascii && !f.html:
		return copy(dst[:], "\ufffd"), next
	case short >= 0:
		dst[0], dst[1] = '\\', `"\bfnrt`[short]
		return 2, next
	case r == '/' && f.slash:
		return copy(dst[:], `\/`), next
	case r >= 0x10000 && f.ascii:
		high, low := utf16.EncodeRune(r)
		return unicodeEscape(dst[:0], high) + unicodeEscape(dst[6:6], low), next
	case r < ' ', r > '~' && f.ascii,
		f.html && (r == '<' || r == '>' || r == '&' || r == '\u2028' || r == '\u2029' || r == utf8.RuneError && size <= 1):
		return unicodeEscape(dst[:0], r), next
	}
	return copy(dst[:], value[at:next]), next
}

// unicodeEscape appends \uXXXX and returns its length.
func unicodeEscape(dst []byte, r rune) int {
	dst = append(dst, '\\', 'u')
	for shift := 12; shift >= 0; shift -= 4 {
		dst = append(dst, lowerHex[r>>shift&15])
	}
	return len(dst)
}

// last reports whether the form has its last character: all have, but half of those of base64.
func (f *form) last() bool { return f.ended || f.simple || len(f.alphabet) == len(lowerHex) }

// cursor reads a value in a form, byte by byte.
type cursor struct {
	form   *form
	value  []byte // not owned
	at     int    // offset of the next unit
	i, n   int    // what is left of the unit is unit[i:n]
	column int
	broken int // bytes of the separator that are out
	unit   [maxUnit]byte
}

func newCursor(f *form, value []byte) cursor { return cursor{form: f, value: value, at: f.first} }

// next returns the next byte; ok is false at the end.
func (c *cursor) next() (b byte, ok bool) {
	for c.i == c.n {
		if c.at >= len(c.value) {
			return 0, false
		}
		begins := c.at == c.form.first
		c.n, c.at = c.form.unit(c.form, &c.unit, c.value, c.at)
		if c.i = 0; begins {
			c.i = min(c.form.skip, c.n)
		}
	}
	if c.form.width > 0 && c.column == c.form.width {
		b = c.form.separator[c.broken]
		if c.broken++; c.broken == len(c.form.separator) {
			c.broken, c.column = 0, 0
		}
		return b, true
	}
	b = c.unit[c.i]
	c.i++
	c.column++
	return b, true
}

// more reports whether anything is left.
func (c cursor) more() bool {
	_, ok := c.next()
	return ok
}

// distinct returns the forms in which value differs, without those that are another one again.
func distinct(forms []*form, value []byte) []*form {
	var present [256]bool
	ascii := true
	for _, c := range value {
		present[c] = true
		ascii = ascii && c < utf8.RuneSelf
	}
	var list []*form
	seen := make(map[string]bool)
	for i, f := range forms {
		if !f.simple {
			list = append(list, f)
			continue
		}
		var made []byte // of each byte that the value holds
		for c := range 256 {
			if present[c] {
				var unit [maxUnit]byte
				n, _ := f.unit(f, &unit, []byte{byte(c)}, 0)
				made = append(append(made, unit[:n]...), 0)
			}
		}
		if !ascii {
			made = append(made, byte(i)) // JSON has characters, not bytes
		}
		if !seen[string(made)] {
			seen[string(made)] = true
			list = append(list, f)
		}
	}
	return list
}
