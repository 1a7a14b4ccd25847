package event

import (
	"errors"
	"fmt"
)

var (
	// ErrWord means that a word names no severity, type or outcome.
	ErrWord = errors.New("unknown word")

	// ErrMalformed means that a line is not the one spelling of an event; it comes as a
	// *SyntaxError.
	ErrMalformed = errors.New("malformed event")

	// ErrCatalogue means that an event is not one that may be recorded: an act, outcome, type or
	// member that the catalogue does not have, or a value of another class.
	ErrCatalogue = errors.New("not in the catalogue of events")

	// ErrTooLarge means that a line would be longer than MaxLine.
	ErrTooLarge = errors.New("event too large")
)

// SyntaxError says where a line stops being one. It is an ErrMalformed.
type SyntaxError struct {
	Offset int // in bytes
	Reason string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("malformed event: byte %d: %s", e.Offset, e.Reason)
}

// Is makes every SyntaxError an ErrMalformed.
func (e *SyntaxError) Is(target error) bool { return target == ErrMalformed }
