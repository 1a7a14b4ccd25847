package store

import (
	"errors"
	"fmt"
	"io/fs"

	"kai/internal/canon"
	"kai/internal/durable"
	"kai/internal/signed"
)

// Memory remembers the newest head that was there.
type Memory struct {
	Dir *durable.Dir // of the machine, never copied: vault/local
}

const (
	seenDir  = "trust"
	seenFile = "trust/seen"
)

type seenJSON struct {
	Head   signed.Digest `json:"head"`
	Number int64         `json:"number"`
	V      int           `json:"v"`
}

// Check holds a store, nil if there is no file, against what was seen. The error is
// ErrRollback, or ErrMalformed for a memory that is none.
func (m Memory) Check(s *Store) error {
	seen, ok, err := m.load()
	if err != nil || !ok {
		return err
	}
	number, digest, _ := s.Head()
	switch {
	case number == 0:
		return fmt.Errorf("%w: head %d is gone", ErrRollback, seen.Number)
	case number < seen.Number:
		return fmt.Errorf("%w: head %d, seen was %d", ErrRollback, number, seen.Number)
	case number == seen.Number && digest != seen.Head:
		return fmt.Errorf("%w: another head %d", ErrRollback, number)
	}
	return nil
}

// Remember keeps the head of a store, unless a newer one is remembered.
func (m Memory) Remember(s *Store) error {
	if err := m.Check(s); err != nil {
		return err
	}
	number, digest, _ := s.Head()
	if number == 0 {
		return nil
	}
	text, err := canon.Marshal(seenJSON{digest, number, 1})
	if err != nil {
		return err
	}
	if err := m.Dir.Mkdir(seenDir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return m.Dir.WriteFile(seenFile, text, 0o600)
}

func (m Memory) load() (seen seenJSON, ok bool, err error) {
	if m.Dir == nil {
		return seen, false, nil
	}
	text, err := m.Dir.ReadFile(seenFile, maxSeen)
	if errors.Is(err, fs.ErrNotExist) {
		return seen, false, nil
	}
	if err != nil {
		return seen, false, err
	}
	if err := canon.Unmarshal(text, &seen); err != nil {
		return seen, false, signed.Malformed("memory of the trust store", err)
	}
	if seen.V != 1 || seen.Number < 1 {
		return seen, false, malformed("memory of the trust store")
	}
	return seen, true, nil
}
