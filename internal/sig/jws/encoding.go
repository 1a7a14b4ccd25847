package jws

import (
	"encoding/base64"
	"strings"
)

// decode reads base64url without padding and accepts no second spelling of the
// same bytes. (encoding/base64 alone would skip line breaks.)
func decode(s string) (data []byte, ok bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return data, err == nil
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// signingInput is what a signature signs (RFC 7515 §5.1).
func signingInput(protected string, payload []byte) []byte {
	b := make([]byte, 0, len(protected)+1+base64.RawURLEncoding.EncodedLen(len(payload)))
	b = append(append(b, protected...), '.')
	return base64.RawURLEncoding.AppendEncode(b, payload)
}
