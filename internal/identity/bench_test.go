package identity_test

import (
	"crypto/ed25519"
	"testing"

	"kai/internal/identity"
)

// BenchmarkVerify reads and verifies a document of four events, beside reading
// alone and the bare mathematics of its five signatures.
func BenchmarkVerify(b *testing.B) {
	doc := long(b).Document()
	b.Run("kai", func(b *testing.B) {
		b.SetBytes(int64(len(doc)))
		for b.Loop() {
			if _, err := verify(doc); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("kai-parse", func(b *testing.B) {
		b.SetBytes(int64(len(doc)))
		for b.Loop() {
			if _, err := identity.Parse(doc); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ed25519", func(b *testing.B) {
		k := ed25519.PublicKey(ed(b, 1).Public.Raw())
		message, value := []byte(vectorObject), make([]byte, ed25519.SignatureSize)
		for b.Loop() {
			for range 5 {
				ed25519.Verify(k, message, value)
			}
		}
	})
}
