package key

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"

	"filippo.io/mldsa"
	"github.com/cloudflare/circl/sign/slhdsa"

	"kai/internal/secret"
)

// Private is a private key in memory: its stored secret, see the package
// documentation, and the public key computed from it. Wipe it after use.
type Private struct {
	public Public
	stored *secret.Bytes
}

// Generate makes a key from the randomness of rand (crypto/rand.Reader, except
// in tests). RSA keys have 4096 bits.
//
// The error is ErrType for types that are only verified.
func Generate(t Type, rand io.Reader) (*Private, error) {
	if !types[t].madeHere {
		return nil, fmt.Errorf("%w: %s keys are not made here", ErrType, t)
	}
	if t == RSA {
		k, err := rsa.GenerateKey(rand, 4096)
		if err != nil {
			return nil, fmt.Errorf("rsa key generation: %w", err)
		}
		return PrivateOf(k)
	}
	if t == SLHDSA128s {
		_, k, err := slhdsa.GenerateKey(rand, slhdsa.SHA2_128s)
		if err != nil {
			return nil, fmt.Errorf("slh-dsa key generation: %w", err)
		}
		raw, err := k.MarshalBinary()
		if err != nil {
			return nil, fmt.Errorf("slh-dsa key generation: %w", err)
		}
		return NewPrivate(t, secret.Take(raw))
	}
	for range 8 { // P-256 refuses one seed in 2³²
		seed := make([]byte, types[t].secretSize)
		if _, err := io.ReadFull(rand, seed); err != nil {
			return nil, fmt.Errorf("%s key generation: %w", t, err)
		}
		k, err := NewPrivate(t, secret.Take(seed))
		if !errors.Is(err, ErrWeak) {
			return k, err
		}
	}
	return nil, fmt.Errorf("%s key generation: %w: from the randomness given", t, ErrWeak)
}

// NewPrivate takes over a stored secret, wiping it when it is refused, and
// computes the public key.
//
// The errors are ErrType, ErrMalformed (length) and ErrWeak (all zero, out of
// range, RSA numbers that do not fit each other).
func NewPrivate(t Type, stored *secret.Bytes) (*Private, error) {
	public, err := publicFromStored(t, stored.Expose())
	if err != nil {
		stored.Wipe()
		return nil, fmt.Errorf("%s private key: %w", t, err)
	}
	return &Private{public: public, stored: stored}, nil
}

// PrivateOf converts a private key of the standard library or filippo.io/mldsa.
//
// The errors are those of NewPrivate.
func PrivateOf(k crypto.PrivateKey) (*Private, error) {
	switch k := k.(type) {
	case ed25519.PrivateKey:
		return privateOfEd25519(k)
	case *ed25519.PrivateKey:
		return privateOfEd25519(*k)
	case *ecdsa.PrivateKey:
		if k.Curve != elliptic.P256() {
			return nil, fmt.Errorf("%w: ecdsa private key over a curve other than P-256", ErrType)
		}
		raw, err := k.Bytes()
		if err != nil {
			return nil, fmt.Errorf("ecdsa private key: %w", ErrWeak)
		}
		return NewPrivate(ECDSAP256, secret.Take(raw))
	case *ecdh.PrivateKey:
		if k.Curve() == ecdh.X25519() {
			return NewPrivate(X25519, secret.Take(k.Bytes()))
		}
	case *rsa.PrivateKey:
		if err := checkRSANumbers(&k.PublicKey); err != nil { // before Validate: it is slow for absurd sizes
			return nil, fmt.Errorf("rsa private key: %w", err)
		}
		if err := k.Validate(); err != nil {
			return nil, fmt.Errorf("rsa private key: %w: numbers do not fit each other", ErrWeak)
		}
		der, err := x509.MarshalPKCS8PrivateKey(k)
		if err != nil {
			return nil, fmt.Errorf("rsa private key: %w", ErrMalformed)
		}
		return NewPrivate(RSA, secret.Take(der))
	case *mldsa.PrivateKey:
		if k.PublicKey().Parameters() == mldsa.MLDSA65() {
			return NewPrivate(MLDSA65, secret.Take(k.Bytes()))
		}
	}
	return nil, fmt.Errorf("%w: %T", ErrType, k)
}

// privateOfEd25519 refuses a key whose second half is not the public key of
// its first: signing with a foreign half leaks the secret.
func privateOfEd25519(k ed25519.PrivateKey) (*Private, error) {
	if len(k) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("ed25519 private key: %w", ErrMalformed)
	}
	p, err := NewPrivate(Ed25519, secret.Take(k.Seed()))
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(p.public.Raw(), k[32:]) {
		p.Wipe()
		return nil, fmt.Errorf("ed25519 private key: %w: public half differs", ErrWeak)
	}
	return p, nil
}

