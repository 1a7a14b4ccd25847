package export

import "errors"

var (
	// ErrFormat means that a word is none of Formats.
	ErrFormat = errors.New("unknown format of export")

	// ErrLogID means that the id of the log is not a ULID.
	ErrLogID = errors.New("not the id of a log")
)
