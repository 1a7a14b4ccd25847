package store

import (
	"fmt"
	"io"
	"time"

	"kai/internal/identity"
	"kai/internal/sig"
	"kai/internal/signed"
)

// Change is a store in the making.
type Change struct {
	from    *Store
	entries []changed
}

type changed struct {
	identity *identity.Identity
	local    Local
}

// Change begins with what is there, unsealed entries too. A nil store is an empty
// one. The errors are those of Entry.Identity: what is not verified is not sealed.
func (s *Store) Change() (*Change, error) {
	c := &Change{from: s}
	for _, e := range s.Entries() {
		id, err := e.Identity()
		if err != nil {
			return nil, fmt.Errorf("trust store: %s: %w", e.local.Name, err)
		}
		c.entries = append(c.entries, changed{id, e.local})
	}
	return c, nil
}

// Put adds an identity, or replaces what is there of it. The error is ErrExists for
// a name that another one has.
func (c *Change) Put(id *identity.Identity, l Local) error {
	if err := l.check(); err != nil {
		return err
	}
	at := -1
	for i, e := range c.entries {
		if e.identity.ID() == id.ID() {
			at = i
		} else if e.local.Name == l.Name {
			return fmt.Errorf("identity %s %w", l.Name, ErrExists)
		}
	}
	if at < 0 {
		c.entries = append(c.entries, changed{})
		at = len(c.entries) - 1
	}
	c.entries[at] = changed{id, l}
	return nil
}

// Rename changes what an identity is called here. The errors are ErrNotFound,
// ErrExists and ErrMalformed.
func (c *Change) Rename(id identity.ID, name string) error {
	for _, e := range c.entries {
		if e.identity.ID() == id {
			e.local.Name = name
			return c.Put(e.identity, e.local)
		}
	}
	return fmt.Errorf("%s: %w", id, ErrNotFound)
}

// Seal signs the head of the changed store: the next number, for an owner, which is
// an own identity, by its keys. rand is crypto/rand.Reader outside tests.
//
// The errors are ErrTampered, when the signers are not the owner's, and those of
// signed.Sign.
func (c *Change) Seal(rand io.Reader, now time.Time, owner identity.ID, signers ...sig.Signer) (*Store, error) {
	next := &Store{}
	for _, e := range c.entries {
		l, err := line(e.identity, e.local)
		if err != nil {
			return nil, err
		}
		next.lines = append(next.lines, l)
		if e.identity.ID() == owner && now.Before(e.identity.Created()) {
			now = e.identity.Created() // a clock that went back
		}
	}
	number, digest, before := c.from.Head()
	if now.Before(before) {
		now = before
	}
	head, err := signed.Sign(rand, headJSON{
		Covers:  map[string]cover{identitiesSection: coverOf(next.lines, int64(len(next.lines)))},
		Created: signed.At(now), Number: number + 1, Owner: owner, Prev: digest, Type: signed.StoreHead, V: 1,
	}, signers...)
	if err != nil {
		return nil, fmt.Errorf("trust store: head: %w", err)
	}
	next.head = head
	return Parse(next.Bytes())
}
