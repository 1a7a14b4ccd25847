package identity

import (
	"slices"
	"time"

	"kai/internal/key"
	"kai/internal/signed"
)

// authority is who speaks for an identity from one inception or rotation to the
// next.
type authority struct {
	keys     Keys
	recovery Quorum
	revokers []key.Public
	from     signed.Time
	until    signed.Time // of the overlap, or of the next rotation; zero while current
}

// current are the keys that sign events, messages and statements.
func (a authority) current() Quorum { return Quorum{a.keys.Sign, a.keys.Threshold} }

// committed are those of keys that the authority has named as its next, with as
// many of them as must sign.
func (a authority) committed(keys []key.Public) Quorum {
	q := Quorum{Threshold: a.keys.NextThreshold}
	for _, k := range keys {
		if slices.Contains(a.keys.Next, k.Fingerprint()) {
			q.Keys = append(q.Keys, k)
		}
	}
	return q
}

// revoke reports whether those who signed may end it all: enough of the current
// or the next keys, one revoker, or the recovery keys.
func (a authority) mayRevoke(v *signed.Verified, revealed []key.Public) bool {
	return a.current().metBy(v) || a.committed(revealed).metBy(v) || v.Count(a.revokers) > 0 || a.recovery.metBy(v)
}

// mayRevokeKeys are all keys that mayRevoke asks about.
func (a authority) mayRevokeKeys(revealed []key.Public) []key.Public {
	return slices.Concat(a.keys.Sign, a.committed(revealed).Keys, a.revokers, a.recovery.Keys)
}

// state is what a chain of events amounts to. Its methods that take an event
// change it; a state that has returned an error is thrown away.
type state struct {
	facts       Facts
	created     time.Time
	authorities []authority // one an epoch, the current one last
	tenures     []Tenure
	last        header
	head        signed.Digest
	revoked     *Ended
}

// Ended is the end of an identity.
type Ended struct {
	Reason Reason
	At     time.Time
	// Since is when the keys were lost, zero if nobody said so.
	Since time.Time
}

func (s *state) authority() *authority { return &s.authorities[len(s.authorities)-1] }

// apply takes one further event, with its signatures, into the state.
func (s *state) apply(e event) error {
	if err := s.follows(e); err != nil {
		return err
	}
	var err error
	switch body := e.body.(type) {
	case *inceptionJSON:
		err = s.incept(e.envelope, body)
	case *rotationJSON:
		err = s.rotate(e.envelope, body)
	case *updateJSON:
		err = s.update(e.envelope, body)
	case *revocationJSON:
		err = s.revoke(e.envelope, body)
	}
	s.last, s.head = e.header, e.envelope.Digest()
	return err
}

// follows checks the place of an event in the chain.
func (s *state) follows(e event) error {
	if len(s.authorities) == 0 {
		if e.Event != InceptionEvent {
			return broken("the first event is no inception")
		}
		return nil
	}
	switch {
	case s.last.Event == RevocationEvent:
		return ErrRevoked
	case e.Event == InceptionEvent:
		return broken("a second inception")
	case e.Seq != s.last.Seq+1:
		return broken("its number is %d", e.Seq)
	case e.Prev != s.head:
		return broken("prev is not the digest of the event before")
	case e.Created.Before(s.last.Created):
		return broken("created before the event before")
	}
	return nil
}

func (s *state) incept(e *signed.Envelope, b *inceptionJSON) error {
	a := authority{keys: b.keys(), recovery: b.Recovery.quorum(), revokers: keysOf(b.Revokers), from: b.Created}
	v, err := e.Verify(a.keys.Sign...)
	if err != nil {
		return err
	}
	if !a.current().metBy(v) {
		return tooFew(v, a.current())
	}
	s.facts, s.created = b.facts(), b.Created.Time()
	return s.establish(a)
}

// rotate checks the three ways to change signing keys. The planned one needs the
// present and the next keys, so that a thief of either cannot do it. The reason
// recovery does without the present ones or, by the recovery keys, without both.
func (s *state) rotate(e *signed.Envelope, b *rotationJSON) error {
	old := s.authority()
	next := authority{keys: b.keys(), recovery: old.recovery, revokers: old.revokers, from: b.Created}
	if old.keys.NextThreshold == 0 {
		return ErrFixed
	}
	committed := old.committed(next.keys.Sign)
	helpers := Quorum{}
	if b.Reason == Recovery {
		helpers = old.recovery
	}
	v, err := e.Verify(slices.Concat(old.keys.Sign, next.keys.Sign, helpers.Keys)...)
	if err != nil {
		return err
	}
	if !helpers.metBy(v) {
		for _, k := range next.keys.Sign {
			if !slices.Contains(committed.Keys, k) && !slices.Contains(old.keys.Sign, k) {
				return ErrCommitment
			}
		}
		if !committed.metBy(v) {
			return tooFew(v, committed)
		}
		if b.Reason != Recovery && !old.current().metBy(v) {
			return tooFew(v, old.current())
		}
	}
	if b.Recovery != nil {
		next.recovery = b.Recovery.quorum()
	}
	if b.Revokers != nil {
		next.revokers = keysOf(*b.Revokers)
	}
	s.leave(b, next.keys)
	old.until = b.Created
	if b.Created.Before(b.OverlapUntil) {
		old.until = b.OverlapUntil
	}
	return s.establish(next)
}

