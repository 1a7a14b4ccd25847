package sshsig

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"

	"kai/internal/digest"
	"kai/internal/key"
	"kai/internal/key/sshwire"
	"kai/internal/sig"
)

const sshMagic = "SSHSIG"

// block is a decoded SSH SIGNATURE.
type block struct {
	key       []byte // key or certificate, as SSH's blob
	keyAt     int    // where it stands in the block
	namespace string
	hash      string
	value     []byte // string(format) ‖ …
	valueAt   int
}

func (b *block) marshal() []byte {
	out := sshwire.AppendUint32([]byte(sshMagic), version)
	out = sshwire.AppendString(out, b.key)
	out = sshwire.AppendString(out, b.namespace)
	out = sshwire.AppendString(out, "")
	out = sshwire.AppendString(out, b.hash)
	return sshwire.AppendString(out, b.value)
}

func parseBlock(raw []byte) (*block, error) {
	c := &cursor{data: raw}
	if err := readHead(c, sshMagic); err != nil {
		return nil, err
	}
	b := &block{}
	var err error
	if b.key, err = c.string("key"); err != nil {
		return nil, err
	}
	b.keyAt = c.pos - len(b.key)
	if b.namespace, err = readNamespace(c); err != nil {
		return nil, err
	}
	if _, err = c.sized("reserved field", 0); err != nil {
		return nil, err
	}
	hash, err := c.string("hash name")
	if err != nil {
		return nil, err
	}
	b.hash = string(hash)
	if b.value, err = c.string("signature"); err != nil {
		return nil, err
	}
	b.valueAt = c.pos - len(b.value)
	return b, c.end("the block")
}

// readHead reads the magic word and the version, which both kinds of block have.
func readHead(c *cursor, magic string) error {
	if err := c.magic(magic); err != nil {
		return err
	}
	v, err := c.uint32("version")
	if err != nil {
		return err
	}
	if v != version {
		return fmt.Errorf("%w: %s version %d", sig.ErrUnsupported, magic, v)
	}
	return nil
}

func readNamespace(c *cursor) (string, error) {
	ns, err := c.string("namespace")
	if err != nil {
		return "", err
	}
	return string(ns), sig.CheckNamespace(string(ns))
}

// claim interprets a block. What is well-formed but not judged here becomes the
// claim's fault: other signatures of the file are not touched by it.
func (b *block) claim() (*sig.Claim, error) {
	c := &sig.Claim{Format: formatName, Namespace: b.namespace, Hash: b.hash}
	if err := b.readKey(c); err != nil {
		return nil, err
	}
	if err := b.readSignature(c); err != nil {
		return nil, err
	}
	h, err := hashOf(b.hash)
	if err != nil {
		c.Fault = errors.Join(c.Fault, err)
		return c, nil
	}
	c.Content = sig.Content{Hash: h, Wrap: func(sum []byte) []byte { return signed(b.namespace, b.hash, sum) }}
	return c, nil
}

// readKey sets Key, and Certificate if the blob is one.
func (b *block) readKey(c *sig.Claim) error {
	blob := b.key
	if name, ok := certificateType(blob); ok {
		if !knownCertificate(name) {
			c.Fault = fmt.Errorf("%w: certificate type %q", sig.ErrUnsupported, shorten([]byte(name)))
			return nil
		}
		parsed, err := ssh.ParsePublicKey(blob)
		if err != nil {
			return &flaw{b.keyAt, "malformed certificate"}
		}
		c.Certificate, blob = blob, parsed.(*ssh.Certificate).Key.Marshal()
	}
	pub, err := key.ParseWire(blob)
	switch {
	case err == nil:
		c.Key = pub
	case errors.Is(err, key.ErrMalformed):
		return &flaw{b.keyAt, "malformed key"}
	case errors.Is(err, key.ErrType):
		c.Fault = fmt.Errorf("%w: %w", sig.ErrUnsupported, err)
	default:
		c.Fault = err
	}
	return nil
}

// certificateType is the name at the head of a blob, if it is one of a
// certificate.
func certificateType(blob []byte) (string, bool) {
	name, err := (&cursor{data: blob}).string("key type")
	return string(name), err == nil && strings.HasSuffix(string(name), "-cert-v01@openssh.com")
}

// knownCertificate lists what package ssh parses and returns as *Certificate.
func knownCertificate(name string) bool {
	switch name {
	case ssh.CertAlgoED25519v01, ssh.CertAlgoECDSA256v01, ssh.CertAlgoECDSA384v01, ssh.CertAlgoRSAv01,
		ssh.CertAlgoSKED25519v01, ssh.CertAlgoSKECDSA256v01:
		return true
	}
	return false
}

// readSignature sets Scheme and Signature.
func (b *block) readSignature(c *sig.Claim) error {
	in := &cursor{data: b.value, base: b.valueAt}
	format, err := in.string("signature format")
	if err != nil {
		return err
	}
	r, ok := ruleOf(string(format))
	if !ok {
		c.Fault = errors.Join(c.Fault, fmt.Errorf("%w: signature format %q", sig.ErrUnsupported, shorten(format)))
		return nil
	}
	if !c.Key.IsZero() && c.Key.Type() != r.scheme.KeyType() {
		return &flaw{b.valueAt, "signature format does not fit the key"}
	}
	c.Scheme = r.scheme
	c.Signature, err = r.readValue(in)
	return err
}

// hashOf accepts the two hashes that OpenSSH accepts.
func hashOf(name string) (digest.Algorithm, error) {
	switch name {
	case "sha256":
		return digest.SHA256, nil
	case "sha512":
		return digest.SHA512, nil
	}
	return 0, fmt.Errorf("%w: hash %q", sig.ErrUnsupported, shorten([]byte(name)))
}

// signed is what the classical signature covers.
func signed(namespace, hash string, sum []byte) []byte {
	out := sshwire.AppendString([]byte(sshMagic), namespace)
	out = sshwire.AppendString(out, "")
	out = sshwire.AppendString(out, hash)
	return sshwire.AppendString(out, sum)
}

// shorten keeps foreign words in error texts short; %q escapes them.
func shorten(b []byte) []byte {
	if len(b) > 40 {
		return append(append([]byte{}, b[:40]...), "..."...)
	}
	return b
}
