package key

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"math/big"
	"sync"

	"filippo.io/edwards25519"

	"kai/internal/key/sshwire"
)

// checkPublic refuses what must never be trusted, whoever signed with it.
func checkPublic(t Type, raw []byte) error {
	switch t {
	case Ed25519:
		return checkEd25519(raw)
	case X25519:
		return checkX25519(raw)
	case MLKEM768X25519:
		return checkHybridKEM(raw)
	case MLDSA44Ed25519:
		return checkEd25519(raw[1312:])
	case ECDSAP256:
		return checkPoint(elliptic.P256(), raw)
	case ECDSAP384:
		return checkPoint(elliptic.P384(), raw)
	case RSA:
		return checkRSA(raw)
	case SKEd25519, SKECDSA:
		_, _, err := splitSK(t, raw)
		return err
	case MLDSA65, SLHDSA128s:
		if isZero(raw) {
			return fmt.Errorf("%w: all zero", ErrWeak)
		}
	}
	return nil
}

// checkEd25519 demands the one canonical encoding of a point that is not of
// small order: with others, one signature can verify under many keys.
func checkEd25519(raw []byte) error {
	point, err := new(edwards25519.Point).SetBytes(raw)
	if err != nil {
		return fmt.Errorf("%w: not a point", ErrWeak)
	}
	if !bytes.Equal(point.Bytes(), raw) {
		return fmt.Errorf("%w: not canonical", ErrWeak)
	}
	if new(edwards25519.Point).MultByCofactor(point).Equal(edwards25519.NewIdentityPoint()) == 1 {
		return fmt.Errorf("%w: small order", ErrWeak)
	}
	return nil
}

// checkX25519 demands u < 2²⁵⁵−19 and a point whose multiples are not zero.
func checkX25519(raw []byte) error {
	little := make([]byte, 32)
	for i, b := range raw {
		little[31-i] = b
	}
	prime := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	if new(big.Int).SetBytes(little).Cmp(prime) >= 0 {
		return fmt.Errorf("%w: not canonical", ErrWeak)
	}
	pub, err := ecdh.X25519().NewPublicKey(raw)
	if err != nil {
		return fmt.Errorf("%w: not a key", ErrWeak)
	}
	scalar, err := ecdh.X25519().NewPrivateKey(bytes.Repeat([]byte{0x42}, 32))
	if err != nil {
		return fmt.Errorf("probe scalar: %w", err)
	}
	if _, err := scalar.ECDH(pub); err != nil { // RFC 7748 §6.1: the all-zero result
		return fmt.Errorf("%w: small order", ErrWeak)
	}
	return nil
}

func checkHybridKEM(raw []byte) error {
	if err := checkX25519(raw[1184:]); err != nil {
		return err
	}
	if _, err := hybridKEM().NewPublicKey(raw); err != nil {
		return fmt.Errorf("%w: ML-KEM coefficients out of range", ErrWeak)
	}
	return nil
}

func checkPoint(curve elliptic.Curve, raw []byte) error {
	if x, _ := elliptic.UnmarshalCompressed(curve, raw); x == nil {
		return fmt.Errorf("%w: not on the curve", ErrWeak)
	}
	return nil
}

// Bounds of RSA keys: below 2048 bits is breakable, above 8192 one
// verification takes long enough to be an attack on the verifier.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

func checkRSA(raw []byte) error {
	pub, err := x509.ParsePKCS1PublicKey(raw)
	if err != nil {
		return fmt.Errorf("%w: not PKCS#1", ErrMalformed)
	}
	if !bytes.Equal(x509.MarshalPKCS1PublicKey(pub), raw) {
		return fmt.Errorf("%w: not DER", ErrMalformed)
	}
	return checkRSANumbers(pub)
}

