package sig_test

import (
	"crypto"
	"crypto/rand"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"testing"

	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/sig/sigtest"
)

// faulty is a signer that returns one value whatever it is given.
type faulty struct{ value []byte }

func (faulty) Public() crypto.PublicKey { return nil }

func (f faulty) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return f.value, nil }

// Whatever a token returns, a signature that does not verify stays inside.
func TestFaultySigners(t *testing.T) {
	der := func(r, s *big.Int) []byte {
		out, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	one, long := big.NewInt(1), new(big.Int).Lsh(big.NewInt(1), 256)
	pub := sigtest.Signer(t, key.ECDSAP256).Public
	sum := make([]byte, 32)
	for name, value := range map[string][]byte{
		"nothing": nil, "not DER": make([]byte, 64), "trailing byte": append(der(one, one), 0),
		"ones": der(one, one), "zeros": der(new(big.Int), new(big.Int)),
		"r of 257 bits": der(long, one), "s of 257 bits": der(one, long), "negative": der(one, big.NewInt(-1)),
	} {
		for _, scheme := range []sig.Scheme{sig.ES256, sig.ECDSASHA256} {
			if got, err := scheme.Sign(rand.Reader, pub, faulty{value}, []byte("message")); !errors.Is(err, sig.ErrSelfCheck) || got != nil {
				t.Errorf("%s: %s: %x, %v", scheme, name, got, err)
			}
			if got, err := scheme.SignDigest(rand.Reader, pub, faulty{value}, sum); !errors.Is(err, sig.ErrSelfCheck) || got != nil {
				t.Errorf("%s: %s: digest: %x, %v", scheme, name, got, err)
			}
		}
	}
}
