package jwk

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"math/big"

	"kai/internal/canon"
	"kai/internal/key"
	"kai/internal/secret"
)

// public reads the public members. checkType has passed.
func (m *members) public() (key.Public, error) {
	switch m.Kty {
	case "OKP":
		x, err := decode("x", m.X, 32)
		if err != nil {
			return key.Public{}, err
		}
		return key.NewPublic(okpType(m.Crv), x)
	case "AKP":
		pub, err := decode("pub", m.Pub, 0)
		if err != nil {
			return key.Public{}, err
		}
		return key.NewPublic(key.MLDSA65, pub)
	case "EC":
		return m.point()
	}
	n, err := m.number("n", m.N)
	if err != nil {
		return key.Public{}, err
	}
	e, err := m.number("e", m.E)
	if err != nil {
		return key.Public{}, err
	}
	if e.BitLen() > 32 {
		return key.Public{}, fmt.Errorf("%w: e", key.ErrWeak)
	}
	return key.PublicOf(&rsa.PublicKey{N: n, E: int(e.Int64())})
}

func okpType(crv string) key.Type {
	if crv == "X25519" {
		return key.X25519
	}
	return key.Ed25519
}

func (m *members) point() (key.Public, error) {
	t, curve := key.ECDSAP256, elliptic.P256()
	if m.Crv == "P-384" {
		t, curve = key.ECDSAP384, elliptic.P384()
	}
	size := curve.Params().BitSize / 8
	x, err := decode("x", m.X, size)
	if err != nil {
		return key.Public{}, err
	}
	y, err := decode("y", m.Y, size)
	if err != nil {
		return key.Public{}, err
	}
	k, err := ecdsa.ParseUncompressedPublicKey(curve, append(append([]byte{4}, x...), y...))
	if err != nil {
		return key.Public{}, fmt.Errorf("%s public key: %w: not on the curve", t, key.ErrWeak)
	}
	return key.PublicOf(k)
}

// number decodes a Base64urlUInt: RFC 7518 §2, without leading zeros.
func (m *members) number(name string, value *string) (*big.Int, error) {
	raw, err := decode(name, value, 0)
	if err != nil {
		return nil, err
	}
	if raw[0] == 0 {
		return nil, fmt.Errorf("%w: %s is not in the shortest form", key.ErrMalformed, name)
	}
	return new(big.Int).SetBytes(raw), nil
}

// private reads the secret members; nil for a public key.
func (m *members) private(public key.Public) (*key.Private, error) {
	t := public.Type()
	value, name := m.D, "d"
	if t == key.MLDSA65 {
		value, name = m.Priv, "priv"
	}
	if value == nil {
		if m.D != nil || m.P != nil || m.Q != nil || m.DP != nil || m.DQ != nil || m.QI != nil || m.Priv != nil {
			return nil, fmt.Errorf("%w: secret members without %s", key.ErrMalformed, name)
		}
		return nil, nil
	}
	switch t {
	case key.RSA:
		return m.privateRSA(public)
	case key.ECDSAP384:
		return nil, fmt.Errorf("%w: private keys over P-384 are not held", key.ErrType)
	}
	raw, err := decode(name, value, 32)
	if err != nil {
		return nil, err
	}
	return key.NewPrivate(t, secret.Take(raw))
}

func (m *members) privateRSA(public key.Public) (*key.Private, error) {
	var numbers [6]*big.Int
	for i, member := range []struct {
		name  string
		value *string
	}{{"d", m.D}, {"p", m.P}, {"q", m.Q}, {"dp", m.DP}, {"dq", m.DQ}, {"qi", m.QI}} {
		n, err := m.number(member.name, member.value)
		if err != nil {
			return nil, err
		}
		if n.BitLen() > public.Bits() { // the lengths bound the work of the checks
			return nil, fmt.Errorf("%w: %s", key.ErrWeak, member.name)
		}
		numbers[i] = n
	}
	crypto, err := public.Crypto()
	if err != nil {
		return nil, err
	}
	k := &rsa.PrivateKey{PublicKey: *crypto.(*rsa.PublicKey), D: numbers[0], Primes: numbers[1:3]}
	p, err := key.PrivateOf(k)
	if err != nil {
		return nil, err
	}
	k.Precompute()
	for i, n := range []*big.Int{k.Precomputed.Dp, k.Precomputed.Dq, k.Precomputed.Qinv} {
		if n == nil || n.Cmp(numbers[3+i]) != 0 { // a wrong one makes signatures that betray the primes
			p.Wipe()
			return nil, fmt.Errorf("rsa private key: %w: its numbers do not fit each other", key.ErrWeak)
		}
	}
	return p, nil
}

