package slot

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"kai/internal/canon"
	"kai/internal/key"
	"kai/internal/secret"
	"kai/internal/vault/objectid"
	"kai/internal/vault/xaes"
)

// Parameters are what a new slot is made of.
type Parameters struct {
	Vault objectid.ID
	Root  ed25519.PublicKey // the vault's first owner key
	// LabelCiphertext is a label, encrypted so that only the vault's owners read it; nil for
	// none.
	LabelCiphertext []byte
	Created         time.Time // to the second
	Factors         []Factor  // 1 to MaxFactors, all needed to open, asked in this order
}

// Made is a new slot, of which nothing is written yet.
type Made struct {
	ID        objectid.ID
	File      []byte
	Recipient string // age1pq1…, what the vault's keys are encrypted to
}

// Create makes a slot: an identity that nobody keeps, under the factors. random gives its id,
// its seed, and what the factors need.
//
// The errors are ErrLimits, ErrMalformed for parameters that no slot has, and those of the
// factors and of random.
func Create(ctx context.Context, p Parameters, random io.Reader) (*Made, error) {
	if len(p.Factors) < 1 || len(p.Factors) > MaxFactors {
		return nil, fmt.Errorf("%d factors: %w: 1 to %d", len(p.Factors), ErrLimits, MaxFactors)
	}
	id, err := objectid.New(random)
	if err != nil {
		return nil, err
	}
	seed := secret.New(seedSize)
	if _, err := io.ReadFull(random, seed.Expose()); err != nil {
		seed.Wipe()
		return nil, fmt.Errorf("identity of a slot: %w", err)
	}
	identity, err := key.NewPrivate(key.MLKEM768X25519, seed) // takes the seed over
	if err != nil {
		return nil, err
	}
	defer identity.Wipe()
	recipient, err := identity.Public().AgeText()
	if err != nil {
		return nil, err
	}
	s := &Slot{head: head{
		Created: p.Created.Unix(), ID: id, Label: p.LabelCiphertext, Recipient: recipient,
		Root: text64(p.Root), V: version, Vault: p.Vault,
	}}
	y := newYields(len(p.Factors))
	defer y.all.Wipe()
	for i, f := range p.Factors {
		object, yield, err := f.Enrol(ctx, s.request(i, len(p.Factors)), random)
		if err != nil {
			return nil, fmt.Errorf("factor %d of a new slot: %w", i+1, err)
		}
		if err := y.add(yield); err != nil {
			return nil, fmt.Errorf("factor %d of a new slot: %w", i+1, err)
		}
		s.head.Factors = append(s.head.Factors, json.RawMessage(object))
	}
	data, err := s.seal(y, identity.Stored(), random)
	if err != nil {
		return nil, err
	}
	if _, err := Parse(data); err != nil { // what could not be read is never written
		return nil, fmt.Errorf("new slot: %w", err)
	}
	return &Made{ID: id, File: data, Recipient: recipient}, nil
}

// request is that of factor i, from 0, of n.
func (s *Slot) request(i, n int) Request {
	return Request{Vault: s.head.Vault, Slot: s.head.ID, Position: i + 1, Of: n}
}

// seal completes a slot whose head is complete and returns its file.
func (s *Slot) seal(y *yields, seed *secret.Bytes, random io.Reader) ([]byte, error) {
	h, err := canon.Marshal(&s.head)
	if err != nil {
		return nil, fmt.Errorf("head of a slot: %w", err)
	}
	s.file.Head = h
	okm, err := s.okm(y)
	if err != nil {
		return nil, err
	}
	defer okm.Wipe()
	s.file.Commit = append(s.file.Commit, okm.Expose()[32:]...)
	s.file.Seed, err = xaes.Seal(okm.Expose()[:32], random, nil, seed.Expose(), h)
	if err != nil {
		return nil, fmt.Errorf("seed of a slot: %w", err)
	}
	return s.marshal()
}

func (s *Slot) marshal() ([]byte, error) { return canon.Marshal(&s.file) }
