package key

import (
	"bytes"
	"fmt"

	"kai/internal/key/bech32"
	"kai/internal/secret"
)

// bech32Encode writes data in lower case, into a buffer that is never grown. The prefix is one of
// age's.
func bech32Encode(prefix string, data []byte) ([]byte, error) {
	return bech32.AppendLong(make([]byte, 0, bech32.Size(prefix, data)), prefix, data)
}

// bech32Decode reads what bech32Encode writes, in one case, as age writes its secrets in capitals.
// The error is ErrMalformed.
func bech32Decode(text []byte) (prefix string, data []byte, err error) {
	lower := bytes.Clone(text)
	defer secret.Zero(lower)
	small, capital := false, false
	for i, c := range text {
		small = small || c >= 'a' && c <= 'z'
		if c >= 'A' && c <= 'Z' { // of ASCII only: other letters have small forms that are
			lower[i], capital = c-'A'+'a', true
		}
	}
	if small && capital {
		return "", nil, fmt.Errorf("Bech32 text: %w: both cases", ErrMalformed)
	}
	if prefix, data, err = bech32.ParseLong(lower); err != nil {
		return "", nil, fmt.Errorf("Bech32 text: %w: %w", ErrMalformed, err)
	}
	return prefix, data, nil
}
