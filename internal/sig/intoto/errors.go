package intoto

import "errors"

// ErrInput: what the caller wants stated cannot be: a subject that is named
// twice, a digest of the wrong length, a predicate without a required member.
var ErrInput = errors.New("bad statement")
