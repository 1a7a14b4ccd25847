package openssh

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
	"math/big"

	"kai/internal/key"
	"kai/internal/key/sshwire"
	"kai/internal/secret"
)

// parseSecret reads the part of a private section that depends on the type.
func parseSecret(name string, b []byte) (p *key.Private, rest []byte, err error) {
	switch name {
	case "ssh-ed25519":
		return parseEd25519(b)
	case "ecdsa-sha2-nistp256":
		return parseECDSA(b)
	case "ssh-rsa":
		return parseRSA(b)
	case "ssh-mldsa44-ed25519", "ssh-mldsa44-ed25519@openssh.com":
		return parseComposite(b)
	}
	return nil, nil, fmt.Errorf("%w: private key of another type than the file says, or not held", key.ErrType)
}

func parseEd25519(b []byte) (*key.Private, []byte, error) {
	public, b, ok1 := sshwire.CutString(b)
	both, b, ok2 := sshwire.CutString(b)
	if !ok1 || !ok2 || len(both) != ed25519.PrivateKeySize {
		return nil, nil, key.ErrMalformed
	}
	p, err := key.PrivateOf(ed25519.PrivateKey(both))
	return checked(p, b, err, func() bool { return bytes.Equal(public, both[32:]) })
}

func parseECDSA(b []byte) (*key.Private, []byte, error) {
	curve, b, ok1 := sshwire.CutString(b)
	point, b, ok2 := sshwire.CutString(b)
	d, b, ok3 := sshwire.CutMPInt(b)
	if !ok1 || !ok2 || !ok3 || string(curve) != "nistp256" || d.BitLen() > 256 {
		return nil, nil, key.ErrMalformed
	}
	p, err := key.NewPrivate(key.ECDSAP256, secret.Take(d.FillBytes(make([]byte, 32))))
	return checked(p, b, err, func() bool {
		blob := sshwire.AppendString(nil, "ecdsa-sha2-nistp256")
		blob = sshwire.AppendString(blob, curve)
		return bytes.Equal(sshwire.AppendString(blob, point), p.Public().Wire())
	})
}

func parseRSA(b []byte) (*key.Private, []byte, error) {
	var n, e, d, iqmp, p, q *big.Int
	for _, number := range []**big.Int{&n, &e, &d, &iqmp, &p, &q} {
		var ok bool
		if *number, b, ok = sshwire.CutMPInt(b); !ok || *number != n && (*number).BitLen() > n.BitLen() {
			return nil, nil, key.ErrMalformed // the lengths bound the work of the checks
		}
	}
	if e.BitLen() > 32 {
		return nil, nil, key.ErrMalformed
	}
	k := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: n, E: int(e.Int64())}, D: d, Primes: []*big.Int{p, q}}
	private, err := key.PrivateOf(k)
	return checked(private, b, err, func() bool {
		again, err := private.Crypto()
		made, ok := again.(*rsa.PrivateKey)
		return err == nil && ok && made.Precomputed.Qinv != nil && made.Precomputed.Qinv.Cmp(iqmp) == 0
	})
}

func parseComposite(b []byte) (*key.Private, []byte, error) {
	public, b, ok1 := sshwire.CutString(b)
	seeds, b, ok2 := sshwire.CutString(b)
	if !ok1 || !ok2 {
		return nil, nil, key.ErrMalformed
	}
	p, err := key.NewPrivate(key.MLDSA44Ed25519, secret.Take(bytes.Clone(seeds)))
	return checked(p, b, err, func() bool { return bytes.Equal(public, p.Public().Raw()) })
}

// checked refuses a key whose other numbers do not follow from its secret.
func checked(p *key.Private, rest []byte, err error, consistent func() bool) (*key.Private, []byte, error) {
	if err != nil {
		return nil, nil, err
	}
	if !consistent() {
		p.Wipe()
		return nil, nil, fmt.Errorf("%w: its numbers do not fit each other", key.ErrWeak)
	}
	return p, rest, nil
}

// appendSecret writes the part of a private section that depends on the type.
func appendSecret(b []byte, p *key.Private) ([]byte, error) {
	raw := p.Public().Raw()
	stored := p.Stored().Expose()
	switch p.Public().Type() {
	case key.Ed25519:
		b = sshwire.AppendString(b, raw)
		b = sshwire.AppendUint32(b, ed25519.PrivateKeySize)
		return append(append(b, stored...), raw...), nil
	case key.MLDSA44Ed25519:
		return sshwire.AppendString(sshwire.AppendString(b, raw), stored), nil
	case key.ECDSAP256, key.RSA:
		k, err := p.Crypto()
		if err != nil {
			return nil, err
		}
		if k, ok := k.(*rsa.PrivateKey); ok {
			return appendRSA(b, k), nil
		}
		point, err := k.(*ecdsa.PrivateKey).PublicKey.Bytes()
		if err != nil {
			return nil, fmt.Errorf("OpenSSH private key: %w", err)
		}
		b = sshwire.AppendString(b, "nistp256")
		b = sshwire.AppendString(b, point)
		return sshwire.AppendMPInt(b, new(big.Int).SetBytes(stored)), nil
	}
	return nil, fmt.Errorf("%w: OpenSSH has no %s keys", key.ErrType, p.Public().Type())
}

func appendRSA(b []byte, k *rsa.PrivateKey) []byte {
	k.Precompute()
	p, q := k.Primes[0], k.Primes[1]
	for _, n := range []*big.Int{k.N, big.NewInt(int64(k.E)), k.D, k.Precomputed.Qinv, p, q} {
		b = sshwire.AppendMPInt(b, n)
	}
	return b
}
