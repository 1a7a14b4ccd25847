package store

import (
	"errors"
	"fmt"

	"kai/internal/sig"
	"kai/internal/signed"
)

var (
	// ErrMalformed: bytes that are no trust store. It is signed.ErrMalformed.
	ErrMalformed = signed.ErrMalformed
	// ErrTooLarge: a bound of limits.go was exceeded. It is sig.ErrTooLarge.
	ErrTooLarge = sig.ErrTooLarge
	// ErrNewer: a section, member or version that is not known here. It is
	// signed.ErrNewer.
	ErrNewer = signed.ErrNewer
	// ErrTampered: a head that its owner has not signed, or entries that are not
	// those it covers.
	ErrTampered = errors.New("tampered with")
	// ErrRollback: an older head than was seen, or another one of the same number.
	ErrRollback = errors.New("trust store: older than what was seen here")
	// ErrExists: a name that another identity has.
	ErrExists = errors.New("exists already")
	// ErrNotFound: an identity that the store does not have.
	ErrNotFound = errors.New("no such identity")
)

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...)
}

func tampered(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrTampered}, args...)...)
}
