package report

import "errors"

var (
	// ErrRange means that a range does not end after its beginning.
	ErrRange = errors.New("empty range")

	// ErrVerdict means that a verdict on the log is none of the words.
	ErrVerdict = errors.New("unknown verdict")
)
