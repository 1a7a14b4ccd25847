package sig

import (
	"bytes"

	"filippo.io/edwards25519"
)

// VerifyStreamedRaw is the streamed equation for a key that package key may
// refuse: the standard library computes with it all the same.
func VerifyStreamedRaw(rawKey, value, k []byte) bool {
	a, err := new(edwards25519.Point).SetBytes(rawKey)
	if err != nil {
		return false
	}
	r, ok := recoverR(a, value, k)
	return ok && bytes.Equal(r, value[:32])
}
