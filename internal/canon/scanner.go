package canon

import (
	"bytes"
	"slices"
)

// rules say how much a scanner refuses.
type rules struct {
	maxDepth int
	document bool // kai's own: no null, fractions, large integers or controls
	encoded  bool // input is from encoding/json, see scanner.escape
}

// scanner reads one JSON value and writes its canonical form as it goes.
type scanner struct {
	rules
	data []byte
	pos  int
	out  []byte

	depth   int
	members []member // of all objects now open, innermost last
	scratch []byte   // an object's body while it is being sorted
	text    []byte   // a string value while it is being unescaped
}

// member is one name and value of an object whose body is being written.
type member struct {
	name       []byte // unescaped
	offset     int    // of the name in data
	start, end int    // of `"name":value` in out
}

// canonical returns the canonical form of data.
func canonical(data []byte, r rules) ([]byte, error) {
	s := scanner{rules: r, data: data, out: make([]byte, 0, len(data))}
	s.space()
	if err := s.value(); err != nil {
		return nil, err
	}
	s.space()
	if s.pos < len(data) {
		return nil, s.fail(ErrTrailing)
	}
	return s.out, nil
}

// fail returns an error about the byte at the current position.
func (s *scanner) fail(kind error) error { return s.failAt(s.pos, kind) }

func (s *scanner) failAt(offset int, kind error) error {
	if offset >= len(s.data) && kind == ErrSyntax {
		kind = ErrEnd
	}
	return &Error{Offset: offset, Kind: kind}
}

// peek returns the byte at the current position, or 0, which starts no token,
// at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

// space skips the white space of RFC 8259 §2.
func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

func (s *scanner) value() error {
	switch c := s.peek(); {
	case c == '{':
		return s.object()
	case c == '[':
		return s.array()
	case c == '"':
		_, err := s.str(false)
		return err
	case c == '-' || '0' <= c && c <= '9':
		return s.number()
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		if s.document {
			return s.fail(ErrNull)
		}
		return s.literal("null")
	}
	return s.fail(ErrSyntax)
}

func (s *scanner) literal(word string) error {
	for i := range len(word) {
		if s.peek() != word[i] {
			return s.fail(ErrSyntax)
		}
		s.pos++
	}
	s.out = append(s.out, word...)
	return nil
}

// open enters an array or object at its first byte.
func (s *scanner) open() error {
	if s.depth == s.maxDepth {
		return s.fail(ErrDepth)
	}
	s.depth++
	s.copyByte()
	s.space()
	return nil
}

// close leaves an array or object at its last byte.
func (s *scanner) close() {
	s.depth--
	s.copyByte()
}

func (s *scanner) copyByte() {
	s.out = append(s.out, s.data[s.pos])
	s.pos++
}

// next is called after an element. It reports whether another one follows the
// comma; otherwise the current position is at end.
func (s *scanner) next(end byte) (bool, error) {
	s.space()
	switch s.peek() {
	case end:
		return false, nil
	case ',':
		s.copyByte()
		s.space()
		return true, nil
	}
	return false, s.fail(ErrSyntax)
}

func (s *scanner) array() error {
	if err := s.open(); err != nil {
		return err
	}
	for more := s.peek() != ']'; more; {
		err := s.value()
		if err != nil {
			return err
		}
		if more, err = s.next(']'); err != nil {
			return err
		}
	}
	s.close()
	return nil
}

func (s *scanner) object() error {
	if err := s.open(); err != nil {
		return err
	}
	first, body := len(s.members), len(s.out)
	for more := s.peek() != '}'; more; {
		m := member{offset: s.pos, start: len(s.out)}
		err := s.member(&m)
		if err != nil {
			return err
		}
		s.members = append(s.members, m)
		if more, err = s.next('}'); err != nil {
			return err
		}
	}
	if err := s.sort(s.members[first:], body); err != nil {
		return err
	}
	s.members = s.members[:first]
	s.close()
	return nil
}

// member reads one name and value.
func (s *scanner) member(m *member) error {
	if s.peek() != '"' {
		return s.fail(ErrSyntax)
	}
	var err error
	if m.name, err = s.str(true); err != nil {
		return err
	}
	s.space()
	if s.peek() != ':' {
		return s.fail(ErrSyntax)
	}
	s.copyByte()
	s.space()
	if err := s.value(); err != nil {
		return err
	}
	m.end = len(s.out)
	return nil
}

// sort puts the members, which are all of out from body on, into canonical
// order.
func (s *scanner) sort(members []member, body int) error {
	ascending := true
	for i := 1; i < len(members) && ascending; i++ {
		ascending = compareUTF16(members[i-1].name, members[i].name) < 0
	}
	if ascending {
		return nil
	}
	slices.SortStableFunc(members, func(a, b member) int { return compareUTF16(a.name, b.name) })
	for i := 1; i < len(members); i++ {
		if bytes.Equal(members[i-1].name, members[i].name) {
			return s.failAt(members[i].offset, ErrDuplicate)
		}
	}
	s.scratch = append(s.scratch[:0], s.out[body:]...)
	s.out = s.out[:body]
	for i, m := range members {
		if i > 0 {
			s.out = append(s.out, ',')
		}
		s.out = append(s.out, s.scratch[m.start-body:m.end-body]...)
	}
	return nil
}

// compareUTF16 compares two strings of valid UTF-8 as if they were UTF-16.
//
// The order is that of the bytes with one exception. Code points from U+10000
// are surrogates in UTF-16, D800 to DFFF, which sort before U+E000 to U+FFFF. In
// UTF-8 the former begin with a byte from F0, the latter with EE or EF.
func compareUTF16(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		if x >= 0xee && y >= 0xee && (x >= 0xf0) != (y >= 0xf0) {
			return int(y) - int(x)
		}
		return int(x) - int(y)
	}
	return len(a) - len(b)
}
