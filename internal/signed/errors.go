package signed

import (
	"errors"
	"fmt"

	"kai/internal/canon"
	"kai/internal/sig"
)

var (
	// ErrMalformed: bytes that are no envelope, or an object that is not
	// canonical. Nothing was checked. It is sig.ErrMalformed.
	ErrMalformed = sig.ErrMalformed
	// ErrTooLarge: a bound was exceeded. It is sig.ErrTooLarge.
	ErrTooLarge = sig.ErrTooLarge
	// ErrNewer: a type, version or member that is not known here.
	ErrNewer = fmt.Errorf("made by a newer kai: %w", sig.ErrUnsupported)
	// ErrSignature: a signature that its key has not made.
	ErrSignature = errors.New("signature does not verify")
	// ErrForeignKey: a signature by a key that is none of those that may sign.
	ErrForeignKey = errors.New("signature by a key that may not sign")
)

// Malformed makes an error of package canon one about the thing that was read:
// ErrNewer for an unknown member and ErrMalformed for everything else.
func Malformed(what string, err error) error {
	if errors.Is(err, canon.ErrUnknown) {
		return fmt.Errorf("%s: %w: %w", what, ErrNewer, err)
	}
	return fmt.Errorf("%s: %w: %w", what, ErrMalformed, err)
}
