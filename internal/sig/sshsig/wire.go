package sshsig

import (
	"math/big"

	"kai/internal/key/sshwire"
)

// flaw is a syntax error at an offset of the decoded block.
type flaw struct {
	at     int
	reason string
}

func (f *flaw) Error() string { return f.reason }

// cursor reads the data types of RFC 4251 §5. base is where data begins in the
// decoded block, so that flaws point into that.
type cursor struct {
	data []byte
	pos  int
	base int
}

func (c *cursor) flaw(reason string) error { return &flaw{c.base + c.pos, reason} }

func (c *cursor) magic(want string) error {
	if len(c.data)-c.pos < len(want) || string(c.data[c.pos:c.pos+len(want)]) != want {
		return c.flaw("does not begin with " + want)
	}
	c.pos += len(want)
	return nil
}

func (c *cursor) uint32(what string) (uint32, error) {
	n, _, ok := sshwire.CutUint32(c.data[c.pos:])
	if !ok {
		return 0, c.flaw(what + ": cut short")
	}
	c.pos += 4
	return n, nil
}

func (c *cursor) byte(what string) (byte, error) {
	if len(c.data) == c.pos {
		return 0, c.flaw(what + ": cut short")
	}
	c.pos++
	return c.data[c.pos-1], nil
}

func (c *cursor) string(what string) ([]byte, error) {
	s, rest, ok := sshwire.CutString(c.data[c.pos:])
	if !ok {
		return nil, c.flaw(what + ": longer than what is left")
	}
	c.pos = len(c.data) - len(rest)
	return s, nil
}

// nested returns a cursor over the next string.
func (c *cursor) nested(what string) (*cursor, error) {
	s, err := c.string(what)
	if err != nil {
		return nil, err
	}
	return &cursor{data: s, base: c.base + c.pos - len(s)}, nil
}

// sized is a string of one possible length.
func (c *cursor) sized(what string, size int) ([]byte, error) {
	at := c.pos
	s, err := c.string(what)
	if err != nil {
		return nil, err
	}
	if len(s) != size {
		c.pos = at
		return nil, c.flaw(what + ": wrong length")
	}
	return s, nil
}

// number is a positive mpint in its shortest form.
func (c *cursor) number(what string) (*big.Int, error) {
	n, rest, ok := sshwire.CutMPInt(c.data[c.pos:])
	if !ok {
		return nil, c.flaw(what + ": not a positive number in its shortest form")
	}
	c.pos = len(c.data) - len(rest)
	return n, nil
}

func (c *cursor) end(what string) error {
	if c.pos != len(c.data) {
		return c.flaw("bytes after " + what)
	}
	return nil
}