// MarshalPublic writes a key as canonical JSON. An empty kid is left out. The
// error is key.ErrType.
func MarshalPublic(p key.Public, kid string) ([]byte, error) {
	m, err := membersOf(p, kid)
	if err != nil {
		return nil, err
	}
	return canon.Marshal(m)
}

// MarshalSet writes a set of keys as canonical JSON, with their fingerprints
// as kid. The error is key.ErrType.
func MarshalSet(keys []key.Public) ([]byte, error) {
	set := struct {
		Keys []*members `json:"keys"`
	}{[]*members{}}
	for _, p := range keys {
		m, err := membersOf(p, p.Fingerprint())
		if err != nil {
			return nil, err
		}
		set.Keys = append(set.Keys, m)
	}
	return canon.Marshal(set)
}

// MarshalPrivate writes a private key as canonical JSON. JWK has no encryption
// of its own. The error is key.ErrType.
func MarshalPrivate(p *key.Private, kid string) (*secret.Bytes, error) {
	m, err := membersOf(p.Public(), kid)
	if err != nil {
		return nil, err
	}
	defer m.wipe()
	switch p.Public().Type() {
	case key.RSA:
		k, err := p.Crypto()
		if err != nil {
			return nil, err
		}
		m.addRSA(k.(*rsa.PrivateKey))
	case key.MLDSA65:
		m.Priv = encode(p.Stored().Expose())
	default:
		m.D = encode(p.Stored().Expose())
	}
	text, err := canon.Marshal(m)
	if err != nil {
		return nil, err
	}
	return secret.Take(text), nil
}

func (m *members) addRSA(k *rsa.PrivateKey) {
	k.Precompute()
	for member, n := range map[**string]*big.Int{
		&m.D: k.D, &m.P: k.Primes[0], &m.Q: k.Primes[1],
		&m.DP: k.Precomputed.Dp, &m.DQ: k.Precomputed.Dq, &m.QI: k.Precomputed.Qinv,
	} {
		*member = encode(n.Bytes())
	}
}

func membersOf(p key.Public, kid string) (*members, error) {
	if err := key.CheckComment(kid); err != nil {
		return nil, err
	}
	m := &members{Kid: kid}
	switch p.Type() {
	case key.Ed25519:
		m.Kty, m.Crv, m.X = "OKP", "Ed25519", encode(p.Raw())
	case key.X25519:
		m.Kty, m.Crv, m.X = "OKP", "X25519", encode(p.Raw())
	case key.MLDSA65:
		m.Kty, m.Alg, m.Pub = "AKP", "ML-DSA-65", encode(p.Raw())
	case key.ECDSAP256, key.ECDSAP384, key.RSA:
		k, err := p.Crypto()
		if err != nil {
			return nil, err
		}
		if k, ok := k.(*rsa.PublicKey); ok {
			m.Kty, m.N, m.E = "RSA", encode(k.N.Bytes()), encode(big.NewInt(int64(k.E)).Bytes())
			break
		}
		ec := k.(*ecdsa.PublicKey)
		point, err := ec.Bytes()
		if err != nil {
			return nil, fmt.Errorf("%s public key: %w", p.Type(), key.ErrWeak)
		}
		half := (len(point) - 1) / 2
		m.Kty, m.Crv, m.X, m.Y = "EC", ec.Curve.Params().Name, encode(point[1:1+half]), encode(point[1+half:])
	default:
		return nil, fmt.Errorf("%w: JWK has no %s keys", key.ErrType, p.Type())
	}
	return m, nil
}
