package scan

import (
	"bytes"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON reads one value. Objects and arrays are read by functions that are called for
// each member and element, and that must read the value they stand at.
type JSON struct {
	data  []byte
	pos   int
	line  int
	depth int
	names []Span // of the members so far, of all objects now open
}

// NewJSON scans data, which it changes.
func NewJSON(data []byte) *JSON { return &JSON{data: data, line: 1} }

// NewJSONLine scans data from start on. It is for one value among others: spans are of
// data, and errors begin to count at line.
func NewJSONLine(data []byte, start, line int) *JSON {
	return &JSON{data: data, pos: start, line: line}
}

// Line is the current line, from 1.
func (s *JSON) Line() int { return s.line }

func (s *JSON) fail(reason string) error { return &Error{Line: s.line, Reason: reason} }

// Fail returns an error about the current line.
func (s *JSON) Fail(reason string) error { return s.fail(reason) }

func (s *JSON) space() {
	for ; s.pos < len(s.data); s.pos++ {
		switch s.data[s.pos] {
		case '\n':
			s.line++
		case ' ', '\t', '\r':
		default:
			return
		}
	}
}

// Kind tells what stands next: '{', '[', '"', 'n' null, 't' true, 'f' false, '0' a
// number, and 0 for the end and for what begins no value.
func (s *JSON) Kind() byte {
	s.space()
	if s.pos == len(s.data) {
		return 0
	}
	switch c := s.data[s.pos]; {
	case c == '{', c == '[', c == '"', c == 'n', c == 't', c == 'f':
		return c
	case c == '-', '0' <= c && c <= '9':
		return '0'
	}
	return 0
}

// at consumes c.
func (s *JSON) at(c byte) bool {
	s.space()
	if s.pos < len(s.data) && s.data[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

// End reports anything but white space after the value.
func (s *JSON) End() error {
	if s.space(); s.pos < len(s.data) {
		return s.fail("data after the value")
	}
	return nil
}

func (s *JSON) down() error {
	if s.depth == MaxDepth {
		return s.fail("nesting too deep")
	}
	s.depth++
	return nil
}

// Object reads an object and calls member for each member, with its name, which stays
// valid as long as the data.
func (s *JSON) Object(member func(name []byte) error) error {
	if !s.at('{') {
		return s.fail("no object where one belongs")
	}
	if err := s.down(); err != nil {
		return err
	}
	first := len(s.names)
	for more := !s.at('}'); more; {
		name, err := s.text(true)
		if err != nil {
			return err
		}
		s.names = append(s.names, name)
		if !s.at(':') {
			return s.fail("no colon after a member's name")
		}
		if err := member(name.Of(s.data)); err != nil {
			return err
		}
		if more = s.at(','); !more && !s.at('}') {
			return s.fail("neither comma nor brace after a member")
		}
	}
	if err := s.unique(s.names[first:]); err != nil {
		return err
	}
	s.names = s.names[:first]
	s.depth--
	return nil
}

// unique reports two equal names. It sorts them.
func (s *JSON) unique(names []Span) error {
	slices.SortFunc(names, func(a, b Span) int { return bytes.Compare(a.Of(s.data), b.Of(s.data)) })
	for i := 1; i < len(names); i++ {
		if bytes.Equal(names[i-1].Of(s.data), names[i].Of(s.data)) {
			return s.fail("two members of one name in the object that ends here")
		}
	}
	return nil
}

// Array reads an array and calls element for each element.
func (s *JSON) Array(element func() error) error {
	if !s.at('[') {
		return s.fail("no array where one belongs")
	}
	if err := s.down(); err != nil {
		return err
	}
	for more := !s.at(']'); more; {
		if err := element(); err != nil {
			return err
		}
		if more = s.at(','); !more && !s.at(']') {
			return s.fail("neither comma nor bracket after an element")
		}
	}
	s.depth--
	return nil
}

// Text reads a string and decodes it in place.
func (s *JSON) Text() (Span, error) {
	s.space()
	return s.text(true)
}

// text reads a string. Without decode the data stay as they are and the span is that
// of the spelling.
func (s *JSON) text(decode bool) (Span, error) {
	if !s.at('"') {
		return Span{}, s.fail("no string where one belongs")
	}
	start, to := s.pos, s.pos
	for s.pos < len(s.data) {
		c := s.data[s.pos]
		var decoded [utf8.UTFMax]byte
		n := 1
		switch {
		case c == '"':
			s.pos++
			if !decode {
				to = s.pos - 1
			}
			return Span{start, to}, nil
		case c < ' ':
			return Span{}, s.fail("control character in a string")
		case c == '\\':
			r, err := s.escape()
			if err != nil {
				return Span{}, err
			}
			n = utf8.EncodeRune(decoded[:], r)
		case c < utf8.RuneSelf:
			if s.pos++; decode {
				s.data[to] = c
				to++
			}
			continue
		default:
			r, size := utf8.DecodeRune(s.data[s.pos:])
			if r == utf8.RuneError && size == 1 {
				return Span{}, s.fail("invalid UTF-8")
			}
			n = copy(decoded[:], s.data[s.pos:s.pos+size])
			s.pos += size
		}
		if decode {
			to += copy(s.data[to:], decoded[:n])
		}
	}
	return Span{}, s.fail("string without an end")
}

// escape reads an escape sequence.
func (s *JSON) escape() (rune, error) {
	if s.pos+1 >= len(s.data) {
		return 0, s.fail("string without an end")
	}
	c := s.data[s.pos+1]
	s.pos += 2
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
	default:
		return 0, s.fail("unknown escape in a string")
	}
	r, err := s.hex4()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	if s.pos+1 < len(s.data) && s.data[s.pos] == '\\' && s.data[s.pos+1] == 'u' {
		s.pos += 2
		low, err := s.hex4()
		if err != nil {
			return 0, err
		}
		if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
			return r, nil
		}
	}
	return 0, s.fail("lone surrogate in a string")
}

func (s *JSON) hex4() (rune, error) {
	if len(s.data)-s.pos < 4 {
		return 0, s.fail("string without an end")
	}
	var r rune
	for _, c := range s.data[s.pos : s.pos+4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, s.fail("escape without four hexadecimal digits")
		}
		r = r<<4 | rune(c)
	}
	s.pos += 4
	return r, nil
}

