package canon

import "unicode/utf8"

// str reads a string and returns its text. The text is valid until the next
// call, or for as long as data is if keep is set.
func (s *scanner) str(keep bool) ([]byte, error) {
	start := s.pos
	s.pos++
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			// Nothing was escaped, so nothing needs to be.
			s.pos++
			s.out = append(s.out, s.data[start:s.pos]...)
			return s.data[start+1 : s.pos-1], nil
		case c == '\\':
			return s.escaped(start, keep)
		default:
			if err := s.rune(c); err != nil {
				return nil, err
			}
		}
	}
	return nil, s.fail(ErrEnd)
}

// rune passes over one code point, whose first byte is c, that stands for
// itself.
func (s *scanner) rune(c byte) error {
	switch {
	case c < 0x20:
		return s.fail(ErrSyntax)
	case c < utf8.RuneSelf:
		if c == 0x7f && s.document {
			return s.fail(ErrControl)
		}
		s.pos++
	default:
		r, size := utf8.DecodeRune(s.data[s.pos:])
		if r == utf8.RuneError && size == 1 {
			return s.fail(ErrUTF8)
		}
		s.pos += size
	}
	return nil
}

// escaped reads the rest of a string that began at start, from its first
// backslash on.
func (s *scanner) escaped(start int, keep bool) ([]byte, error) {
	text := s.text[:0]
	if keep {
		text = nil
	}
	text = append(text, s.data[start+1:s.pos]...)
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case '"':
			s.pos++
			s.out = appendString(s.out, text)
			if !keep {
				s.text = text
			}
			return text, nil
		case '\\':
			r, err := s.escape()
			if err != nil {
				return nil, err
			}
			text = utf8.AppendRune(text, r)
		default:
			from := s.pos
			if err := s.rune(c); err != nil {
				return nil, err
			}
			text = append(text, s.data[from:s.pos]...)
		}
	}
	return nil, s.fail(ErrEnd)
}

// escape reads one escape sequence, or two if they make a surrogate pair.
func (s *scanner) escape() (rune, error) {
	start := s.pos
	r, err := s.unit()
	if err != nil {
		return 0, err
	}
	switch {
	case 0xdc00 <= r && r < 0xe000:
		return 0, s.failAt(start, ErrSurrogate)
	case 0xd800 <= r && r < 0xdc00:
		if s.peek() != '\\' {
			return 0, s.failAt(start, ErrSurrogate)
		}
		low, err := s.unit()
		if err != nil {
			return 0, err
		}
		if low < 0xdc00 || low >= 0xe000 {
			return 0, s.failAt(start, ErrSurrogate)
		}
		r = (r-0xd800)<<10 + (low - 0xdc00) + 0x10000
	case s.encoded && r == utf8.RuneError:
		// encoding/json replaces what is not UTF-8 in a Go string by this
		// escape, and writes U+FFFD itself as three bytes. Its successor is
		// going to differ: TestMarshalRefusals fails on the day it does.
		return 0, s.failAt(start, ErrUTF8)
	case s.document && (r < 0x20 || r == 0x7f):
		return 0, s.failAt(start, ErrControl)
	}
	return r, nil
}

// unit reads one escape sequence, which may be half a code point.
func (s *scanner) unit() (rune, error) {
	s.pos++ // the backslash
	c := s.peek()
	if c != 'u' {
		r, ok := unescape(c)
		if !ok {
			return 0, s.fail(ErrSyntax)
		}
		s.pos++
		return r, nil
	}
	s.pos++
	var r rune
	for range 4 {
		d, ok := hexDigit(s.peek())
		if !ok {
			return 0, s.fail(ErrSyntax)
		}
		r = r<<4 | d
		s.pos++
	}
	return r, nil
}

// unescape returns what a backslash and c stand for.
func unescape(c byte) (rune, bool) {
	switch c {
	case '"', '\\', '/':
		return rune(c), true
	case 'b':
		return '\b', true
	case 't':
		return '\t', true
	case 'n':
		return '\n', true
	case 'f':
		return '\f', true
	case 'r':
		return '\r', true
	}
	return 0, false
}

func hexDigit(c byte) (rune, bool) {
	switch {
	case '0' <= c && c <= '9':
		return rune(c - '0'), true
	case 'a' <= c && c <= 'f':
		return rune(c - 'a' + 10), true
	case 'A' <= c && c <= 'F':
		return rune(c - 'A' + 10), true
	}
	return 0, false
}

// appendString appends text, which is valid UTF-8, as RFC 8785 §3.2.2.2 writes
// it.
func appendString(out, text []byte) []byte {
	const hex = "0123456789abcdef"
	out = append(out, '"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c >= 0x20:
			out = append(out, c)
		case c == '\b':
			out = append(out, `\b`...)
		case c == '\t':
			out = append(out, `\t`...)
		case c == '\n':
			out = append(out, `\n`...)
		case c == '\f':
			out = append(out, `\f`...)
		case c == '\r':
			out = append(out, `\r`...)
		default:
			out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(out, '"')
}