func checkRSANumbers(pub *rsa.PublicKey) error {
	bits := pub.N.BitLen()
	switch {
	case bits < minRSABits || bits > maxRSABits:
		return fmt.Errorf("%w: %d bits, want %d to %d", ErrWeak, bits, minRSABits, maxRSABits)
	case pub.E < 3 || pub.E&1 == 0 || int64(pub.E) >= 1<<32:
		return fmt.Errorf("%w: public exponent", ErrWeak)
	case pub.N.Bit(0) == 0:
		return fmt.Errorf("%w: even modulus", ErrWeak)
	}
	if new(big.Int).GCD(nil, nil, pub.N, smallPrimes()).Cmp(big.NewInt(1)) != 0 {
		return fmt.Errorf("%w: modulus has a small factor", ErrWeak)
	}
	if isROCA(pub.N) {
		return fmt.Errorf("%w: modulus of a flawed generator, CVE-2017-15361", ErrWeak)
	}
	return nil
}

// smallPrimes is the product of all odd primes below 2¹⁶; one GCD with it
// replaces 6,541 divisions.
var smallPrimes = sync.OnceValue(func() *big.Int {
	const limit = 1 << 16
	composite := make([]bool, limit)
	factors := []*big.Int{}
	for n := 3; n < limit; n += 2 {
		if composite[n] {
			continue
		}
		factors = append(factors, big.NewInt(int64(n)))
		for m := n * n; m < limit; m += 2 * n {
			composite[m] = true
		}
	}
	for len(factors) > 1 { // pairwise, so that operands stay of one size
		half := factors[:0:0]
		for i := 0; i+1 < len(factors); i += 2 {
			half = append(half, new(big.Int).Mul(factors[i], factors[i+1]))
		}
		if len(factors)%2 == 1 {
			half = append(half, factors[len(factors)-1])
		}
		factors = half
	}
	return factors[0]
})

// splitSK cuts the blob of a FIDO key into the key inside it and the
// application string that the authenticator signs.
func splitSK(t Type, blob []byte) (inner Public, application string, err error) {
	name, rest, ok := sshwire.CutString(blob)
	if !ok || string(name) != t.SSHName() {
		return Public{}, "", fmt.Errorf("%w: type inside the blob", ErrMalformed)
	}
	plain := Ed25519
	if t == SKECDSA {
		plain = ECDSAP256
		curve, after, ok := sshwire.CutString(rest)
		if !ok || string(curve) != "nistp256" {
			return Public{}, "", fmt.Errorf("%w: curve", ErrMalformed)
		}
		rest = after
	}
	raw, rest, ok := sshwire.CutString(rest)
	if !ok {
		return Public{}, "", fmt.Errorf("%w: key inside the blob", ErrMalformed)
	}
	app, rest, ok := sshwire.CutString(rest)
	if !ok || len(rest) != 0 {
		return Public{}, "", fmt.Errorf("%w: application", ErrMalformed)
	}
	if t == SKECDSA {
		//lint:ignore SA1019 checks that the point is on the curve
		x, y := elliptic.Unmarshal(elliptic.P256(), raw)
		if x == nil {
			return Public{}, "", fmt.Errorf("%w: not on the curve", ErrWeak)
		}
		raw = elliptic.MarshalCompressed(elliptic.P256(), x, y)
	}
	inner, err = NewPublic(plain, raw)
	return inner, string(app), err
}

// SecurityKey returns what a FIDO key's signatures are checked with: the plain
// key and the application string. The error is ErrType for other types.
func (p Public) SecurityKey() (inner Public, application string, err error) {
	if p.typ != SKEd25519 && p.typ != SKECDSA {
		return Public{}, "", fmt.Errorf("%w: %s is no security key", ErrType, p.typ)
	}
	return splitSK(p.typ, []byte(p.raw))
}

// Halves returns the two keys inside a composite key: the ML-DSA-44 public key
// of 1312 bytes and the Ed25519 key. The error is ErrType for other types.
func (p Public) Halves() (mldsa44 []byte, classical ed25519.PublicKey, err error) {
	if p.typ != MLDSA44Ed25519 {
		return nil, nil, fmt.Errorf("%w: %s is no composite key", ErrType, p.typ)
	}
	raw := p.Raw()
	return raw[:1312], ed25519.PublicKey(raw[1312:]), nil
}

func isZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
