package transfer

import (
	"errors"
	"fmt"
)

var (
	// ErrMalformed: the source is not of its format. It is what every *SyntaxError is.
	ErrMalformed = errors.New("malformed")

	// ErrEncrypted: the source is encrypted in a way that no reader here opens. The text
	// says what to export instead.
	ErrEncrypted = errors.New("encrypted export")

	// ErrNoKey: none of the identities opens the source, or a program that was asked to
	// decrypt failed.
	ErrNoKey = errors.New("no key opens it")

	// ErrTampered: the source is not what its writer authenticated.
	ErrTampered = errors.New("not what was written")

	// ErrPath: a path that cannot be made legal, or that appears twice.
	ErrPath = errors.New("bad path")

	// ErrLimit: more or longer than this package takes.
	ErrLimit = errors.New("above a limit")

	// ErrNotRegular: a link, device or the like where a file or directory belongs.
	ErrNotRegular = errors.New("not a regular file")

	// ErrNotText: a value that the format of an export cannot hold.
	ErrNotText = errors.New("value cannot be written in this format")
)

// SyntaxError says where a source is malformed.
type SyntaxError struct {
	Name   string // of the file
	Line   int    // from 1; 0 if it is not known
	Reason string // without bytes of values
	Kind   error  // ErrMalformed if nil
}

func (e *SyntaxError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%q: %s", e.Name, e.Reason)
	}
	return fmt.Sprintf("%q line %d: %s", e.Name, e.Line, e.Reason)
}

// Unwrap returns the kind.
func (e *SyntaxError) Unwrap() error {
	if e.Kind == nil {
		return ErrMalformed
	}
	return e.Kind
}
