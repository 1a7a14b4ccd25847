package key

import (
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"math/big"

	"kai/internal/key/sshwire"
)

// Wire is the key as OpenSSH's blob or, for types OpenSSH lacks,
// string(TYPE) ‖ string(raw). It is what fingerprints are taken over.
func (p Public) Wire() []byte {
	switch p.typ {
	case SKEd25519, SKECDSA:
		return p.Raw()
	case ECDSAP256, ECDSAP384:
		curve, name := elliptic.P256(), "nistp256"
		if p.typ == ECDSAP384 {
			curve, name = elliptic.P384(), "nistp384"
		}
		x, y := elliptic.UnmarshalCompressed(curve, []byte(p.raw))
		b := sshwire.AppendString(nil, []byte(p.typ.SSHName()))
		b = sshwire.AppendString(b, []byte(name))
		//lint:ignore SA1019 the one uncompressed writer
		return sshwire.AppendString(b, elliptic.Marshal(curve, x, y))
	case RSA:
		pub, err := x509.ParsePKCS1PublicKey([]byte(p.raw))
		if err != nil {
			return nil // unreachable: checked when the value was made
		}
		b := sshwire.AppendString(nil, []byte("ssh-rsa"))
		b = sshwire.AppendMPInt(b, big.NewInt(int64(pub.E)))
		return sshwire.AppendMPInt(b, pub.N)
	}
	name := p.typ.SSHName()
	if name == "" {
		name = string(p.typ)
	}
	return sshwire.AppendString(sshwire.AppendString(nil, []byte(name)), []byte(p.raw))
}

// ParseWire reads what Wire writes, and OpenSSH's older name of the composite
// key. Certificates are not keys: see the OpenSSH faces.
//
// The errors are ErrType, ErrMalformed and ErrWeak.
func ParseWire(blob []byte) (Public, error) {
	name, rest, ok := sshwire.CutString(blob)
	if !ok {
		return Public{}, fmt.Errorf("key blob: %w", ErrMalformed)
	}
	t, ok := typeOfWire(string(name))
	if !ok {
		return Public{}, fmt.Errorf("key blob: %w: %q", ErrType, shorten(name))
	}
	raw, ok := rawOfWire(t, blob, rest)
	if !ok {
		return Public{}, fmt.Errorf("%s key blob: %w", t, ErrMalformed)
	}
	return NewPublic(t, raw)
}

func typeOfWire(name string) (Type, bool) {
	if name == "ssh-mldsa44-ed25519@openssh.com" {
		return MLDSA44Ed25519, true
	}
	for t, tr := range types {
		if tr.ssh == name || tr.ssh == "" && string(t) == name {
			return t, true
		}
	}
	return "", false
}

func rawOfWire(t Type, blob, rest []byte) ([]byte, bool) {
	switch t {
	case SKEd25519, SKECDSA:
		return blob, true
	case ECDSAP256, ECDSAP384:
		curve, want := elliptic.P256(), "nistp256"
		if t == ECDSAP384 {
			curve, want = elliptic.P384(), "nistp384"
		}
		name, rest, ok := sshwire.CutString(rest)
		if !ok || string(name) != want {
			return nil, false
		}
		point, rest, ok := sshwire.CutString(rest)
		if !ok || len(rest) != 0 {
			return nil, false
		}
		//lint:ignore SA1019 checks that the point is on the curve
		x, y := elliptic.Unmarshal(curve, point)
		if x == nil {
			return nil, false
		}
		return elliptic.MarshalCompressed(curve, x, y), true
	case RSA:
		e, rest, ok := sshwire.CutMPInt(rest)
		if !ok {
			return nil, false
		}
		n, rest, ok := sshwire.CutMPInt(rest)
		if !ok || len(rest) != 0 || !e.IsInt64() || e.Int64() > 1<<32-1 {
			return nil, false
		}
		return x509.MarshalPKCS1PublicKey(&rsa.PublicKey{N: n, E: int(e.Int64())}), true
	}
	raw, rest, ok := sshwire.CutString(rest)
	return raw, ok && len(rest) == 0
}

// shorten keeps foreign words in error texts short; %q escapes them.
func shorten(b []byte) []byte {
	if len(b) > 40 {
		return append(append([]byte{}, b[:40]...), "..."...)
	}
	return b
}
