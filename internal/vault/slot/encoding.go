package slot

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// text64 is bytes as base64url without padding.
type text64 []byte

func (b text64) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, b), nil
}

func (b *text64) UnmarshalText(text []byte) error {
	out, err := base64.RawURLEncoding.Strict().AppendDecode(nil, text)
	if err != nil {
		return fmt.Errorf("%w: base64url", ErrMalformed)
	}
	*b = out
	return nil
}

// digest is a SHA-256 in text64.
type digest [sha256.Size]byte

func (d digest) MarshalText() ([]byte, error) { return text64(d[:]).MarshalText() }

func (d *digest) UnmarshalText(text []byte) error {
	var b text64
	if err := b.UnmarshalText(text); err != nil {
		return err
	}
	if len(b) != len(d) {
		return fmt.Errorf("%w: digest of %d bytes", ErrMalformed, len(b))
	}
	copy(d[:], b)
	return nil
}
