package key

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"

	"filippo.io/mldsa"
)

// Public is a public key that has passed every check of its type. The zero
// value is no key. Values can be compared with == and used as map keys.
type Public struct {
	typ Type
	raw string
}

// NewPublic checks a raw public key. Its length and form are those of the
// type, see the package documentation; nothing may follow.
//
// The errors are ErrType, ErrMalformed and ErrWeak.
func NewPublic(t Type, raw []byte) (Public, error) {
	tr, ok := types[t]
	if !ok {
		return Public{}, fmt.Errorf("%w: %q", ErrType, shorten([]byte(t)))
	}
	if tr.publicSize != 0 && len(raw) != tr.publicSize {
		return Public{}, fmt.Errorf("%s public key of %d bytes, want %d: %w", t, len(raw), tr.publicSize, ErrMalformed)
	}
	if err := checkPublic(t, raw); err != nil {
		return Public{}, fmt.Errorf("%s public key: %w", t, err)
	}
	return Public{typ: t, raw: string(raw)}, nil
}

// PublicOf converts a key of the standard library or of filippo.io/mldsa.
//
// The errors are those of NewPublic.
func PublicOf(pub crypto.PublicKey) (Public, error) {
	switch pub := pub.(type) {
	case ed25519.PublicKey:
		return NewPublic(Ed25519, pub)
	case *ecdsa.PublicKey:
		raw, err := pub.Bytes()
		if err != nil {
			return Public{}, fmt.Errorf("ecdsa public key: %w", ErrWeak)
		}
		half := (len(raw) - 1) / 2
		compressed := append([]byte{2 | raw[len(raw)-1]&1}, raw[1:1+half]...)
		switch pub.Curve {
		case elliptic.P256():
			return NewPublic(ECDSAP256, compressed)
		case elliptic.P384():
			return NewPublic(ECDSAP384, compressed)
		}
		return Public{}, fmt.Errorf("%w: ecdsa over a curve other than P-256 and P-384", ErrType)
	case *rsa.PublicKey:
		return NewPublic(RSA, x509.MarshalPKCS1PublicKey(pub))
	case *ecdh.PublicKey:
		if pub.Curve() == ecdh.X25519() {
			return NewPublic(X25519, pub.Bytes())
		}
	case *mldsa.PublicKey:
		if pub.Parameters() == mldsa.MLDSA65() {
			return NewPublic(MLDSA65, pub.Bytes())
		}
	}
	return Public{}, fmt.Errorf("%w: %T", ErrType, pub)
}

// ParseText reads the text form TYPE:BASE64URL, without padding.
//
// The errors are those of NewPublic.
func ParseText(text string) (Public, error) {
	word, encoded, ok := strings.Cut(text, ":")
	if !ok {
		return Public{}, fmt.Errorf("key text without a colon: %w", ErrMalformed)
	}
	t, err := ParseType(word)
	if err != nil {
		return Public{}, err
	}
	if strings.ContainsAny(encoded, "\r\n") { // the decoder would skip them
		return Public{}, fmt.Errorf("%s key text: %w", t, ErrMalformed)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return Public{}, fmt.Errorf("%s key text: %w", t, ErrMalformed)
	}
	return NewPublic(t, raw)
}

// Type is the key's type, "" for the zero value.
func (p Public) Type() Type { return p.typ }

// Raw is a copy of the raw encoding.
func (p Public) Raw() []byte { return []byte(p.raw) }

// IsZero reports whether p is no key.
func (p Public) IsZero() bool { return p.typ == "" }

// String is the text form TYPE:BASE64URL.
func (p Public) String() string {
	return string(p.typ) + ":" + base64.RawURLEncoding.EncodeToString([]byte(p.raw))
}

// Fingerprint is "SHA256:" and the unpadded standard base64 of the SHA-256 of
// Wire: what ssh-keygen -l prints, where OpenSSH knows the type.
func (p Public) Fingerprint() string {
	sum := sha256.Sum256(p.Wire())
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// IsFingerprint reports whether text is a fingerprint in its one spelling.
func IsFingerprint(text string) bool {
	digits, ok := strings.CutPrefix(text, "SHA256:")
	sum, err := base64.RawStdEncoding.Strict().DecodeString(digits)
	return ok && err == nil && len(sum) == sha256.Size && !strings.ContainsAny(digits, "\r\n")
}

// Bits is the size ssh-keygen -l prints in front of the fingerprint.
func (p Public) Bits() int {
	switch p.typ {
	case RSA:
		pub, err := x509.ParsePKCS1PublicKey([]byte(p.raw))
		if err != nil {
			return 0 // unreachable: checked when the value was made
		}
		return pub.N.BitLen()
	case ECDSAP384:
		return 384
	default:
		return 256
	}
}

// Crypto is the key as the library that computes with it wants it:
// ed25519.PublicKey, *ecdsa.PublicKey, *rsa.PublicKey, *ecdh.PublicKey or
// *mldsa.PublicKey. The error is ErrType for the types that have no such form.
func (p Public) Crypto() (crypto.PublicKey, error) {
	raw := p.Raw()
	switch p.typ {
	case Ed25519:
		return ed25519.PublicKey(raw), nil
	case X25519:
		return ecdh.X25519().NewPublicKey(raw)
	case ECDSAP256:
		return decompress(elliptic.P256(), raw)
	case ECDSAP384:
		return decompress(elliptic.P384(), raw)
	case RSA:
		return x509.ParsePKCS1PublicKey(raw)
	case MLDSA65:
		return mldsa.NewPublicKey(mldsa.MLDSA65(), raw)
	}
	return nil, fmt.Errorf("%w: %s has no standard form", ErrType, p.typ)
}

func decompress(curve elliptic.Curve, raw []byte) (*ecdsa.PublicKey, error) {
	x, y := elliptic.UnmarshalCompressed(curve, raw)
	if x == nil {
		return nil, ErrWeak
	}
	//lint:ignore SA1019 the one form that takes coordinates
	return &ecdsa.PublicKey{Curve: curve, X: x, Y: y}, nil
}
