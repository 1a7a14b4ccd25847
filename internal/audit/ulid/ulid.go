// Package ulid makes the identifiers of logs and alerts.
//
// A ULID is 26 characters of Crockford's base32 (digits and upper-case letters without I, L, O
// and U): 48 bits of milliseconds since 1970, then 80 random bits, big-endian. In the order of
// bytes it is in the order of time.
//
// Source: https://github.com/ulid/spec.
package ulid

import (
	"fmt"
	"io"
	"time"
)

// Size is the length of a ULID.
const Size = 26

const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// New returns a ULID of a time with randomness from random, whose errors are returned.
func New(now time.Time, random io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[6:]); err != nil {
		return "", fmt.Errorf("ulid: %w", err)
	}
	ms := uint64(now.UnixMilli())
	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i))
	}
	var text [Size]byte
	// 128 bits are 26 digits of 5 bits with two zero bits before them.
	var high, low uint64
	for i := range 8 {
		high, low = high<<8|uint64(b[i]), low<<8|uint64(b[8+i])
	}
	for i := Size - 1; i >= 0; i-- {
		text[i] = digits[low&31]
		low = low>>5 | high<<59
		high >>= 5
	}
	return string(text[:]), nil
}

// Valid reports whether text is a ULID.
func Valid(text string) bool {
	if len(text) != Size || text[0] > '7' {
		return false
	}
	for i := range len(text) {
		if !isDigit(text[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool {
	for i := range len(digits) {
		if digits[i] == c {
			return true
		}
	}
	return false
}
