package intoto

import "errors"

var (
	// ErrInput: what the caller wants stated cannot be: a subject that is named
	// twice, a digest of the wrong length, an identifier that is no URI.
	ErrInput = errors.New("bad statement")
	// ErrPredicate: a predicate that is not JSON in one meaning, or lacks what
	// its type requires.
	ErrPredicate = errors.New("bad predicate")
)
