package key

import "errors"

var (
	// ErrType: a word that names no key type, or a type that cannot do what was asked.
	ErrType = errors.New("unsupported key type")
	// ErrMalformed: bytes that are not the encoding they claim to be.
	ErrMalformed = errors.New("malformed key")
	// ErrTooLarge: a file above MaxFile.
	ErrTooLarge = errors.New("key file too large")
	// ErrWeak: a well-formed key that must not be used: small order, short
	// modulus, not on the curve, all zero, or public and secret that differ.
	ErrWeak = errors.New("weak key")
	// ErrNoSecret: a public key where a private one is needed.
	ErrNoSecret = errors.New("no private key")
	// ErrPassphrase: a passphrase that does not open an encrypted key.
	ErrPassphrase = errors.New("passphrase wrong")
	// ErrCertificate: a certificate where a key is expected.
	ErrCertificate = errors.New("a certificate is not a key")
	// ErrComment: a comment that cannot be written in one line of text.
	ErrComment = errors.New("comment not writable")
)
