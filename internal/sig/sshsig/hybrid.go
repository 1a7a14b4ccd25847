package sshsig

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"kai/internal/key"
	"kai/internal/key/sshwire"
	"kai/internal/sig"
)

const kaiMagic = "KAISIG"

// hybrid is a decoded KAI SIGNATURE.
type hybrid struct {
	algorithm string
	key       []byte
	keyAt     int // where it stands in the block
	namespace string
	hash      string
	bound     []byte
	signature []byte
}

func (h *hybrid) marshal() []byte {
	out := sshwire.AppendUint32([]byte(kaiMagic), version)
	out = sshwire.AppendString(out, h.algorithm)
	out = sshwire.AppendString(out, h.key)
	out = sshwire.AppendString(out, h.namespace)
	out = sshwire.AppendString(out, h.hash)
	out = sshwire.AppendString(out, h.bound)
	return sshwire.AppendString(out, h.signature)
}

func parseHybrid(raw []byte) (*hybrid, error) {
	c := &cursor{data: raw}
	if err := readHead(c, kaiMagic); err != nil {
		return nil, err
	}
	algorithm, err := c.string("algorithm")
	if err != nil {
		return nil, err
	}
	if key.Type(algorithm) != key.MLDSA65 {
		return nil, fmt.Errorf("%w: post-quantum algorithm %q", sig.ErrUnsupported, shorten(algorithm))
	}
	h := &hybrid{algorithm: string(algorithm)}
	if h.key, err = c.string("key"); err != nil {
		return nil, err
	}
	h.keyAt = c.pos - len(h.key)
	if h.namespace, err = readNamespace(c); err != nil {
		return nil, err
	}
	hash, err := c.string("hash name")
	if err != nil {
		return nil, err
	}
	h.hash = string(hash)
	if h.bound, err = c.sized("bound", boundSize); err != nil {
		return nil, err
	}
	if h.signature, err = c.sized("signature", mldsa65SignatureSize); err != nil {
		return nil, err
	}
	return h, c.end("the block")
}

// claim interprets a KAI block that follows the SSH block first. Contradictions
// between the two are not syntax: somebody put the block of one signature
// behind another, and that signature is bad.
func (h *hybrid) claim(first []byte, classical *sig.Claim) (*sig.Claim, error) {
	pub, err := key.NewPublic(key.MLDSA65, h.key)
	if errors.Is(err, key.ErrMalformed) {
		return nil, &flaw{h.keyAt, "malformed post-quantum key"}
	}
	c := &sig.Claim{
		Format: formatName, Namespace: h.namespace, Hash: h.hash,
		Key: pub, Scheme: sig.MLDSA65SSHSig, Signature: h.signature,
		Fault: err,
		Content: sig.Content{
			Hash: classical.Content.Hash,
			Wrap: func(sum []byte) []byte { return h.signed(sum) },
		},
	}
	bound := sha256.Sum256(first)
	switch {
	case c.Fault != nil:
	case h.namespace != classical.Namespace:
		c.Fault = &sig.BadSignature{Code: "pq", Reason: "post-quantum half is for another namespace"}
	case h.hash != classical.Hash:
		c.Fault = &sig.BadSignature{Code: "pq", Reason: "post-quantum half is over another hash"}
	case string(h.bound) != string(bound[:]):
		c.Fault = &sig.BadSignature{Code: "pq", Reason: "post-quantum half belongs to another signature"}
	}
	return c, nil
}

// signed is what the post-quantum signature covers.
func (h *hybrid) signed(sum []byte) []byte {
	out := sshwire.AppendString([]byte(kaiMagic), h.namespace)
	out = sshwire.AppendString(out, h.hash)
	out = sshwire.AppendString(out, sum)
	return sshwire.AppendString(out, h.bound)
}
