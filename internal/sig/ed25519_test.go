package sig_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/hex"
	"testing"

	"kai/internal/digest"
	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/vectortest"
)

// memory is a message at hand.
type memory []byte

func (m memory) Sums(ctx context.Context, specs []digest.Spec) ([][]byte, error) {
	sums := make([][]byte, len(specs))
	for i, s := range specs {
		h := s.Algorithm.New()
		h.Write(s.Prefix)
		h.Write(m)
		sums[i] = h.Sum(nil)
	}
	return sums, ctx.Err()
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The 914 edge cases of C2SP/CCTV: the standard library alone accepts 208,
// kai's rule for keys leaves 86, and streaming changes no answer.
func TestEd25519EdgeCases(t *testing.T) {
	cases := vectortest.JSON[[]struct {
		Number   int
		Key, Sig string
		Msg      string
	}](t, "cctv-ed25519/ed25519vectors.json")
	standard, ours := 0, 0
	for _, c := range cases {
		rawKey, value := unhex(t, c.Key), unhex(t, c.Sig)
		want := ed25519.Verify(rawKey, []byte(c.Msg), value)
		if want {
			standard++
		}
		k := sha512.Sum512(bytes.Join([][]byte{value[:32], rawKey, []byte(c.Msg)}, nil))
		if got := sig.VerifyStreamedRaw(rawKey, value, k[:]); got != want {
			t.Errorf("case %d: streamed %v, standard %v", c.Number, got, want)
		}
		pub, err := key.NewPublic(key.Ed25519, rawKey)
		if err != nil {
			continue
		}
		claims := []*sig.Claim{
			{Scheme: sig.Ed25519, Key: pub, Signature: value, Content: sig.Content{Fixed: []byte(c.Msg)}},
			{Scheme: sig.Ed25519, Key: pub, Signature: value, Content: sig.Content{Whole: true}},
		}
		results, err := sig.Check(t.Context(), claims, memory(c.Msg), nil)
		if err != nil {
			t.Fatal(err)
		}
		if results[0].Good() != results[1].Good() || results[0].Good() != want {
			t.Errorf("case %d: whole %v, streamed %v, standard %v", c.Number, results[0].Good(), results[1].Good(), want)
		}
		if results[0].Good() {
			ours++
		}
	}
	if len(cases) != 914 || standard != 208 || ours != 86 {
		t.Errorf("%d cases, standard accepts %d, kai accepts %d; want 914, 208, 86", len(cases), standard, ours)
	}
}
