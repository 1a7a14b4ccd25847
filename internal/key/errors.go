package key

import "errors"

var (
	// ErrType: a word that names no key type, or a type that cannot do what was asked.
	ErrType = errors.New("unsupported key type")
	// ErrMalformed: bytes that are not the encoding they claim to be.
	ErrMalformed = errors.New("malformed key")
	// ErrWeak: a well-formed key that must not be used: small order, short
	// modulus, not on the curve, all zero, or public and secret that differ.
	ErrWeak = errors.New("weak key")
	// ErrNoSecret: a public key where a private one is needed.
	ErrNoSecret = errors.New("no private key")
)
