package sig

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha512"

	"filippo.io/edwards25519"

	"kai/internal/digest"
	"kai/internal/key"
)

// ed25519Spec is the hash that a pure Ed25519 signature of a long message
// needs: k = SHA-512(R ‖ A ‖ M), RFC 8032 §5.1.7.
func ed25519Spec(pub key.Public, value []byte) digest.Spec {
	return digest.Spec{Algorithm: digest.SHA512, Prefix: append(bytes.Clone(value[:32]), pub.Raw()...)}
}

// verifyEd25519Streamed gives, for a message known only by its k, the answer
// of crypto/ed25519: S < L, then R compared as bytes with [S]B − [k]A.
// Cofactored checks would accept more, and so would a batch equation.
func verifyEd25519Streamed(pub key.Public, value, k []byte) bool {
	if len(value) != ed25519.SignatureSize || len(k) != sha512.Size || pub.Type() != key.Ed25519 {
		return false
	}
	a, err := new(edwards25519.Point).SetBytes(pub.Raw())
	if err != nil {
		return false
	}
	r, ok := recoverR(a, value, k)
	return ok && bytes.Equal(r, value[:32])
}

// recoverR computes [S]B − [k]A.
func recoverR(a *edwards25519.Point, value, k []byte) ([]byte, bool) {
	s, err := edwards25519.NewScalar().SetCanonicalBytes(value[32:])
	if err != nil {
		return nil, false
	}
	h, err := edwards25519.NewScalar().SetUniformBytes(k)
	if err != nil {
		return nil, false
	}
	negated := new(edwards25519.Point).Negate(a)
	return new(edwards25519.Point).VarTimeDoubleScalarBaseMult(h, negated, s).Bytes(), true
}
