package vault

import (
	"errors"
	"fmt"

	"kai/internal/vault/authority"
	"kai/internal/vault/objectid"
)

// epochRecords is how many records one key of a namespace seals; then another one takes its place. It is
// what AES-GCM with random nonces of 96 bits allows (SP 800-38D §8.3). The nonces here have 192 bits:
// the bound is far from where they would repeat, and a key is not used for ever.
//
// Records are counted by their sequence numbers, which go on through compaction: checkpoints count, and
// so does what compaction seals again. Those of all devices count together, as far as they have come
// here: two that do not hear of each other may pass the bound together before one of them stops.
const epochRecords = 1 << 32

// UsedUpError means that a key of a namespace has sealed as many records as it may, and that who writes
// cannot change it.
type UsedUpError struct {
	Namespace string
	Epoch     uint32 // of the key
	Err       error  // why it was not changed: ErrDenied, ErrTwoHeads and others
}

func (e *UsedUpError) Error() string {
	return fmt.Sprintf("namespace %s: its key of epoch %d has sealed as many records as it may, and was not changed: %v", e.Namespace, e.Epoch, e.Err)
}

func (e *UsedUpError) Unwrap() error { return e.Err }

// Hint is the next command, for an owner.
func (e *UsedUpError) Hint() string {
	if errors.Is(e.Err, ErrTwoHeads) {
		return "kai vault resolve --admin HASH, and then kai vault rotate --ns " + e.Namespace
	}
	return "an owner changes it: kai vault rotate --ns " + e.Namespace
}

// last is the last sequence number that counts of a log that was read to its end.
func (l *deviceLog) last() uint64 {
	if l.limit != ^uint64(0) {
		return l.limit // of a removed device
	}
	return max(l.end.Next, 1) - 1
}

// written is how many records follow those that start names, in logs that were read to their ends.
func written(logs []*deviceLog, start map[objectid.ID]uint64) (n uint64) {
	for _, l := range logs {
		n += l.last() - min(l.last(), start[l.dev])
	}
	return n
}

// left is how many records the newest key may still seal. The logs were read to their ends.
func (s *Space) left() uint64 {
	n := written(s.view.logs, s.policy.Start)
	return s.v.epochRecords - min(n, s.v.epochRecords)
}

// usesOld reports whether a compaction that keeps some records may seal those of older keys under these
// again: as long as those and all records that there ever were, whatever their keys, are no more than
// one key seals.
func (s *Space) usesOld(kept int) bool {
	n := written(s.view.logs, nil)
	return n < s.v.epochRecords && uint64(kept) <= s.v.epochRecords-n
}

// nearlyUsedUp reports whether the newest key is near its end.
func (s *Space) nearlyUsedUp() bool { return s.left() < s.v.epochRecords/16 }

// room sees to it that the newest key may seal a record more, by changing it if it must. The lock is
// held.
func (w *writer) room() error {
	if w.left == 0 {
		if err := w.s.renewKey(); err != nil {
			return err
		}
		// What this commit has written before counts for the new key too, in the next commit: it is not
		// known yet whether it will be there.
		w.epoch, w.left, w.renewed = w.s.policy.Last().E, w.s.v.epochRecords, true
	}
	w.left--
	return nil
}

// fits refuses what would need another key, where that cannot be made, before anything is written.
func (w *writer) fits(records int) error {
	if uint64(records) <= w.left {
		return nil
	}
	if err := w.s.v.mayAmend(w.s.keys); err != nil {
		return w.s.usedUp(err)
	}
	return nil
}

func (s *Space) usedUp(err error) error { return &UsedUpError{s.name, s.policy.Last().E, err} }

// renewKey gives the namespace a new key, as RotateNamespace does. The lock is held.
func (s *Space) renewKey() error {
	err := s.v.amendHeld(s.keys, func(a *amendment) error { return a.rotate(s.id) })
	if err != nil {
		return s.usedUp(err)
	}
	if s.policy, err = s.v.Policy(s.id); err != nil {
		return err
	}
	e := s.policy.Last().E
	if made := s.held.epoch(e); s.keys.user == nil { // as it is for who opens the epoch later
		made.csk.Wipe()
		made.csk = nil
	}
	s.v.opts.warnf("namespace %s: its key has sealed as many records as it may; epoch %d begins", s.name, e)
	return nil
}

// rotate gives a namespace a new key for the readers it has.
func (a *amendment) rotate(ns objectid.ID) error {
	p, err := a.v.Policy(ns)
	if err != nil {
		return err
	}
	return a.newSpaceEpoch(p.Clone())
}

// lastRecords is where the logs of a namespace end: what follows is counted for the key that is made
// now. Of a log that cannot be read nothing is said, and then all of it is counted.
func (a *amendment) lastRecords(p *authority.Policy) map[objectid.ID]uint64 {
	quiet := *a.v
	quiet.opts.Warn = nil // it was told, or will be, by who reads the records
	s := &Space{v: &quiet, keys: a.keys, id: p.NSID, name: a.keys.spaces[p.NSID].name, policy: p, view: &view{}}
	logs, err := s.openLogs()
	if err != nil {
		return nil
	}
	start := map[objectid.ID]uint64{}
	for _, l := range logs {
		if _, err := s.findEnd(l); err == nil && l.last() > 0 {
			start[l.dev] = l.last()
		}
	}
	return start
}
