package checkpoint

import (
	"errors"
	"fmt"
)

var (
	// ErrMalformed: bytes that are not of the format, or are above its limits.
	// It is what every *SyntaxError is.
	ErrMalformed = errors.New("malformed")
	// ErrSignature: a line by a known key whose signature does not verify. It is
	// what every *BadSignature is. Nothing else of the note may be relied on.
	ErrSignature = errors.New("bad signature")
	// ErrUntrusted: a note, or a list of lines, without one line of a known key.
	ErrUntrusted = errors.New("no signature by a trusted key")
	// ErrName: a key name that no line can hold, or one that may not sign under
	// this origin.
	ErrName = errors.New("bad key name")
	// ErrKey: a key of a type that its signature type does not take, or a weak
	// one.
	ErrKey = errors.New("unusable key")
	// ErrAmbiguous: two known keys that lines cannot tell apart.
	ErrAmbiguous = errors.New("two keys with one name and hash")
	// ErrTime: a clock that is missing, before 1970 or at its first second.
	ErrTime = errors.New("time cannot be signed")
	// ErrFull: a note that has no room for one more line.
	ErrFull = errors.New("note is full")
	// ErrSelfCheck: a signer whose signature does not verify under its own public
	// key. The signature is not given out.
	ErrSelfCheck = errors.New("new signature does not verify")
)

// SyntaxError says where bytes leave the format. Its text holds none of them.
type SyntaxError struct {
	What   string // the kind of file: "checkpoint", "note", "proof", …
	Offset int    // of the first byte of what is wrong, from 0
	Reason string
}

// Error names the kind of file, the offset and the reason.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s: byte %d: %s", e.What, e.Offset, e.Reason)
}

// Is makes every SyntaxError an ErrMalformed.
func (e *SyntaxError) Is(target error) bool { return target == ErrMalformed }

// Shift returns an error about a part of a file as one about the file, where the
// part begins at offset: of a *SyntaxError the offset grows, other errors stay.
func Shift(err error, offset int) error {
	var e *SyntaxError
	if !errors.As(err, &e) {
		return err
	}
	return &SyntaxError{What: e.What, Offset: e.Offset + offset, Reason: e.Reason}
}

// BadSignature is a line by a known key that does not verify.
type BadSignature struct {
	Name string // of the key
	Hash uint32 // of the key
}

// Error names the key, quoted.
func (e *BadSignature) Error() string {
	return fmt.Sprintf("bad signature of %s", id(e.Name, e.Hash))
}

// Is makes every BadSignature an ErrSignature.
func (e *BadSignature) Is(target error) bool { return target == ErrSignature }
