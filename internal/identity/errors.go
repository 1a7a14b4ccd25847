package identity

import (
	"errors"
	"fmt"

	"kai/internal/sig"
	"kai/internal/signed"
)

var (
	// ErrMalformed: bytes that are no document, event or statement. Nothing was
	// checked. It is signed.ErrMalformed.
	ErrMalformed = signed.ErrMalformed
	// ErrTooLarge: a bound of limits.go was exceeded. It is sig.ErrTooLarge.
	ErrTooLarge = sig.ErrTooLarge
	// ErrNewer: an event, member or version that is not known here. It is
	// signed.ErrNewer.
	ErrNewer = signed.ErrNewer
	// ErrSignature and ErrForeignKey are those of package signed: a signature that
	// fails, and one by a key that has no say in the event.
	ErrSignature  = signed.ErrSignature
	ErrForeignKey = signed.ErrForeignKey
	// ErrChain: events that do not follow each other: number, previous digest or
	// time.
	ErrChain = errors.New("event chain is broken")
	// ErrThreshold: fewer good signatures than the keys in force ask for.
	ErrThreshold = errors.New("too few signatures")
	// ErrCommitment: a new signing key that the event before has not committed to.
	ErrCommitment = errors.New("key was not committed to")
	// ErrReused: a key or commitment that has been in use before.
	ErrReused = errors.New("key has been used before")
	// ErrFixed: a rotation of an identity that has committed to no next keys.
	ErrFixed = errors.New("identity can never rotate")
	// ErrRevoked: an event after the revocation.
	ErrRevoked = errors.New("identity is revoked")
	// ErrNotInForce: signatures that are good, by keys that did not speak for the
	// identity at that time.
	ErrNotInForce = errors.New("keys were not in force")
	// ErrOtherIdentity: a document or statement of another identity than the one
	// it is put to.
	ErrOtherIdentity = errors.New("another identity")
	// ErrDuplicity: an identity that has said two things at one place of its
	// chain. It is what every *DuplicityError is.
	ErrDuplicity = errors.New("identity has two histories")
)

// DuplicityError is the evidence that an identity has two histories.
type DuplicityError struct {
	ID   ID
	Seq  int              // of the first event that differs
	A, B *signed.Envelope // both verified in their chains
}

// Error names the identity and the event.
func (e *DuplicityError) Error() string {
	return fmt.Sprintf("%s: event %d: %v", e.ID, e.Seq, ErrDuplicity)
}

// Is makes every DuplicityError an ErrDuplicity.
func (e *DuplicityError) Is(target error) bool { return target == ErrDuplicity }

// malformed is an ErrMalformed with its reason.
func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// atEvent says which event an error is about.
func atEvent(seq int, err error) error { return fmt.Errorf("event %d: %w", seq, err) }

// tooLarge is an ErrTooLarge about a number of things or bytes.
func tooLarge(what string, got, most int) error {
	return fmt.Errorf("%s: %w: %d, at most %d", what, ErrTooLarge, got, most)
}

// broken is an ErrChain with its reason.
func broken(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrChain, fmt.Sprintf(format, args...))
}

// tooFew is an ErrThreshold with its numbers.
func tooFew(v *signed.Verified, q Quorum) error {
	return fmt.Errorf("%w: %d of the %d needed", ErrThreshold, v.Count(q.Keys), q.Threshold)
}
