package sig

import (
	"fmt"
	"io"
)

// Limits bound what a parser reads: a signature file comes from strangers.
type Limits struct {
	FileSize   int64 // bytes
	Signatures int
}

// The bounds of the formats.
var (
	// DetachedLimits suit formats of which a line or a block is a signature.
	DetachedLimits = Limits{FileSize: 1 << 20, Signatures: 64}
	// EnvelopeLimits suit formats that carry their payload.
	EnvelopeLimits = Limits{FileSize: 64 << 20, Signatures: 64}
)

// MaxEmbedded bounds a message that must be in memory to be checked.
const MaxEmbedded = 64 << 20

// ReadAll reads a file within its bound. The errors are ErrTooLarge and the
// reader's.
func (l Limits) ReadAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, l.FileSize+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > l.FileSize {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, l.FileSize)
	}
	return data, nil
}

// Count refuses more signatures than one file may hold.
func (l Limits) Count(n int) error {
	if n > l.Signatures {
		return fmt.Errorf("%w: more than %d signatures", ErrTooLarge, l.Signatures)
	}
	return nil
}
