package note

import "errors"

var (
	// ErrText: a text that no note can hold: not UTF-8, with control
	// characters, without a last LF, or too long.
	ErrText = errors.New("text does not fit a note")
	// ErrName: a name that no note can hold: empty, long, or with spaces,
	// control characters or a plus sign.
	ErrName = errors.New("bad note name")
)
