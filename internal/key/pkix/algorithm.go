package pkix

import (
	"crypto/elliptic"
	"encoding/asn1"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"kai/internal/key"
)

var (
	oidEd25519    = asn1.ObjectIdentifier{1, 3, 101, 112}
	oidX25519     = asn1.ObjectIdentifier{1, 3, 101, 110}
	oidEC         = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidP256       = asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}
	oidP384       = asn1.ObjectIdentifier{1, 3, 132, 0, 34}
	oidRSA        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidMLDSA65    = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3, 18}
	oidSLHDSA128s = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3, 20}
)

// algorithm is how a type is named: an identifier and its parameters.
type algorithm struct {
	oid   asn1.ObjectIdentifier
	curve asn1.ObjectIdentifier // parameter, of elliptic curves
	null  bool                  // parameter, of RSA
}

var algorithms = map[key.Type]algorithm{
	key.Ed25519:    {oid: oidEd25519},
	key.X25519:     {oid: oidX25519},
	key.ECDSAP256:  {oid: oidEC, curve: oidP256},
	key.ECDSAP384:  {oid: oidEC, curve: oidP384},
	key.RSA:        {oid: oidRSA, null: true},
	key.MLDSA65:    {oid: oidMLDSA65},
	key.SLHDSA128s: {oid: oidSLHDSA128s},
}

// curveOf is the curve of an elliptic type, and nil for others.
func curveOf(t key.Type) elliptic.Curve {
	switch t {
	case key.ECDSAP256:
		return elliptic.P256()
	case key.ECDSAP384:
		return elliptic.P384()
	}
	return nil
}

// identifier is the algorithm of a type. The error is key.ErrType.
func identifier(t key.Type) (algorithm, error) {
	a, ok := algorithms[t]
	if !ok {
		return algorithm{}, fmt.Errorf("%w: PEM has no %s keys", key.ErrType, t)
	}
	return a, nil
}

func (a algorithm) marshal(b *cryptobyte.Builder) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(a.oid)
		if a.curve != nil {
			b.AddASN1ObjectIdentifier(a.curve)
		}
		if a.null {
			b.AddASN1NULL()
		}
	})
}

// readAlgorithm reads an AlgorithmIdentifier and names the type.
//
// The errors are key.ErrMalformed and key.ErrType.
func readAlgorithm(s *cryptobyte.String) (key.Type, error) {
	var id cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !s.ReadASN1(&id, casn1.SEQUENCE) || !id.ReadASN1ObjectIdentifier(&oid) {
		return "", key.ErrMalformed
	}
	if oid.Equal(oidEC) {
		return readCurve(&id)
	}
	for t, a := range algorithms {
		if !a.oid.Equal(oid) {
			continue
		}
		if a.null {
			var null cryptobyte.String
			if !id.ReadASN1(&null, casn1.NULL) || !null.Empty() {
				return "", key.ErrMalformed
			}
		}
		if !id.Empty() {
			return "", key.ErrMalformed
		}
		return t, nil
	}
	return "", fmt.Errorf("%w: algorithm %s", key.ErrType, oid)
}

// readCurve reads the name of a curve, which nothing may follow.
func readCurve(s *cryptobyte.String) (key.Type, error) {
	var curve asn1.ObjectIdentifier
	if !s.PeekASN1Tag(casn1.OBJECT_IDENTIFIER) {
		return "", fmt.Errorf("%w: elliptic curve without a name", key.ErrType)
	}
	if !s.ReadASN1ObjectIdentifier(&curve) || !s.Empty() {
		return "", key.ErrMalformed
	}
	for t, a := range algorithms {
		if a.curve.Equal(curve) && a.curve != nil {
			return t, nil
		}
	}
	return "", fmt.Errorf("%w: elliptic curve %s", key.ErrType, curve)
}
