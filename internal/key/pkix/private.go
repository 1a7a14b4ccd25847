package pkix

import (
	"bytes"
	"crypto/x509"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"kai/internal/key"
	"kai/internal/secret"
)

// Tags of the optional parts of OneAsymmetricKey and ECPrivateKey.
var (
	tagAttributes = casn1.Tag(0).ContextSpecific().Constructed()
	tagPublicKey  = casn1.Tag(1).ContextSpecific()
	tagCurve      = casn1.Tag(0).ContextSpecific().Constructed()
	tagPoint      = casn1.Tag(1).ContextSpecific().Constructed()
	tagSeed       = casn1.Tag(0).ContextSpecific() // RFC 9881 §6
)

// MarshalPrivate writes an unencrypted PKCS#8 structure. The error is
// key.ErrType.
func MarshalPrivate(p *key.Private) (*secret.Bytes, error) {
	t := p.Public().Type()
	stored := p.Stored().Expose()
	if t == key.RSA {
		return p.Stored().Clone(), nil // PKCS#8 is how RSA keys are stored
	}
	a, err := identifier(t)
	if err != nil {
		return nil, err
	}
	// Of fixed size: a buffer that grows leaves copies of the secret behind.
	b := cryptobyte.NewFixedBuilder(make([]byte, 0, len(stored)+256))
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(0)
		a.marshal(b)
		b.AddASN1(casn1.OCTET_STRING, func(b *cryptobyte.Builder) {
			switch t {
			case key.SLHDSA128s:
				b.AddBytes(stored)
			case key.MLDSA65:
				b.AddASN1(tagSeed, func(b *cryptobyte.Builder) { b.AddBytes(stored) })
			case key.ECDSAP256:
				addEC(b, stored, publicBits(p.Public()))
			default:
				b.AddASN1OctetString(stored)
			}
		})
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("PKCS#8: %w", err)
	}
	return secret.Take(der), nil
}

// addEC writes an ECPrivateKey as it stands inside PKCS#8: without the curve,
// which is named outside.
func addEC(b *cryptobyte.Builder, scalar, point []byte) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1OctetString(scalar)
		b.AddASN1(tagPoint, func(b *cryptobyte.Builder) { b.AddASN1BitString(point) })
	})
}

// ParsePrivate reads an unencrypted PKCS#8 structure, version 1 or 2.
//
// The errors are key.ErrMalformed, key.ErrType and key.ErrWeak.
func ParsePrivate(der []byte) (*key.Private, error) {
	p, err := parsePrivate(der)
	if err != nil {
		return nil, fmt.Errorf("PKCS#8: %w", err)
	}
	return p, nil
}

func parsePrivate(der []byte) (*key.Private, error) {
	input := cryptobyte.String(der)
	var info, inner, attributes, bits cryptobyte.String
	var version int64
	var hasAttributes bool
	if !input.ReadASN1(&info, casn1.SEQUENCE) || !input.Empty() ||
		!info.ReadASN1Integer(&version) || version < 0 || version > 1 {
		return nil, key.ErrMalformed
	}
	t, err := readAlgorithm(&info)
	if err != nil {
		return nil, err
	}
	if !info.ReadASN1(&inner, casn1.OCTET_STRING) ||
		!info.ReadOptionalASN1(&attributes, &hasAttributes, tagAttributes) {
		return nil, key.ErrMalformed
	}
	announced := info.PeekASN1Tag(tagPublicKey)
	if announced && (version != 1 || !readBits(&info, &bits, tagPublicKey)) || !info.Empty() {
		return nil, key.ErrMalformed
	}
	p, err := parseSecret(t, inner)
	if err != nil {
		return nil, err
	}
	if announced && !bytes.Equal(bits, publicBits(p.Public())) {
		p.Wipe()
		return nil, fmt.Errorf("%w: public half differs", key.ErrWeak)
	}
	return p, nil
}

// parseSecret reads the content of the privateKey string.
func parseSecret(t key.Type, inner cryptobyte.String) (*key.Private, error) {
	whole := inner
	switch t {
	case key.Ed25519, key.X25519:
		if !inner.ReadASN1(&whole, casn1.OCTET_STRING) || !inner.Empty() {
			return nil, key.ErrMalformed
		}
	case key.ECDSAP256, key.ECDSAP384:
		return parseEC(inner, t)
	case key.RSA:
		return ParsePKCS1(inner)
	case key.MLDSA65:
		if inner.PeekASN1Tag(casn1.OCTET_STRING) || inner.PeekASN1Tag(casn1.SEQUENCE) {
			return nil, fmt.Errorf("%w: ML-DSA key with more than its seed", key.ErrType)
		}
		if !inner.ReadASN1(&whole, tagSeed) || !inner.Empty() {
			return nil, key.ErrMalformed
		}
	}
	return key.NewPrivate(t, secret.Take(bytes.Clone(whole)))
}

