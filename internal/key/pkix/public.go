package pkix

import (
	"crypto/elliptic"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"kai/internal/key"
)

// MarshalPublic writes a SubjectPublicKeyInfo. The error is key.ErrType.
func MarshalPublic(p key.Public) ([]byte, error) {
	a, err := identifier(p.Type())
	if err != nil {
		return nil, err
	}
	bits := publicBits(p)
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		a.marshal(b)
		b.AddASN1BitString(bits)
	})
	return b.Bytes()
}

// publicBits is what stands in the bit string: the raw key, and for curves the
// point in full.
func publicBits(p key.Public) []byte {
	curve := curveOf(p.Type())
	if curve == nil {
		return p.Raw()
	}
	x, y := elliptic.UnmarshalCompressed(curve, p.Raw())
	//lint:ignore SA1019 the one uncompressed writer
	return elliptic.Marshal(curve, x, y)
}

// ParsePublic reads a SubjectPublicKeyInfo.
//
// The errors are key.ErrMalformed, key.ErrType and key.ErrWeak.
func ParsePublic(der []byte) (key.Public, error) {
	input := cryptobyte.String(der)
	var info, bits cryptobyte.String
	if !input.ReadASN1(&info, casn1.SEQUENCE) || !input.Empty() {
		return key.Public{}, fmt.Errorf("SPKI: %w", key.ErrMalformed)
	}
	t, err := readAlgorithm(&info)
	if err != nil {
		return key.Public{}, fmt.Errorf("SPKI: %w", err)
	}
	if !readBits(&info, &bits, casn1.BIT_STRING) || !info.Empty() {
		return key.Public{}, fmt.Errorf("SPKI: %w", key.ErrMalformed)
	}
	return publicOfBits(t, bits)
}

// ParsePKCS1Public reads an RSAPublicKey.
//
// The errors are key.ErrMalformed and key.ErrWeak.
func ParsePKCS1Public(der []byte) (key.Public, error) { return key.NewPublic(key.RSA, der) }

// publicOfBits is the inverse of publicBits.
func publicOfBits(t key.Type, bits []byte) (key.Public, error) {
	curve := curveOf(t)
	if curve == nil {
		return key.NewPublic(t, bits)
	}
	size := (curve.Params().BitSize + 7) / 8
	if len(bits) != 1+2*size || bits[0] != 4 {
		return key.Public{}, fmt.Errorf("SPKI: %w: point", key.ErrMalformed)
	}
	//lint:ignore SA1019 checks that the point is on the curve
	x, y := elliptic.Unmarshal(curve, bits)
	if x == nil {
		return key.Public{}, fmt.Errorf("SPKI: %w: not on the curve", key.ErrWeak)
	}
	return key.NewPublic(t, elliptic.MarshalCompressed(curve, x, y))
}

// readBits reads a bit string of whole bytes.
func readBits(s, bits *cryptobyte.String, tag casn1.Tag) bool {
	var unused uint8
	return s.ReadASN1(bits, tag) && bits.ReadUint8(&unused) && unused == 0
}
