package sshsig

import (
	"encoding/binary"
	"math/big"
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
	if len(c.data)-c.pos < 4 {
		return 0, c.flaw(what + ": cut short")
	}
	n := binary.BigEndian.Uint32(c.data[c.pos:])
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
	at := c.pos
	n, err := c.uint32(what)
	if err != nil {
		return nil, err
	}
	if uint64(n) > uint64(len(c.data)-c.pos) {
		c.pos = at
		return nil, c.flaw(what + ": longer than what is left")
	}
	c.pos += int(n)
	return c.data[c.pos-int(n) : c.pos], nil
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

// natural is an mpint that is not negative and in its shortest form.
func (c *cursor) natural(what string) (*big.Int, error) {
	at := c.pos
	s, err := c.string(what)
	if err != nil {
		return nil, err
	}
	negative := len(s) > 0 && s[0]&0x80 != 0
	padded := len(s) > 0 && s[0] == 0 && (len(s) == 1 || s[1]&0x80 == 0)
	if negative || padded {
		c.pos = at
		return nil, c.flaw(what + ": not a natural number in its shortest form")
	}
	return new(big.Int).SetBytes(s), nil
}

func (c *cursor) end(what string) error {
	if c.pos != len(c.data) {
		return c.flaw("bytes after " + what)
	}
	return nil
}

func appendString[T string | []byte](b []byte, s T) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
	return append(b, s...)
}

func appendNatural(b []byte, n *big.Int) []byte {
	raw := n.Bytes()
	if len(raw) > 0 && raw[0]&0x80 != 0 {
		raw = append([]byte{0}, raw...)
	}
	return appendString(b, raw)
}
