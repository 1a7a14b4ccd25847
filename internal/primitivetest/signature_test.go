package primitivetest

import (
	"bytes"
	"crypto/x509"
	"errors"
	"testing"

	"filippo.io/mldsa"

	"kai/internal/key"
	"kai/internal/sig"
)

type signatureCase struct {
	common
	Msg, Sig octets
}

func commonOfSignature(c *signatureCase) common { return c.common }

// public is a group's key as kai reads it: through every check of package key.
func public(t *testing.T, der []byte) (key.Public, error) {
	t.Helper()
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		t.Fatal(err)
	}
	return key.PublicOf(parsed)
}

// schemeCases runs a file of signatures through one of kai's schemes.
func schemeCases(t *testing.T, file string, want int, scheme sig.Scheme) {
	t.Helper()
	type group struct{ PublicKeyDer octets }
	wycheproof(t, file, want, commonOfSignature, func(t *testing.T, g *group, c *signatureCase) bool {
		pub, err := public(t, g.PublicKeyDer)
		if err != nil {
			if !errors.Is(err, key.ErrWeak) {
				t.Fatal(err)
			}
			return false
		}
		return scheme.Verify(pub, c.Msg, c.Sig)
	})
}

func TestEd25519(t *testing.T) {
	schemeCases(t, "ed25519_test.json", 151, sig.Ed25519)
}

func TestECDSA(t *testing.T) {
	schemeCases(t, "ecdsa_secp256r1_sha256_test.json", 484, sig.ECDSASHA256)
	schemeCases(t, "ecdsa_secp256r1_sha256_p1363_test.json", 262, sig.ES256)
}

func TestRSA(t *testing.T) {
	schemeCases(t, "rsa_pss_4096_sha256_mgf1_32_test.json", 108, sig.RSAPSSSHA256)
	schemeCases(t, "rsa_signature_4096_sha512_test.json", 259, sig.RSASHA512)
}

type mldsaCase struct {
	common
	Msg, Mu, Ctx, Rnd, Sig octets
}

func commonOfMLDSA(c *mldsaCase) common { return c.common }

func TestMLDSAVerify(t *testing.T) {
	type group struct{ PublicKey octets }
	plain := 0
	wycheproof(t, "mldsa_65_verify_test.json", 210, commonOfMLDSA, func(t *testing.T, g *group, c *mldsaCase) bool {
		pk, err := mldsa.NewPublicKey(mldsa.MLDSA65(), g.PublicKey)
		if err != nil {
			return false
		}
		accepted := mldsa.Verify(pk, c.Msg, c.Sig, &mldsa.Options{Context: string(c.Ctx)}) == nil
		if pub, err := key.NewPublic(key.MLDSA65, g.PublicKey); err == nil && len(c.Ctx) == 0 {
			plain++
			if sig.MLDSA65.Verify(pub, c.Msg, c.Sig) != accepted {
				t.Errorf("case %d: kai and its supplier differ", c.TcID)
			}
		}
		return accepted
	})
	if plain == 0 {
		t.Error("no case without a context")
	}
}

// The signature of a case follows from its seed: kai signs with randomness, so
// the supplier is asked for the deterministic value.
func TestMLDSASign(t *testing.T) {
	type group struct{ PrivateSeed, PublicKey octets }
	wycheproof(t, "mldsa_65_sign_seed_test.json", 105, commonOfMLDSA, func(t *testing.T, g *group, c *mldsaCase) bool {
		sk, err := mldsa.NewPrivateKey(mldsa.MLDSA65(), g.PrivateSeed)
		if err != nil {
			return false
		}
		if !bytes.Equal(sk.PublicKey().Bytes(), g.PublicKey) {
			t.Errorf("case %d: public key differs", c.TcID)
		}
		internal, err := newInternalKey(mldsa.MLDSA65(), g.PrivateSeed)
		if err != nil {
			t.Fatal(err)
		}
		return signLike(t, internal, sk.PublicKey(), c)
	})
}

func TestMLDSASignExpandedKey(t *testing.T) {
	type group struct{ PrivateKey, PublicKey octets }
	wycheproof(t, "mldsa_65_sign_noseed_test.json", 78, commonOfMLDSA, func(t *testing.T, g *group, c *mldsaCase) bool {
		internal, err := expandedKey(g.PrivateKey)
		if err != nil {
			return false
		}
		pk, err := mldsa.NewPublicKey(mldsa.MLDSA65(), g.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		return signLike(t, internal, pk, c)
	})
}

// signLike reports whether a case can be signed; the value must be the expected
// one, and verify.
func signLike(t *testing.T, sk *internalPrivateKey, pk *mldsa.PublicKey, c *mldsaCase) bool {
	t.Helper()
	rnd := c.Rnd
	if rnd == nil {
		rnd = make([]byte, 32)
	}
	mu := c.Mu
	if c.Msg != nil {
		if len(c.Ctx) > 255 {
			return false
		}
		want := messageHash(pk.Bytes(), append([]byte{0, byte(len(c.Ctx))}, c.Ctx...), c.Msg)
		if mu != nil && !bytes.Equal(mu, want) {
			t.Errorf("case %d: mu differs", c.TcID)
		}
		mu = want
	}
	value, err := signMu(sk, mu, rnd)
	if err != nil {
		return false
	}
	if !bytes.Equal(value, c.Sig) {
		t.Errorf("case %d: another signature", c.TcID)
	}
	if c.Msg != nil && mldsa.Verify(pk, c.Msg, value, &mldsa.Options{Context: string(c.Ctx)}) != nil {
		t.Errorf("case %d: the signature does not verify", c.TcID)
	}
	return true
}
