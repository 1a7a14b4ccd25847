package checkpoint

import (
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Signer signs checkpoints with a key under a name and a type. It is a
// note.Signer of golang.org/x/mod/sumdb/note, and may be used concurrently when
// its key and clock may.
type Signer struct {
	verifier *Verifier
	key      crypto.Signer
	now      func() time.Time // of timed types only
}

var _ note.Signer = (*Signer)(nil)

// NewSigner makes a signer of a private key whose public half is as NewVerifier
// wants it. The key gets whole messages, with crypto.Hash(0) as options;
// *mldsa.PrivateKey and ed25519.PrivateKey do.
//
// now is asked once a signature, and may be nil for type 0x01, which carries no
// time. The errors are ErrName, ErrKey and ErrTime.
func NewSigner(name string, t Type, key crypto.Signer, now func() time.Time) (*Signer, error) {
	v, err := NewVerifier(name, t, key.Public())
	if err != nil {
		return nil, err
	}
	if t.Timed() && now == nil {
		return nil, fmt.Errorf("%w: type %s needs a clock", ErrTime, t)
	}
	return &Signer{verifier: v, key: key, now: now}, nil
}

// Name is the key's name.
func (s *Signer) Name() string { return s.verifier.name }

// KeyHash is the key's hash.
func (s *Signer) KeyHash() uint32 { return s.verifier.hash }

// Verifier is the public half.
func (s *Signer) Verifier() *Verifier { return s.verifier }

// Sign returns what follows the key hash in the line of a body: 64 bytes, and
// before them or before 2420 bytes of ML-DSA-44 the time in eight, big endian.
//
// The errors are ErrMalformed for what is not a checkpoint, ErrName when a key
// of type 0x01 is to sign for an origin that is not its name, ErrTime, what the
// key returns, and ErrSelfCheck.
//
// Format: https://c2sp.org/tlog-cosignature, and "Ed25519 signatures" of
// https://c2sp.org/signed-note.
func (s *Signer) Sign(body []byte) ([]byte, error) {
	v := s.verifier
	c, err := Parse(body)
	if err != nil {
		return nil, err
	}
	if v.typ == Ed25519 && c.Origin != v.name {
		return nil, fmt.Errorf("%w: a key of type %s signs for the origin of its name only", ErrName, v.typ)
	}
	var out []byte
	var seconds uint64
	if v.typ.Timed() {
		now := s.now().Unix()
		if now <= 0 {
			return nil, fmt.Errorf("%w: %d seconds since 1970", ErrTime, now)
		}
		seconds = uint64(now)
		out = binary.BigEndian.AppendUint64(out, seconds)
	}
	m, err := v.message(seconds, body)
	if err != nil {
		return nil, err
	}
	value, err := crypto.SignMessage(s.key, rand.Reader, m, crypto.Hash(0))
	if err != nil {
		return nil, fmt.Errorf("signing as %s: %w", id(v.name, v.hash), err)
	}
	if out = append(out, value...); !v.Verify(body, out) {
		return nil, fmt.Errorf("signing as %s: %w", id(v.name, v.hash), ErrSelfCheck)
	}
	return out, nil
}

// Line returns the signature line of a body, with its line feed:
//
//	— NAME BASE64(key hash 4 ‖ signature)
//
// The errors are those of Sign.
func (s *Signer) Line(body []byte) (string, error) {
	signature, err := s.Sign(body)
	if err != nil {
		return "", err
	}
	data := append(binary.BigEndian.AppendUint32(nil, s.verifier.hash), signature...)
	return dash + s.verifier.name + " " + base64.StdEncoding.EncodeToString(data) + "\n", nil
}

// Sign returns the note of a checkpoint with a line by each signer, in their
// order. A log signs with its own keys first.
//
// The errors are those of Format and Signer.Sign, ErrUntrusted without signers,
// and ErrFull.
func Sign(c Checkpoint, signers ...*Signer) ([]byte, error) {
	body, err := Format(c)
	if err != nil {
		return nil, err
	}
	if len(signers) == 0 {
		return nil, fmt.Errorf("note: %w", ErrUntrusted)
	}
	lines := make([]string, len(signers))
	for i, s := range signers {
		if lines[i], err = s.Line(body); err != nil {
			return nil, err
		}
	}
	return join(string(body), lines)
}
