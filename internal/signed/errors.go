package signed

import (
	"errors"
	"fmt"

	"kai/internal/canon"
	"kai/internal/sig"
)

var (
	// ErrMalformed: bytes that are no envelope, or an object that is not
	// canonical. Nothing was checked. It is a sig.ErrMalformed too.
	ErrMalformed error = &kind{"malformed", sig.ErrMalformed}
	// ErrTooLarge: a bound was exceeded. It is sig.ErrTooLarge.
	ErrTooLarge = sig.ErrTooLarge
	// ErrNewer: a type, version or member that is not known here. It is a
	// sig.ErrUnsupported too.
	ErrNewer error = &kind{"made by a newer kai", sig.ErrUnsupported}
	// ErrSignature: a signature that its key has not made.
	ErrSignature = errors.New("signature does not verify")
	// ErrForeignKey: a signature by a key that is none of those that may sign.
	ErrForeignKey = errors.New("signature by a key that may not sign")
)

// kind is a sentinel with words of its own that means what another one means.
type kind struct {
	text string
	of   error
}

func (k *kind) Error() string { return k.text }

func (k *kind) Is(target error) bool { return target == k.of }

// Malformed makes an error of package canon one about the thing that was read:
// ErrNewer for an unknown member and ErrMalformed for everything else.
func Malformed(what string, err error) error {
	if errors.Is(err, canon.ErrUnknown) {
		return fmt.Errorf("%s: %w: %w", what, ErrNewer, err)
	}
	return fmt.Errorf("%s: %w: %w", what, ErrMalformed, err)
}