// leave ends the tenures of the keys that a rotation drops.
func (s *state) leave(b *rotationJSON, keys Keys) {
	// Lost keys are void from when they were lost; a recovery that names no such
	// moment is of keys that nobody has any more.
	void := b.Reason.Hard() || b.Reason == Recovery && !b.Since.IsZero()
	for i := range s.tenures {
		t := &s.tenures[i]
		if !t.Until.IsZero() || slices.Contains(keys.of(t.Use), t.Key) {
			continue
		}
		until := b.Created
		if t.Use == ForSigning && !b.OverlapUntil.IsZero() {
			until = b.OverlapUntil
		}
		t.end(until, void, b.Since)
	}
}

// of is the list of keys for one use.
func (k Keys) of(u Use) []key.Public {
	switch u {
	case ForSigning:
		return k.Sign
	case ForSealing:
		return k.Seal
	case ForChannel:
		return k.Channel
	}
	return nil
}

// establish makes a the authority and begins the tenures of its new keys.
func (s *state) establish(a authority) error {
	if err := s.begin(a.keys, a.from); err != nil {
		return err
	}
	// A commitment to a key that has been seen would be none: whoever has stolen
	// it could rotate.
	for _, t := range s.tenures {
		if t.Use == ForSigning && slices.Contains(a.keys.Next, t.Key.Fingerprint()) {
			return ErrReused
		}
	}
	s.authorities = append(s.authorities, a)
	return nil
}

// begin begins the tenures of keys that have none, and refuses those whose
// tenure is over.
func (s *state) begin(keys Keys, from signed.Time) error {
	for _, use := range []Use{ForSigning, ForSealing, ForChannel} {
		for _, k := range keys.of(use) {
			i := slices.IndexFunc(s.tenures, func(t Tenure) bool { return t.Key == k })
			switch {
			case i < 0:
				s.tenures = append(s.tenures, Tenure{Key: k, Use: use, From: from.Time()})
			case s.tenures[i].Use != use || !s.tenures[i].Until.IsZero():
				return ErrReused
			}
		}
	}
	return nil
}

func (s *state) update(e *signed.Envelope, b *updateJSON) error {
	if err := s.signedByCurrent(e); err != nil {
		return err
	}
	a := s.authority()
	if err := b.patch(&s.facts, &a.keys); err != nil {
		return err
	}
	for i := range s.tenures {
		if t := &s.tenures[i]; t.Until.IsZero() && !slices.Contains(a.keys.of(t.Use), t.Key) {
			t.end(b.Created, false, signed.Time{})
		}
	}
	if err := checkSealing(a.keys); err != nil { // one list may clash with the other, older one
		return err
	}
	return s.begin(a.keys, b.Created)
}

func (s *state) signedByCurrent(e *signed.Envelope) error {
	q := s.authority().current()
	v, err := e.Verify(q.Keys...)
	if err != nil {
		return err
	}
	if !q.metBy(v) {
		return tooFew(v, q)
	}
	return nil
}

func (s *state) revoke(e *signed.Envelope, b *revocationJSON) error {
	a, revealed := s.authority(), keysOf(b.Reveal)
	if len(a.committed(revealed).Keys) != len(revealed) {
		return ErrCommitment
	}
	v, err := e.Verify(a.mayRevokeKeys(revealed)...)
	if err != nil {
		return err
	}
	if !a.mayRevoke(v, revealed) {
		return tooFew(v, a.current())
	}
	s.end(b.Reason, b.Created, b.Since)
	return nil
}

// end takes a revocation of the whole identity into account: the first end
// counts, and the worst reason.
func (s *state) end(reason Reason, at, since signed.Time) {
	for i := range s.tenures {
		t := &s.tenures[i]
		if t.Until.IsZero() || at.Time().Before(t.Until) || reason.Hard() {
			t.end(at, reason.Hard(), since)
		}
	}
	ended := Ended{reason, at.Time(), since.Time()}
	if s.revoked == nil {
		s.revoked = &ended
		return
	}
	if ended.At.After(s.revoked.At) {
		ended.At = s.revoked.At
	}
	switch {
	case s.revoked.Reason.Hard() && !reason.Hard():
		ended.Reason, ended.Since = s.revoked.Reason, s.revoked.Since
	case s.revoked.Reason.Hard() && s.revoked.Since.Before(ended.Since):
		ended.Since = s.revoked.Since
	}
	s.revoked = &ended
}
