package threshold

import (
	"errors"
	"fmt"
)

var (
	// ErrMalformed: bytes or text that are no share.
	ErrMalformed = errors.New("malformed share")
	// ErrNewer: a share of a version this package does not know.
	ErrNewer = errors.New("made by a newer kai")
	// ErrAltered: a share whose checksum, tag or digest does not fit it.
	ErrAltered = errors.New("altered")
	// ErrMixed: a share of another set than the others.
	ErrMixed = errors.New("belongs to another set")
	// ErrDuplicate: a share that was there already.
	ErrDuplicate = errors.New("given twice")
	// ErrMissing is what a MissingError is.
	ErrMissing = errors.New("too few shares")
	// ErrContradiction: more than k shares, each intact for itself, of which one must have been
	// made up.
	ErrContradiction = errors.New("shares contradict each other: one of them was altered")
	// ErrLimits: a k or n that is not offered.
	ErrLimits = errors.New("outside the limits of sharing")
)

// ShareError names the share that an error is about.
type ShareError struct {
	Index int   // from 1
	Err   error // ErrAltered, ErrMixed or ErrDuplicate
}

func (e *ShareError) Error() string { return fmt.Sprintf("share %d: %v", e.Index, e.Err) }

// Unwrap returns the kind.
func (e *ShareError) Unwrap() error { return e.Err }

// MissingError says how many shares there were.
type MissingError struct{ Have, Need int }

func (e *MissingError) Error() string {
	return fmt.Sprintf("%v: %d of %d", ErrMissing, e.Have, e.Need)
}

// Is makes it an ErrMissing.
func (e *MissingError) Is(target error) bool { return target == ErrMissing }
