package primitivetest

import (
	"bytes"
	"crypto/ecdh"
	"crypto/mlkem"
	"crypto/mlkem/mlkemtest"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"testing"

	"kai/internal/key"
)

func TestX25519(t *testing.T) {
	type xdhCase struct {
		common
		Public, Private, Shared octets
	}
	wycheproof(t, "x25519_test.json", 518, func(c *xdhCase) common { return c.common }, func(t *testing.T, _ *struct{}, c *xdhCase) bool {
		private, err := ecdh.X25519().NewPrivateKey(c.Private)
		if err != nil {
			return false
		}
		public, err := ecdh.X25519().NewPublicKey(c.Public)
		if err != nil {
			return false
		}
		shared, err := private.ECDH(public)
		// RFC 7748 §6.1: the all-zero result must be refused.
		if refused := err != nil; refused != c.is("ZeroSharedSecret") {
			t.Errorf("case %d %q: refused %v", c.TcID, c.Flags, refused)
		}
		if err == nil && !bytes.Equal(shared, c.Shared) {
			t.Errorf("case %d: shared %x", c.TcID, shared)
		}
		// A key that is kept must moreover be in its one canonical encoding.
		_, keyErr := key.NewPublic(key.X25519, c.Public)
		if refused := keyErr != nil; refused != (c.is("ZeroSharedSecret") || c.is("NonCanonicalPublic")) {
			t.Errorf("case %d %q: refused as a key: %v", c.TcID, c.Flags, refused)
		}
		return err == nil
	})
}

type mlkemCase struct {
	common
	Seed, Ek, C, K, M octets
}

func commonOfMLKEM(c *mlkemCase) common { return c.common }

func TestMLKEM(t *testing.T) {
	wycheproof(t, "mlkem_768_test.json", 193, commonOfMLKEM, func(t *testing.T, _ *struct{}, c *mlkemCase) bool {
		dk, err := mlkem.NewDecapsulationKey768(c.Seed)
		if err != nil {
			return false
		}
		if c.Ek != nil && !bytes.Equal(dk.EncapsulationKey().Bytes(), c.Ek) {
			t.Errorf("case %d: encapsulation key differs", c.TcID)
		}
		shared, err := dk.Decapsulate(c.C)
		return err == nil && bytes.Equal(shared, c.K)
	})
	wycheproof(t, "mlkem_768_keygen_seed_test.json", 100, commonOfMLKEM, func(t *testing.T, _ *struct{}, c *mlkemCase) bool {
		dk, err := mlkem.NewDecapsulationKey768(c.Seed)
		return err == nil && bytes.Equal(dk.EncapsulationKey().Bytes(), c.Ek)
	})
	wycheproof(t, "mlkem_768_encaps_test.json", 265, commonOfMLKEM, func(t *testing.T, _ *struct{}, c *mlkemCase) bool {
		ek, err := mlkem.NewEncapsulationKey768(c.Ek)
		if err != nil {
			return false
		}
		shared, value, err := mlkemtest.Encapsulate768(ek, c.M)
		return err == nil && bytes.Equal(shared, c.K) && bytes.Equal(value, c.C)
	})
}

func TestRSAOAEP(t *testing.T) {
	type group struct{ PrivateKeyPkcs8 octets }
	type oaepCase struct {
		common
		Msg, Ct, Label octets
	}
	wycheproof(t, "rsa_oaep_4096_sha256_mgf1sha256_test.json", 37, func(c *oaepCase) common { return c.common }, func(t *testing.T, g *group, c *oaepCase) bool {
		parsed, err := x509.ParsePKCS8PrivateKey(g.PrivateKeyPkcs8)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := rsa.DecryptOAEP(sha256.New(), nil, parsed.(*rsa.PrivateKey), c.Ct, c.Label)
		return err == nil && bytes.Equal(plain, c.Msg)
	})
}
