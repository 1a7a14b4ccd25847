package key_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"math/big"
	"testing"

	"kai/internal/key"
	"kai/internal/secret"
)

func generate(t testing.TB, typ key.Type) *key.Private {
	t.Helper()
	p, err := key.Generate(typ, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEveryTypeRoundTripsThroughTextAndWire(t *testing.T) {
	for _, typ := range key.Types() {
		p, err := key.Generate(typ, rand.Reader)
		if errors.Is(err, key.ErrType) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		pub := p.Public()
		again, err := key.ParseText(pub.String())
		if err != nil || again != pub {
			t.Errorf("%s: text form: %v", typ, err)
		}
		again, err = key.ParseWire(pub.Wire())
		if err != nil || again != pub {
			t.Errorf("%s: wire form: %v", typ, err)
		}
		for i := range pub.Wire() {
			if _, err := key.ParseWire(pub.Wire()[:i]); err == nil {
				t.Errorf("%s: wire form cut at %d accepted", typ, i)
			}
		}
		if _, err := key.ParseWire(append(pub.Wire(), 0)); err == nil {
			t.Errorf("%s: trailing byte accepted", typ)
		}
	}
}

// The first test key of RFC 8032 §7.1; the fingerprint is ssh-keygen's.
func TestFingerprint(t *testing.T) {
	seed, _ := hex.DecodeString("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
	p, err := key.NewPrivate(key.Ed25519, secret.Take(seed))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.Public().String(), "ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"; got != want {
		t.Errorf("text %s, want %s", got, want)
	}
	if got, want := p.Public().Fingerprint(), "SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8"; got != want {
		t.Errorf("fingerprint %s, want %s", got, want)
	}
}

func TestWeakPublicKeysAreRefused(t *testing.T) {
	p := func(s string) []byte { b, _ := hex.DecodeString(s); return b }
	for _, c := range []struct {
		name string
		typ  key.Type
		raw  []byte
		want error
	}{
		{"ed25519 identity", key.Ed25519, p("0100000000000000000000000000000000000000000000000000000000000000"), key.ErrWeak},
		{"ed25519 order 2", key.Ed25519, p("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"), key.ErrWeak},
		{"ed25519 order 8", key.Ed25519, p("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), key.ErrWeak},
		{"ed25519 y = p+1", key.Ed25519, p("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"), key.ErrWeak},
		{"ed25519 not a point", key.Ed25519, p("0200000000000000000000000000000000000000000000000000000000000000"), key.ErrWeak},
		{"ed25519 short", key.Ed25519, make([]byte, 31), key.ErrMalformed},
		{"x25519 zero", key.X25519, make([]byte, 32), key.ErrWeak},
		{"x25519 one", key.X25519, p("0100000000000000000000000000000000000000000000000000000000000000"), key.ErrWeak},
		{"x25519 order 8", key.X25519, p("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"), key.ErrWeak},
		{"x25519 p", key.X25519, p("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"), key.ErrWeak},
		{"x25519 top bit", key.X25519, p("0900000000000000000000000000000000000000000000000000000000000080"), key.ErrWeak},
		{"p256 off the curve", key.ECDSAP256, append([]byte{2}, bytes.Repeat([]byte{0xff}, 32)...), key.ErrWeak},
		{"ml-dsa zero", key.MLDSA65, make([]byte, 1952), key.ErrWeak},
		{"unknown type", "rot13", []byte("x"), key.ErrType},
	} {
		if _, err := key.NewPublic(c.typ, c.raw); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

func TestWeakRSAKeysAreRefused(t *testing.T) {
	odd := func(bits int) *big.Int {
		n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
		return n.Add(n, big.NewInt(1))
	}
	good := generate(t, key.RSA).Public()
	blob := good.Wire()
	if _, err := key.ParseWire(blob); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		n    *big.Int
		e    int64
	}{
		{"1024 bits", odd(1024), 65537},
		{"8193 bits", odd(8193), 65537},
		{"even modulus", new(big.Int).Lsh(big.NewInt(1), 2047), 65537},
		{"small factor", new(big.Int).Mul(odd(2048), big.NewInt(3)), 65537},
		{"factor 65521", new(big.Int).Mul(odd(2048), big.NewInt(65521)), 65537},
		{"exponent 1", odd(2048), 1},
		{"exponent even", odd(2048), 65536},
	} {
		if _, err := key.ParseWire(key.RSABlob(c.n, c.e)); !errors.Is(err, key.ErrWeak) && !errors.Is(err, key.ErrMalformed) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}

// crypto/x509 ignores what follows a PKCS#8 structure.
func TestStoredRSAKeysHaveOneSpelling(t *testing.T) {
	der := bytes.Clone(generate(t, key.RSA).Stored().Expose())
	if _, err := key.NewPrivate(key.RSA, secret.Take(bytes.Clone(der))); err != nil {
		t.Errorf("as it was stored: %v", err)
	}
	if _, err := key.NewPrivate(key.RSA, secret.Take(append(der, 0))); !errors.Is(err, key.ErrMalformed) {
		t.Errorf("with a byte behind it: %v", err)
	}
}

func TestWeakSecretsAreRefused(t *testing.T) {
	for _, typ := range key.Types() {
		size := key.SecretSize(typ)
		if size == 0 {
			continue
		}
		if _, err := key.NewPrivate(typ, secret.Take(make([]byte, size))); !errors.Is(err, key.ErrWeak) {
			t.Errorf("%s: all zero: %v", typ, err)
		}
		if _, err := key.NewPrivate(typ, secret.Take(bytes.Repeat([]byte{1}, size+1))); err == nil {
			t.Errorf("%s: one byte too many accepted", typ)
		}
	}
	if _, err := key.NewPrivate(key.ECDSAP256, secret.Take(bytes.Repeat([]byte{0xff}, 32))); !errors.Is(err, key.ErrWeak) {
		t.Errorf("scalar above the order: %v", err)
	}
}

func FuzzParseText(f *testing.F) {
	seeds := []string{"ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "x25519:", ":", "rsa:AAAA"}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := key.ParseText(text)
		if err == nil && p.String() != text {
			t.Errorf("%q is written again as %q", text, p.String())
		}
	})
}

func FuzzParseWire(f *testing.F) {
	for _, typ := range []key.Type{key.Ed25519, key.ECDSAP256, key.X25519} {
		f.Add(generate(f, typ).Public().Wire())
	}
	f.Fuzz(func(t *testing.T, blob []byte) {
		p, err := key.ParseWire(blob)
		if err != nil {
			return
		}
		again, err := key.ParseWire(p.Wire())
		if err != nil || again != p {
			t.Errorf("%x is written again as %x", blob, p.Wire())
		}
	})
}
