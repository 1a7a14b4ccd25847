package canon

import (
	"errors"
	"fmt"
)

// ErrMalformed is what every [*Error] is, for callers that need no more.
var ErrMalformed = errors.New("malformed JSON")

// The kinds of [*Error].
var (
	ErrSyntax    = errors.New("syntax error")                       // not JSON (RFC 8259)
	ErrEnd       = errors.New("unexpected end")                     // cut off
	ErrTrailing  = errors.New("data after the value")               // more than white space follows
	ErrUTF8      = errors.New("invalid UTF-8")                      // a string is not Unicode
	ErrSurrogate = errors.New("lone surrogate")                     // \ud800 without its second half, or the reverse
	ErrDuplicate = errors.New("duplicate member name")              // in one object, after unescaping
	ErrDepth     = errors.New("nesting too deep")                   // above MaxDepth or MaxDocumentDepth
	ErrNumber    = errors.New("number without an exact double")     // too large, or its integer part would be rounded
	ErrSpelling  = errors.New("not canonical")                      // valid, but Transform would change it
	ErrInteger   = errors.New("number other than a 53-bit integer") // in a document
	ErrNull      = errors.New("null in a document")
	ErrControl   = errors.New("control character in a document")
	ErrUnknown   = errors.New("unknown member")                          // the Go type has no such member
	ErrShape     = errors.New("document does not fit the expected type") // wrong type, or a member missing
)

// Error says what is wrong with some JSON and where.
//
// Its text holds no bytes of the input, except an unknown member's name, quoted
// in ASCII.
type Error struct {
	Offset int    // of the offending byte, from 0; -1 if it is not known
	Kind   error  // one of the variables above
	Detail string // may be empty
}

func (e *Error) Error() string {
	if e.Offset < 0 {
		return e.Reason()
	}
	return fmt.Sprintf("byte %d: %s", e.Offset, e.Reason())
}

// Reason says what is wrong and not where, for those who know the place in a
// larger whole.
func (e *Error) Reason() string {
	if e.Detail == "" {
		return e.Kind.Error()
	}
	return e.Kind.Error() + ": " + e.Detail
}

// Unwrap returns the kind.
func (e *Error) Unwrap() error { return e.Kind }

// Is makes every Error an ErrMalformed.
func (e *Error) Is(target error) bool { return target == ErrMalformed }
