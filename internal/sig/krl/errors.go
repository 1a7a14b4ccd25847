package krl

import "errors"

var (
	// ErrMalformed: not a revocation list, or not to its end.
	ErrMalformed = errors.New("malformed key revocation list")
	// ErrUnsupported: a list with parts that must not be passed over.
	ErrUnsupported = errors.New("key revocation list not understood")
	// ErrTooLarge: a list above the bound.
	ErrTooLarge = errors.New("key revocation list too large")
)
