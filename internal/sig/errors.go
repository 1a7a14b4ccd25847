package sig

import (
	"errors"
	"fmt"
)

var (
	// ErrMalformed: bytes that are not the format they claim to be. Nothing
	// was checked.
	ErrMalformed = errors.New("malformed signature")
	// ErrTooLarge: a bound of the format was exceeded. Nothing was checked.
	ErrTooLarge = errors.New("too large")
	// ErrUnsupported: a known format or algorithm that is not judged here.
	ErrUnsupported = errors.New("unsupported signature")
	// ErrNoKey: the signature names a key that the caller did not give.
	ErrNoKey = errors.New("no key for the signature")
	// ErrNoMessage: the signature is about a file, and none was given.
	ErrNoMessage = errors.New("signature of a file that was not given")
	// ErrWrongKeyID: the signature names another key than the one given.
	ErrWrongKeyID = errors.New("signature names another key")
	// ErrNamespace: an empty, long or unprintable namespace.
	ErrNamespace = errors.New("bad namespace")
	// ErrScheme: a key that cannot make or check the scheme.
	ErrScheme = errors.New("key does not fit the signature scheme")
	// ErrDomain: a message that, signed bare, would be a signature of another
	// kind.
	ErrDomain = errors.New("message looks like the signed part of another format")
	// ErrSelfCheck: a signer returned something that does not verify.
	ErrSelfCheck = errors.New("new signature does not verify")
)

// SyntaxError is an ErrMalformed with the place of the fault.
type SyntaxError struct {
	Format string
	Offset int64
	Reason string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s at byte %d: %s", e.Format, e.Offset, e.Reason)
}

// Unwrap makes errors.Is(err, ErrMalformed) true.
func (e *SyntaxError) Unwrap() error { return ErrMalformed }

// BadSignature is a signature in a known format that fails: the mathematics,
// the content or a part bound to it.
type BadSignature struct {
	Code   string // for machines: "signature", "content", "pq", …
	Reason string
}

func (e *BadSignature) Error() string { return "bad signature: " + e.Reason }
