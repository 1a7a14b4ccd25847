package rule

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

var (
	// ErrMalformed means that a file is not one of rules; it comes as a *SyntaxError.
	ErrMalformed = errors.New("malformed rule")

	// ErrSet means that rules cannot be used together: two have one id, or there are more than
	// MaxRules.
	ErrSet = errors.New("rules do not go together")
)

// SyntaxError says where a file stops being one of rules, and why. It is an ErrMalformed.
type SyntaxError struct {
	Line   int    // from 1; 0 when the file as a whole is wrong
	Offset int    // in bytes, from 0, of Key or of the line
	Key    string // the key or word that is wrong, "" when it is none
	Reason string
}

func (e *SyntaxError) Error() string {
	var b strings.Builder
	b.WriteString("malformed rule: ")
	if e.Line > 0 {
		fmt.Fprintf(&b, "line %d (byte %d): ", e.Line, e.Offset)
	}
	if e.Key != "" {
		b.WriteString(strconv.QuoteToASCII(short(e.Key)) + ": ")
	}
	b.WriteString(e.Reason)
	return b.String()
}

// Is makes every SyntaxError an ErrMalformed.
func (e *SyntaxError) Is(target error) bool { return target == ErrMalformed }

// short keeps an error readable whatever the file holds.
func short(s string) string {
	const enough = 80
	if len(s) <= enough {
		return s
	}
	return strings.ToValidUTF8(s[:enough], "") + "…"
}
