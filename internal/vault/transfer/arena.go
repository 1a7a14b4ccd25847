package transfer

import (
	"fmt"
	"math"

	"kai/internal/secret"
	"kai/internal/vault/transfer/scan"
)

// Arena holds the values of one Store in few secret buffers. It is not for several
// goroutines at a time until it is complete.
type Arena struct {
	parts []*secret.Bytes
	views [][]byte // of parts; nil after Wipe
	room  int      // left at the end of the last part
	next  int      // size of the last part for copies
}

// Adopt makes a buffer part of the arena, which wipes it in the end, and returns its
// number.
func (a *Arena) Adopt(s *secret.Bytes) int {
	a.parts, a.views, a.room = append(a.parts, s), append(a.views, s.Expose()), 0
	return len(a.parts) - 1
}

// At returns what lies in a part. It panics when the span is outside of it.
func (a *Arena) At(part int, span scan.Span) Value {
	_ = span.Of(a.views[part])
	return a.value(part, span.Start, span.Len())
}

// Copy copies b into the arena. b stays the caller's to wipe.
func (a *Arena) Copy(b []byte) Value {
	v := a.Make(len(b))
	copy(v.Expose(), b)
	return v
}

// Make returns a value of n zero bytes, to be filled through Expose.
func (a *Arena) Make(n int) Value {
	if n == 0 {
		return Value{}
	}
	if n > a.room {
		a.next = min(max(2*a.next, firstCopied), copied)
		a.Adopt(secret.New(max(n, a.next)))
		a.room = a.parts[len(a.parts)-1].Len()
	}
	part := len(a.parts) - 1
	offset := len(a.views[part]) - a.room
	a.room -= n
	return a.value(part, offset, n)
}

func (a *Arena) value(part, offset, n int) Value {
	if n == 0 {
		return Value{}
	}
	if part > math.MaxUint32 || offset > math.MaxUint32 || n > math.MaxUint32 {
		panic("transfer: buffer too large for an arena")
	}
	return Value{arena: a, part: uint32(part), offset: uint32(offset), size: uint32(n)}
}

// Wipe overwrites all buffers. It may be called any number of times, and on nil.
func (a *Arena) Wipe() {
	if a == nil {
		return
	}
	for _, s := range a.parts {
		s.Wipe()
	}
	a.parts, a.views, a.room = nil, nil, 0
}

// Value is a secret in an Arena. The zero Value is empty. Printing one prints "secret",
// and every encoder fails with secret.ErrMarshal.
type Value struct {
	arena              *Arena
	part, offset, size uint32
}

// Expose returns the bytes themselves. They are valid until the Store is wiped; after
// that, Expose panics.
func (v Value) Expose() []byte {
	if v.size == 0 {
		return nil
	}
	if int(v.part) >= len(v.arena.views) {
		panic("transfer: use of a value after wipe")
	}
	return scan.Span{Start: int(v.offset), End: int(v.offset) + int(v.size)}.Of(v.arena.views[v.part])
}

// Len is the number of bytes.
func (v Value) Len() int { return int(v.size) }

// Format writes "secret" for every verb, flag and width.
func (v Value) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("secret")) }

// MarshalText returns secret.ErrMarshal; encoders of JSON, YAML and XML ask for it.
func (v Value) MarshalText() ([]byte, error) { return nil, secret.ErrMarshal }

// MarshalBinary returns secret.ErrMarshal; gob asks for it.
func (v Value) MarshalBinary() ([]byte, error) { return nil, secret.ErrMarshal }

// UnmarshalText returns secret.ErrMarshal.
func (v *Value) UnmarshalText([]byte) error { return secret.ErrMarshal }

// UnmarshalBinary returns secret.ErrMarshal.
func (v *Value) UnmarshalBinary([]byte) error { return secret.ErrMarshal }
