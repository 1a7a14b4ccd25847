// Package sigtest is what the tests of signature formats share.
package sigtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"testing"

	"kai/internal/digest"
	"kai/internal/key"
	"kai/internal/sig"
)

// Message is a message at hand; it implements sig.Digester and sig.Loader.
type Message []byte

// Sums implements sig.Digester.
func (m Message) Sums(ctx context.Context, specs []digest.Spec) ([][]byte, error) {
	return digest.Sums(ctx, bytes.NewReader(m), specs)
}

// Load implements sig.Loader.
func (m Message) Load(_ context.Context, limit int64) ([]byte, error) {
	if int64(len(m)) > limit {
		return nil, sig.ErrTooLarge
	}
	return m, nil
}

// Key is the one key of a sig.KeySource that heeds hints.
type Key struct {
	Public key.Public
	ID     *[8]byte
}

// Candidates implements sig.KeySource.
func (k Key) Candidates(c *sig.Claim) ([]key.Public, error) {
	switch {
	case !c.Accepts(k.Public.Type()):
		return nil, sig.ErrNoKey
	case c.NamesKey != nil && !c.NamesKey(k.Public, k.ID):
		return nil, sig.ErrWrongKeyID
	}
	return []key.Public{k.Public}, nil
}

// Signer is a new key of the type.
func Signer(t testing.TB, typ key.Type) sig.Signer {
	t.Helper()
	private, err := key.Generate(typ, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := private.Signer()
	if err != nil {
		t.Fatal(err)
	}
	return sig.Signer{Public: private.Public(), Signer: signer}
}

// Parse reads a signature file that must be of the format.
func Parse(t testing.TB, f sig.Format, file []byte) *sig.Unverified {
	t.Helper()
	u, err := f.Parse(bytes.NewReader(file), sig.DetachedLimits)
	if err != nil {
		t.Fatalf("%s file: %v\n%q", f.Name(), err, file)
	}
	if !f.Detect(file[:min(len(file), 4096)], "") {
		t.Errorf("%s file not detected:\n%q", f.Name(), file)
	}
	return u
}

// Check verifies all claims of a file about one message.
func Check(t testing.TB, u *sig.Unverified, message []byte, keys sig.KeySource) []sig.Result {
	t.Helper()
	claims := make([]*sig.Claim, len(u.Claims))
	for i := range u.Claims {
		claims[i] = &u.Claims[i]
	}
	results, err := sig.Check(t.Context(), claims, Message(message), keys)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// NeverAccepted parses and checks each file that differs from file in one bit,
// and calls same for those that are accepted by the keys: it fails the test
// unless that file says the same as the original. It returns how many were
// accepted.
func NeverAccepted(t testing.TB, f sig.Format, file, message []byte, keys sig.KeySource, same func(*sig.Unverified) bool) int {
	t.Helper()
	accepted := 0
	for bit := range 8 * len(file) {
		flipped := bytes.Clone(file)
		flipped[bit/8] ^= 1 << (bit % 8)
		u, err := f.Parse(bytes.NewReader(flipped), sig.DetachedLimits)
		if err != nil {
			continue
		}
		for _, r := range Check(t, u, message, keys) {
			if r.Good() {
				accepted++
				if !same(u) {
					t.Errorf("bit %d of byte %d flipped: accepted with another meaning:\n%q", bit%8, bit/8, flipped)
				}
			}
		}
	}
	return accepted
}
