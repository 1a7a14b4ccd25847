package replica

import "errors"

var (
	// ErrForeign means that the place holds another vault.
	ErrForeign = errors.New("another vault")
	// ErrIncomplete means that the place lacks files that its newest manifest lists.
	ErrIncomplete = errors.New("the copy is not complete")
	// ErrRolledBack means that the place has less than was there before.
	ErrRolledBack = errors.New("the copy is older than it was")
)
