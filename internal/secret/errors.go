package secret

import "errors"

var (
	// ErrMarshal is what every attempt to encode or decode a Bytes ends with.
	ErrMarshal = errors.New("secret: cannot be marshalled")

	// ErrTooLong means that a reader held more bytes than the caller's limit.
	ErrTooLong = errors.New("secret: longer than its limit")
)
