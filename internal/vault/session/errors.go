package session

import (
	"errors"
	"strings"
)

var (
	// ErrLocked means that there is no session: none began, or it is over.
	ErrLocked = errors.New("vault is locked")

	// ErrNone means that a carrier has no session of the vault.
	ErrNone = errors.New("no session")

	// ErrExpired means that a session was over its time. It is ErrLocked too.
	ErrExpired error = kind{"session expired", ErrLocked}

	// ErrClock means that the clock was set back behind the beginning or last use of a session.
	// It is ErrLocked too.
	ErrClock error = kind{"clock was set back", ErrLocked}

	// ErrUnavailable means that a carrier does not work here at all.
	ErrUnavailable = errors.New("not available here")

	// ErrNoUser means that the user key is not open: the session has none, or the last factor was
	// given more than UserLife ago.
	ErrNoUser = errors.New("user key is locked")

	// ErrTampered means that a blob is not what was written for its session.
	ErrTampered = errors.New("tampered with")

	// ErrNewer means a blob, proven whole, with fields that are not known.
	ErrNewer = errors.New("made by a newer kai")

	// ErrMalformed means a text that is no S.
	ErrMalformed = errors.New("not a session key (kaisess1…)")

	// ErrLimits means an idle time or life that is zero or above its limit.
	ErrLimits = errors.New("idle time or life outside of its limits")
)

// kind is an error that is another one too.
type kind struct {
	text string
	is   error
}

func (k kind) Error() string        { return k.text }
func (k kind) Is(target error) bool { return target == k.is }

// LockedError is ErrLocked, with what each carrier said.
type LockedError struct{ Carriers []error }

func (e *LockedError) Error() string {
	said := make([]string, len(e.Carriers))
	for i, err := range e.Carriers {
		said[i] = err.Error()
	}
	if len(said) == 0 {
		said = []string{"nothing was asked"}
	}
	return ErrLocked.Error() + ": " + strings.Join(said, "; ")
}

// Is reports that it is ErrLocked.
func (e *LockedError) Is(target error) bool { return target == ErrLocked }

func (e *LockedError) Unwrap() []error { return e.Carriers }
