package krl

import (
	"encoding/binary"
	"fmt"

	"kai/internal/key/sshwire"
)

// reader reads the data types of RFC 4251 §5. The first fault stays in err,
// and everything read after it is zero.
type reader struct {
	data []byte
	pos  int
	base int // where data begins in the file
	err  error
}

func (r *reader) more() bool { return r.err == nil && r.pos < len(r.data) }

func (r *reader) fail(sentinel error, reason string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: byte %d: %s", sentinel, r.base+r.pos, reason)
	}
}

func (r *reader) take(n int) []byte {
	if r.err == nil && len(r.data)-r.pos < n {
		r.fail(ErrMalformed, "cut short")
	}
	if r.err != nil {
		return make([]byte, n)
	}
	r.pos += n
	return r.data[r.pos-n : r.pos]
}

func (r *reader) byte() byte     { return r.take(1)[0] }
func (r *reader) uint32() uint32 { return binary.BigEndian.Uint32(r.take(4)) }
func (r *reader) uint64() uint64 { return binary.BigEndian.Uint64(r.take(8)) }

func (r *reader) string() []byte {
	s, rest, ok := sshwire.CutString(r.data[r.pos:])
	if r.err != nil || !ok {
		r.fail(ErrMalformed, "string longer than what is left")
		return nil
	}
	r.pos = len(r.data) - len(rest)
	return s
}

// sized is a string of one possible length.
func (r *reader) sized(n int) []byte {
	if s := r.string(); len(s) == n {
		return s
	}
	r.fail(ErrMalformed, "hash of wrong length")
	return make([]byte, n)
}

// nested returns a reader of the next string.
func (r *reader) nested() *reader {
	s := r.string()
	return &reader{data: s, base: r.base + r.pos - len(s), err: r.err}
}

// adopt takes over the fault of a nested reader.
func (r *reader) adopt(inner *reader) {
	if r.err == nil {
		r.err = inner.err
	}
}
