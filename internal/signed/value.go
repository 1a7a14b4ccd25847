package signed

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"kai/internal/key"
)

// timeLayout is the one spelling of a time.
const timeLayout = "2006-01-02T15:04:05Z"

// Time is a moment in whole seconds. The zero value is absent (use omitzero).
type Time struct{ seconds int64 }

// At is the second that t lies in, zero for the zero time.
func At(t time.Time) Time {
	if t.IsZero() {
		return Time{}
	}
	return Time{t.Unix() - zeroUnix}
}

// zeroUnix makes the zero Time the zero time.Time, which no object can hold.
var zeroUnix = time.Time{}.Unix()

// Time is the moment in UTC.
func (t Time) Time() time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.Unix(t.seconds+zeroUnix, 0).UTC()
}

// IsZero reports whether there is no time.
func (t Time) IsZero() bool { return t.seconds == 0 }

// Before reports whether t is earlier than u.
func (t Time) Before(u Time) bool { return t.seconds < u.seconds }

// String is the time as objects hold it.
func (t Time) String() string { return t.Time().Format(timeLayout) }

// MarshalText writes the spelling of objects. A year above 9999 is an error.
func (t Time) MarshalText() ([]byte, error) {
	if y := t.Time().Year(); t.IsZero() || y < 1 || y > 9999 {
		return nil, errors.New("time out of range")
	}
	return []byte(t.String()), nil
}

// UnmarshalText reads what MarshalText writes. The error is ErrMalformed.
func (t *Time) UnmarshalText(text []byte) error {
	parsed, err := time.Parse(timeLayout, string(text))
	if err != nil || parsed.IsZero() || parsed.Format(timeLayout) != string(text) {
		return fmt.Errorf("time: %w", ErrMalformed)
	}
	*t = At(parsed)
	return nil
}

const digestPrefix = "sha256:"

// Digest is the SHA-256 of an object's bytes. The zero value is absent (use
// omitzero).
type Digest [sha256.Size]byte

// DigestOf is the digest of the bytes of an object.
func DigestOf(object []byte) Digest { return sha256.Sum256(object) }

// IsZero reports whether there is no digest.
func (d Digest) IsZero() bool { return d == Digest{} }

// String is "sha256:" and 43 characters of base64url.
func (d Digest) String() string { return digestPrefix + base64.RawURLEncoding.EncodeToString(d[:]) }

// MarshalText writes String.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes. The error is ErrMalformed.
func (d *Digest) UnmarshalText(text []byte) error {
	digits, ok := strings.CutPrefix(string(text), digestPrefix)
	sum, err := decodeBase64(digits)
	if !ok || err != nil || len(sum) != len(d) {
		return fmt.Errorf("digest: %w", ErrMalformed)
	}
	copy(d[:], sum)
	return nil
}

// Bytes is a byte string, written as unpadded base64url.
type Bytes []byte

// MarshalText writes base64url.
func (b Bytes) MarshalText() ([]byte, error) {
	return []byte(base64.RawURLEncoding.EncodeToString(b)), nil
}

// UnmarshalText reads what MarshalText writes. The error is ErrMalformed.
func (b *Bytes) UnmarshalText(text []byte) error {
	data, err := decodeBase64(string(text))
	if err != nil {
		return fmt.Errorf("base64url: %w", err)
	}
	*b = data
	return nil
}

// PublicKey is a key in its text form.
type PublicKey struct{ key.Public }

// MarshalText writes the text form.
func (k PublicKey) MarshalText() ([]byte, error) {
	if k.IsZero() {
		return nil, errors.New("no key")
	}
	return []byte(k.Public.String()), nil
}

// UnmarshalText reads the text form. The errors are those of key.ParseText.
func (k *PublicKey) UnmarshalText(text []byte) error {
	parsed, err := key.ParseText(string(text))
	if err != nil {
		return err
	}
	k.Public = parsed
	return nil
}

// decodeBase64 accepts one spelling: no line breaks, which encoding/base64 would
// skip, and no bits after the last byte.
func decodeBase64(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, ErrMalformed
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, ErrMalformed
	}
	return data, nil
}