// Literal reads a number, true, false or null and returns its spelling.
func (s *JSON) Literal() (Span, error) {
	kind := s.Kind()
	start := s.pos
	switch kind {
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	case '0':
		n := numberLen(s.data[s.pos:])
		if n == 0 {
			return Span{}, s.fail("malformed number")
		}
		s.pos += n
		return Span{start, s.pos}, nil
	}
	return Span{}, s.fail("neither number, true, false nor null where one belongs")
}

func (s *JSON) word(word string) (Span, error) {
	if !bytes.HasPrefix(s.data[s.pos:], []byte(word)) {
		return Span{}, s.fail("unknown word")
	}
	s.pos += len(word)
	return Span{s.pos - len(word), s.pos}, nil
}

// numberLen is how long the number at the beginning of b is, 0 if there is none.
func numberLen(b []byte) int {
	i := 0
	digits := func() bool {
		start := i
		for i < len(b) && '0' <= b[i] && b[i] <= '9' {
			i++
		}
		return i > start
	}
	if i < len(b) && b[i] == '-' {
		i++
	}
	switch {
	case i < len(b) && b[i] == '0':
		i++
	case !digits():
		return 0
	}
	if i < len(b) && b[i] == '.' {
		if i++; !digits() {
			return 0
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return 0
		}
	}
	return i
}

// Skip reads any value and leaves its bytes as they are.
func (s *JSON) Skip() error {
	switch s.Kind() {
	case '{':
		return s.skipObject()
	case '[':
		return s.Array(s.Skip)
	case '"':
		_, err := s.text(false)
		return err
	}
	_, err := s.Literal()
	return err
}

// skipObject is Object without decoding. Names are compared by their spelling only, so
// this alone does not prove that they differ.
func (s *JSON) skipObject() error {
	s.at('{')
	if err := s.down(); err != nil {
		return err
	}
	for more := !s.at('}'); more; {
		if _, err := s.text(false); err != nil {
			return err
		}
		if !s.at(':') {
			return s.fail("no colon after a member's name")
		}
		if err := s.Skip(); err != nil {
			return err
		}
		if more = s.at(','); !more && !s.at('}') {
			return s.fail("neither comma nor brace after a member")
		}
	}
	s.depth--
	return nil
}

// A Mark is a place to which a scanner can return.
type Mark struct{ pos, line int }

// Mark returns the current place.
func (s *JSON) Mark() Mark {
	s.space()
	return Mark{s.pos, s.line}
}

// Return goes back to a place that was passed by Skip only.
func (s *JSON) Return(m Mark) { s.pos, s.line = m.pos, m.line }