// Public is the public key computed from the secret.
func (p *Private) Public() Public { return p.public }

// Stored is the stored secret itself, not a copy: valid until Wipe.
func (p *Private) Stored() *secret.Bytes { return p.stored }

// Wipe destroys the secret. Signers made before keep their own copy.
func (p *Private) Wipe() { p.stored.Wipe() }

// Crypto is the private key as the library that computes with it wants it:
// ed25519.PrivateKey, *ecdsa.PrivateKey, *rsa.PrivateKey, *ecdh.PrivateKey,
// *mldsa.PrivateKey. The error is ErrType for types that have no such form.
func (p *Private) Crypto() (crypto.PrivateKey, error) {
	raw := p.stored.Expose()
	switch p.public.typ {
	case Ed25519:
		return ed25519.NewKeyFromSeed(raw), nil
	case X25519:
		return ecdh.X25519().NewPrivateKey(raw)
	case ECDSAP256:
		return ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
	case RSA:
		return parsePKCS8RSA(raw)
	case MLDSA65:
		return mldsa.NewPrivateKey(mldsa.MLDSA65(), raw)
	}
	return nil, fmt.Errorf("%w: %s has no standard form", ErrType, p.public.typ)
}

// Signer computes signatures with the key. Ed25519, ML-DSA-65, the composite
// type and SLH-DSA sign whole messages (options with HashFunc 0, see
// crypto.SignMessage), ECDSA and RSA sign digests. ML-DSA-65 takes
// *mldsa.Options with a context; the others have none.
//
// The error is ErrType for types that do not sign.
func (p *Private) Signer() (crypto.Signer, error) {
	switch p.public.typ {
	case MLDSA44Ed25519:
		return newCompositeSigner(p)
	case SLHDSA128s:
		return newStatelessSigner(p)
	}
	k, err := p.Crypto()
	if err != nil {
		return nil, err
	}
	signer, ok := k.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%w: %s does not sign", ErrType, p.public.typ)
	}
	return signer, nil
}

func publicFromStored(t Type, stored []byte) (Public, error) {
	tr, ok := types[t]
	if !ok || tr.secretSize == 0 && t != RSA {
		return Public{}, fmt.Errorf("%w: %q is never held", ErrType, shorten([]byte(t)))
	}
	if tr.secretSize != 0 && len(stored) != tr.secretSize {
		return Public{}, fmt.Errorf("%d bytes, want %d: %w", len(stored), tr.secretSize, ErrMalformed)
	}
	if isZero(stored) {
		return Public{}, fmt.Errorf("%w: all zero", ErrWeak)
	}
	switch t {
	case Ed25519:
		return PublicOf(ed25519.NewKeyFromSeed(stored).Public())
	case X25519:
		k, err := ecdh.X25519().NewPrivateKey(stored)
		if err != nil {
			return Public{}, ErrWeak
		}
		return PublicOf(k.PublicKey())
	case ECDSAP256:
		k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), stored)
		if err != nil {
			return Public{}, fmt.Errorf("%w: scalar out of range", ErrWeak)
		}
		return PublicOf(&k.PublicKey)
	case RSA:
		k, err := parsePKCS8RSA(stored)
		if err != nil {
			return Public{}, err
		}
		return PublicOf(&k.PublicKey)
	case MLDSA65:
		k, err := mldsa.NewPrivateKey(mldsa.MLDSA65(), stored)
		if err != nil {
			return Public{}, ErrMalformed
		}
		return PublicOf(k.PublicKey())
	case MLDSA44Ed25519:
		return compositePublic(stored)
	case MLKEM768X25519:
		k, err := hybridKEM().NewPrivateKey(stored)
		if err != nil {
			return Public{}, ErrWeak
		}
		return NewPublic(t, k.PublicKey().Bytes())
	case SLHDSA128s:
		return statelessPublic(stored)
	}
	return Public{}, fmt.Errorf("%w: %s is never held", ErrType, t)
}

// hybridKEM is X-Wing, the KEM of age's post-quantum recipients.
func hybridKEM() hpke.KEM { return hpke.MLKEM768X25519() }

// parsePKCS8RSA reads the stored form of RSA keys, which is what the standard
// library writes, to the byte: it reads more.
func parsePKCS8RSA(der []byte) (*rsa.PrivateKey, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("%w: not PKCS#8", ErrMalformed)
	}
	k, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%w: not an RSA key", ErrMalformed)
	}
	again, err := x509.MarshalPKCS8PrivateKey(k)
	defer secret.Zero(again)
	if err != nil || !bytes.Equal(again, der) {
		return nil, fmt.Errorf("%w: PKCS#8 of another spelling", ErrMalformed)
	}
	return k, nil
}