// ParseEC reads an ECPrivateKey as it stands alone: with its curve.
//
// The errors are key.ErrMalformed, key.ErrType and key.ErrWeak.
func ParseEC(der []byte) (*key.Private, error) { return parseEC(der, "") }

// parseEC reads an ECPrivateKey. Its curve may be known from outside.
func parseEC(input cryptobyte.String, outside key.Type) (*key.Private, error) {
	var structure, scalar, curve, point, bits cryptobyte.String
	var version int64
	var hasCurve, hasPoint bool
	if !input.ReadASN1(&structure, casn1.SEQUENCE) || !input.Empty() ||
		!structure.ReadASN1Integer(&version) || version != 1 ||
		!structure.ReadASN1(&scalar, casn1.OCTET_STRING) ||
		!structure.ReadOptionalASN1(&curve, &hasCurve, tagCurve) ||
		!structure.ReadOptionalASN1(&point, &hasPoint, tagPoint) || !structure.Empty() {
		return nil, fmt.Errorf("SEC 1: %w", key.ErrMalformed)
	}
	t := outside
	if hasCurve {
		inside, err := readCurve(&curve)
		if err != nil {
			return nil, fmt.Errorf("SEC 1: %w", err)
		}
		if outside != "" && inside != outside {
			return nil, fmt.Errorf("SEC 1: %w: another curve than outside", key.ErrMalformed)
		}
		t = inside
	}
	if t == "" || hasPoint && (!readBits(&point, &bits, casn1.BIT_STRING) || !point.Empty()) {
		return nil, fmt.Errorf("SEC 1: %w", key.ErrMalformed)
	}
	p, err := key.NewPrivate(t, secret.Take(bytes.Clone(scalar)))
	if err != nil {
		return nil, fmt.Errorf("SEC 1: %w", err)
	}
	if hasPoint && !bytes.Equal(bits, publicBits(p.Public())) {
		p.Wipe()
		return nil, fmt.Errorf("SEC 1: %w: public half differs", key.ErrWeak)
	}
	return p, nil
}

// ParsePKCS1 reads an RSAPrivateKey of two primes.
//
// The errors are key.ErrMalformed and key.ErrWeak.
func ParsePKCS1(der []byte) (*key.Private, error) {
	if err := checkPKCS1(der); err != nil {
		return nil, fmt.Errorf("PKCS#1: %w", err)
	}
	k, err := x509.ParsePKCS1PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("PKCS#1: %w: its numbers do not fit each other", key.ErrWeak)
	}
	p, err := key.PrivateOf(k)
	if err != nil {
		return nil, fmt.Errorf("PKCS#1: %w", err)
	}
	again := x509.MarshalPKCS1PrivateKey(k)
	defer secret.Zero(again)
	if !bytes.Equal(again, der) { // a wrong CRT number makes signatures that betray the primes
		p.Wipe()
		return nil, fmt.Errorf("PKCS#1: %w: its numbers do not fit each other", key.ErrWeak)
	}
	return p, nil
}

// checkPKCS1 reads the structure and refuses sizes that would make the checks
// of the numbers long.
func checkPKCS1(der []byte) error {
	input := cryptobyte.String(der)
	var structure cryptobyte.String
	var version int64
	if !input.ReadASN1(&structure, casn1.SEQUENCE) || !input.Empty() ||
		!structure.ReadASN1Integer(&version) || version != 0 {
		return key.ErrMalformed
	}
	const numbers, maxBytes = 8, 8192/8 + 1 // n e d p q dp dq qinv, each below n
	for range numbers {
		var n cryptobyte.String
		if !structure.ReadASN1(&n, casn1.INTEGER) || len(n) == 0 || n[0]&0x80 != 0 || len(n) > 1 && n[0] == 0 && n[1]&0x80 == 0 {
			return key.ErrMalformed
		}
		if len(n) > maxBytes {
			return fmt.Errorf("%w: larger than 8192 bits", key.ErrWeak)
		}
	}
	if !structure.Empty() {
		return key.ErrMalformed
	}
	return nil
}
