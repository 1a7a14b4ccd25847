package slot

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"kai/internal/canon"
	"kai/internal/key"
	"kai/internal/vault/objectid"
	"kai/internal/vault/xaes"
)

const (
	version    = 1
	seedSize   = 32
	commitSize = 32
	sealedSize = xaes.NonceSize + seedSize + xaes.Overhead
)

// file is the whole file.
type file struct {
	Commit text64          `json:"commit"`
	Head   json.RawMessage `json:"head"`
	Seed   text64          `json:"seed"`
}

// head is what everybody may read and nobody may change.
type head struct {
	Created   int64             `json:"created"`
	Factors   []json.RawMessage `json:"factors"`
	ID        objectid.ID       `json:"id"`
	Label     text64            `json:"label_ct,omitempty"`
	Recipient string            `json:"recipient"`
	Root      text64            `json:"root"`
	V         int               `json:"v"`
	Vault     objectid.ID       `json:"vault"`
}

// Slot is a slot that was read. Nothing of it is proven before Open.
type Slot struct {
	file  file
	head  head
	types []string
}

// Parse reads a slot's file and checks that its parameters are inside their limits. What it
// says is only as good as the place it comes from: Open proves it.
//
// The errors are ErrMalformed, ErrNewer and ErrLimits.
func Parse(data []byte) (*Slot, error) {
	if len(data) > MaxFile {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrMalformed, len(data), MaxFile)
	}
	if err := checkVersion(data); err != nil {
		return nil, err
	}
	s := new(Slot)
	if err := unmarshal(data, "slot", &s.file); err != nil {
		return nil, err
	}
	if err := unmarshal(s.file.Head, "head", &s.head); err != nil {
		return nil, err
	}
	if len(s.file.Commit) != commitSize || len(s.file.Seed) != sealedSize {
		return nil, fmt.Errorf("%w: commit of %d bytes, seed of %d", ErrMalformed, len(s.file.Commit), len(s.file.Seed))
	}
	if err := s.head.check(&s.types); err != nil {
		return nil, err
	}
	return s, nil
}

// checkVersion finds a newer version before anything else is found wrong with it.
func checkVersion(data []byte) error {
	o, err := canon.ParseObject(data)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	h, err := o.Object("head")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	var v int
	if err := canon.Unmarshal(h["v"], &v); err != nil || v < version {
		return fmt.Errorf("%w: version", ErrMalformed)
	}
	if v > version {
		return fmt.Errorf("slot of version %d: %w", v, ErrNewer)
	}
	return nil
}

// check holds a head against its limits and adds the types of its factors to types.
func (h *head) check(types *[]string) error {
	if h.Created < 0 || len(h.Root) != ed25519.PublicKeySize || len(h.Label) > MaxLabel {
		return fmt.Errorf("%w: head", ErrMalformed)
	}
	if p, err := key.ParseAge(h.Recipient); err != nil || p.Type() != key.MLKEM768X25519 {
		return fmt.Errorf("%w: recipient", ErrMalformed)
	}
	if len(h.Factors) < 1 || len(h.Factors) > MaxFactors {
		return fmt.Errorf("%w: %d factors, not 1 to %d", ErrMalformed, len(h.Factors), MaxFactors)
	}
	for _, f := range h.Factors {
		word, err := checkFactor(f)
		if err != nil {
			return fmt.Errorf("slot %s: %w", h.ID, err)
		}
		*types = append(*types, word)
	}
	return nil
}

// ID is the slot's id.
func (s *Slot) ID() objectid.ID { return s.head.ID }

// Vault is the id of the vault it says it is for.
func (s *Slot) Vault() objectid.ID { return s.head.Vault }

// Root is the vault's first owner key.
func (s *Slot) Root() ed25519.PublicKey { return slices.Clone(ed25519.PublicKey(s.head.Root)) }

// Created is when the slot was made, to the second, by the clock of whoever made it.
func (s *Slot) Created() time.Time { return time.Unix(s.head.Created, 0).UTC() }

// LabelCiphertext is the label, encrypted by the vault; nil if there is none.
func (s *Slot) LabelCiphertext() []byte { return slices.Clone(s.head.Label) }

// Recipient is the age recipient age1pq1… of the identity inside.
func (s *Slot) Recipient() string { return s.head.Recipient }

// Types are the types of the factors, all of which are needed, in their order.
func (s *Slot) Types() []string { return slices.Clone(s.types) }

// Factors are the objects of the factors, for the packages that know more about their type.
func (s *Slot) Factors() [][]byte {
	var objects [][]byte
	for _, f := range s.head.Factors {
		objects = append(objects, slices.Clone([]byte(f)))
	}
	return objects
}

// digest is the SHA-256 of the head as it stands in the file.
func (s *Slot) digest() [sha256.Size]byte { return sha256.Sum256(s.file.Head) }
