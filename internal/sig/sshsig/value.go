package sshsig

import (
	"crypto/ed25519"
	"encoding/asn1"
	"fmt"
	"math/big"

	"kai/internal/key"
	"kai/internal/key/sshwire"
	"kai/internal/sig"
)

// shape is how SSH carries a signature, apart from the format's name.
type shape int

const (
	plain   shape = iota // string(bytes)
	numbers              // string(mpint r ‖ mpint s); DER in package sig
)

// rule of a signature format.
type rule struct {
	scheme  sig.Scheme
	shape   shape
	size    int  // of a plain signature, 0 if it varies with the key
	trailer bool // FIDO's flags and counter follow
}

// ruleOf knows the formats that are judged here. ssh-rsa is not: it means SHA-1.
func ruleOf(format string) (rule, bool) {
	switch format {
	case "ssh-ed25519":
		return rule{scheme: sig.Ed25519, size: ed25519.SignatureSize}, true
	case "ecdsa-sha2-nistp256":
		return rule{scheme: sig.ECDSASHA256, shape: numbers}, true
	case "ecdsa-sha2-nistp384":
		return rule{scheme: sig.ECDSASHA384, shape: numbers}, true
	case "rsa-sha2-256":
		return rule{scheme: sig.RSASHA256}, true
	case "rsa-sha2-512":
		return rule{scheme: sig.RSASHA512}, true
	case "sk-ssh-ed25519@openssh.com":
		return rule{scheme: sig.SKEd25519, size: ed25519.SignatureSize, trailer: true}, true
	case "sk-ecdsa-sha2-nistp256@openssh.com":
		return rule{scheme: sig.SKECDSA, shape: numbers, trailer: true}, true
	case "ssh-mldsa44-ed25519", "ssh-mldsa44-ed25519@openssh.com":
		return rule{scheme: sig.Composite, size: key.CompositeSignatureSize}, true
	}
	return rule{}, false
}

// formatOf is the format that a key signs in.
func formatOf(t key.Type) (string, error) {
	switch t {
	case key.Ed25519, key.ECDSAP256, key.MLDSA44Ed25519:
		return t.SSHName(), nil
	case key.RSA:
		return "rsa-sha2-512", nil // as ssh-keygen
	}
	return "", fmt.Errorf("%w: %s keys do not sign in the SSH format", sig.ErrScheme, t)
}

// readValue returns a signature in the encoding of its scheme. The cursor
// stands behind the format's name; nothing may follow the signature.
func (r rule) readValue(c *cursor) ([]byte, error) {
	value, err := r.readPlain(c)
	if err != nil {
		return nil, err
	}
	if r.trailer {
		flags, err := c.byte("flags")
		if err != nil {
			return nil, err
		}
		at := c.pos
		if _, err := c.uint32("counter"); err != nil {
			return nil, err
		}
		value = append(append(append([]byte{}, value...), flags), c.data[at:c.pos]...)
	}
	return value, c.end("the signature")
}

func (r rule) readPlain(c *cursor) ([]byte, error) {
	if r.shape == numbers {
		return readNumbers(c)
	}
	if r.size != 0 {
		return c.sized("signature", r.size)
	}
	return c.string("signature")
}

func readNumbers(c *cursor) ([]byte, error) {
	inner, err := c.nested("signature")
	if err != nil {
		return nil, err
	}
	r, err := inner.number("r")
	if err != nil {
		return nil, err
	}
	s, err := inner.number("s")
	if err != nil {
		return nil, err
	}
	if err := inner.end("s"); err != nil {
		return nil, err
	}
	return asn1.Marshal(struct{ R, S *big.Int }{r, s})
}

// appendValue is the inverse of readValue for the formats that are written.
func appendValue(b []byte, format string, value []byte) ([]byte, error) {
	b = sshwire.AppendString(b, format)
	if r, _ := ruleOf(format); r.shape != numbers {
		return sshwire.AppendString(b, value), nil
	}
	var n struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(value, &n); err != nil || len(rest) != 0 {
		return nil, fmt.Errorf("%w: signer returned no ECDSA signature", sig.ErrSelfCheck)
	}
	return sshwire.AppendString(b, sshwire.AppendMPInt(sshwire.AppendMPInt(nil, n.R), n.S)), nil
}
