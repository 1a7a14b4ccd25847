package audit

import (
	"errors"
	"fmt"
)

// Memory is a place outside the log that knows how far it went, so that an older copy of the log
// is noticed. A memory that has nothing to say is none: it never keeps events from being
// recorded, but what it says is believed.
type Memory interface {
	// Name is a word for findings: "local", "keyring".
	Name() string
	// Load returns the head that was stored last for the log. A head of another log may be
	// returned where only one can be remembered. ok is false when nothing is remembered; an
	// error means that the memory cannot be asked now.
	Load(logID string) (head Head, ok bool, err error)
	// Store remembers a head in place of the last one. It need not be durable.
	Store(Head) error
}

// Head is the end of a log.
type Head struct {
	LogID string
	N     uint64 // how many events it has
	Root  [32]byte
}

// against says what is wrong with a log of that head in the light of a memory; "" when nothing
// is. rootAt is the root that the log has at an earlier size.
func (h Head) against(log Head, rootAt func(n uint64) ([32]byte, error)) (string, error) {
	switch {
	case h.LogID != log.LogID:
		return fmt.Sprintf("log id or size went back: remembers log %s with %d events, this is log %s with %d", h.LogID, h.N, log.LogID, log.N), nil
	case h.N > log.N:
		return fmt.Sprintf("log id or size went back: remembers %d events, the log has %d", h.N, log.N), nil
	}
	root, err := rootAt(h.N)
	if err != nil {
		return "", err
	}
	if root != h.Root {
		return fmt.Sprintf("remembers another root for %d events", h.N), nil
	}
	return "", nil
}

// Compare holds the log against a head that somebody remembers who is no Memory. The error is a
// *RollbackError of that name.
func (l *Log) Compare(name string, known Head) error {
	size, err := l.Size()
	if err != nil {
		return err
	}
	log := Head{LogID: l.info.LogID, N: size}
	// The tree is made of the lines, and may have rotted: they decide.
	text, err := known.against(log, l.rootFromTree)
	if short := errors.Is(err, errShort); short || text != "" {
		if again, linesErr := known.against(log, l.rootFromLines); short || linesErr == nil {
			text, err = again, linesErr
		}
	}
	if err == nil && text != "" {
		err = &RollbackError{name, text}
	}
	return err
}

func (l *Log) rootFromTree(n uint64) ([32]byte, error) {
	edges, err := tree{l.dir}.edges(n)
	if err != nil {
		return [32]byte{}, err
	}
	return edges[0].root(), nil
}
