package digest

import (
	"errors"
	"fmt"
)

var (
	// ErrAlgorithm means that a name or tag is not in the table.
	ErrAlgorithm = errors.New("unknown hash algorithm")

	// ErrChanged means that a file was not the same at the end of hashing as at
	// the start, or that its length is not what the system said.
	ErrChanged = errors.New("changed while being read")

	// ErrLine is what every *LineError is.
	ErrLine = errors.New("improper checksum line")
)

// LineError is one line of a list that is not understood. Its text holds no
// bytes of the line.
type LineError struct {
	Line   int // from 1
	Reason string
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// Is makes every LineError an ErrLine.
func (e *LineError) Is(target error) bool { return target == ErrLine }

// reason is why a line is refused, before it has a number.
type reason string

func (r reason) Error() string { return string(r) }

func (reason) Is(target error) bool { return target == ErrLine }
