package transfer

import (
	"errors"
	"fmt"
	"io"

	"kai/internal/secret"
)

// Buffer is a growing secret. The zero Buffer is empty. It is an io.Writer, for
// programs whose output is secret.
type Buffer struct {
	held  *secret.Bytes
	bytes []byte // of held, as far as it is used
	limit int    // of Write; 0 is MaxInput
}

// NewBuffer returns an empty buffer that takes at most limit bytes by Write.
func NewBuffer(limit int) *Buffer { return &Buffer{limit: limit} }

// Grow makes room for n more bytes.
func (b *Buffer) Grow(n int) {
	if cap(b.bytes)-len(b.bytes) >= n {
		return
	}
	s := secret.New(max(2*cap(b.bytes), len(b.bytes)+n, 4096))
	bytes := s.Expose()
	bytes = bytes[:copy(bytes, b.bytes)]
	b.held.Wipe()
	b.held, b.bytes = s, bytes
}

// Append adds bytes.
func (b *Buffer) Append(p ...byte) {
	b.Grow(len(p))
	b.bytes = append(b.bytes, p...)
}

// AppendString adds a text that is no secret itself.
func (b *Buffer) AppendString(s string) {
	b.Grow(len(s))
	b.bytes = append(b.bytes, s...)
}

// Write adds p. The error is ErrLimit.
func (b *Buffer) Write(p []byte) (int, error) {
	limit := b.limit
	if limit == 0 {
		limit = MaxInput
	}
	if len(p) > limit-len(b.bytes) {
		return 0, fmt.Errorf("%w: more than %d bytes", ErrLimit, limit)
	}
	b.Append(p...)
	return len(p), nil
}

// Bytes returns the content, valid until the next change.
func (b *Buffer) Bytes() []byte { return b.bytes }

// Reset wipes the content and keeps the room.
func (b *Buffer) Reset() {
	secret.Zero(b.bytes)
	b.bytes = b.bytes[:0]
}

// Wipe ends the buffer.
func (b *Buffer) Wipe() {
	b.held.Wipe()
	b.held, b.bytes = nil, nil
}

// ReadFrom reads r to its end. The errors are ErrLimit and r's own.
func (b *Buffer) ReadFrom(r io.Reader) (int64, error) {
	limit := b.limit
	if limit == 0 {
		limit = MaxInput
	}
	start := len(b.bytes)
	for {
		b.Grow(1)
		n, err := r.Read(b.bytes[len(b.bytes):cap(b.bytes)])
		b.bytes = b.bytes[:len(b.bytes)+n]
		read := int64(len(b.bytes) - start)
		if len(b.bytes) > limit {
			return read, fmt.Errorf("%w: more than %d bytes", ErrLimit, limit)
		}
		if errors.Is(err, io.EOF) {
			return read, nil
		}
		if err != nil {
			return read, err
		}
	}
}
