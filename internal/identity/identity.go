package identity

import (
	"fmt"
	"slices"
	"time"

	"kai/internal/key"
	"kai/internal/signed"
)

// Identity is a document that has been verified, and what it says. It does not
// change: methods that seem to change it return another one. Only Verify, and
// what ends in it, makes one.
type Identity struct {
	doc   *Unverified
	id    ID
	state *state
}

// ID is the identity's id.
func (id *Identity) ID() ID { return id.id }

// Document is the document: JSON, one event or statement a line, with a line feed
// at its end.
func (id *Identity) Document() []byte { return write(id.doc.parts()) }

// Facts are what the identity says about itself now.
func (id *Identity) Facts() Facts { return id.state.facts.clone() }

// Created is the time of the first event.
func (id *Identity) Created() time.Time { return id.state.created }

// Keys are the keys that the last event left in place. A key among them may have
// been revoked since: see Tenures.
func (id *Identity) Keys() Keys { return id.state.authority().keys.clone() }

// Recovery are the keys that can bring the identity back when its own are lost.
func (id *Identity) Recovery() Quorum { return id.state.authority().recovery.clone() }

// Revokers are the keys of which each can revoke the identity.
func (id *Identity) Revokers() []key.Public { return slices.Clone(id.state.authority().revokers) }

// Epoch is how often the keys have been rotated.
func (id *Identity) Epoch() int { return len(id.state.authorities) - 1 }

// Head is the number and the digest of the last event.
func (id *Identity) Head() (seq int, digest signed.Digest) { return id.state.last.Seq, id.state.head }

// Revoked is how the identity has ended, ok if it has.
func (id *Identity) Revoked() (ended Ended, ok bool) {
	if id.state.revoked == nil {
		return Ended{}, false
	}
	return *id.state.revoked, true
}

// Tenures are all keys that the identity has ever had, in the order in which
// they came.
func (id *Identity) Tenures() []Tenure { return slices.Clone(id.state.tenures) }

// Tenure is the time for which the identity has the key with that fingerprint.
func (id *Identity) Tenure(fingerprint string) (t Tenure, ok bool) {
	for _, t := range id.state.tenures {
		if t.Key.Fingerprint() == fingerprint {
			return t, true
		}
	}
	return Tenure{}, false
}

// KeysAt lists the keys for one use that are good for what is said to be of that
// time: keys in an overlap too, keys that were compromised never. Newer ones
// stand first.
func (id *Identity) KeysAt(use Use, at time.Time) []key.Public {
	var keys []key.Public
	for _, t := range id.newestFirst() {
		if t.Use == use && t.At(at) {
			keys = append(keys, t.Key)
		}
	}
	return keys
}

// newestFirst keeps the order within one event.
func (id *Identity) newestFirst() []Tenure {
	tenures := id.Tenures()
	slices.SortStableFunc(tenures, func(a, b Tenure) int { return b.From.Compare(a.From) })
	return tenures
}

// PostQuantum reports whether nothing can be said for the identity without a
// signature that resists a quantum computer.
func (id *Identity) PostQuantum() bool {
	keys, classical := id.state.authority().keys, 0
	for _, k := range keys.Sign {
		if !k.Type().PostQuantum() {
			classical++
		}
	}
	return classical < keys.Threshold
}

// Certificates are the PEM chains in the document. They are text that nobody has
// checked.
func (id *Identity) Certificates() []string { return slices.Clone(id.doc.certificates) }

// WithCertificates is the identity with other certificates in its document. The
// errors are ErrMalformed and ErrTooLarge.
func (id *Identity) WithCertificates(chains []string) (*Identity, error) {
	return id.with(func(u *Unverified) { u.certificates = slices.Clone(chains) })
}

// Event is one event of the chain, for people to read.
type Event struct {
	Seq     int
	Kind    EventKind
	Created time.Time
	Digest  signed.Digest
	Reason  Reason   // of rotations and revocations
	Signers []string // fingerprints
}

// Events lists the chain.
func (id *Identity) Events() []Event {
	var list []Event
	for _, e := range id.doc.events {
		v := Event{e.Seq, e.Event, e.Created.Time(), e.envelope.Digest(), "", e.envelope.Fingerprints()}
		switch body := e.body.(type) {
		case *rotationJSON:
			v.Reason = body.Reason
		case *revocationJSON:
			v.Reason = body.Reason
		}
		list = append(list, v)
	}
	return list
}

// Speaks checks that a signed object is the identity's word, where it says that
// it was created at the time given: all its signatures are good, and enough of
// them are by keys that were in force then. Keys in an overlap speak as they did
// before the rotation. Events are not asked about here: in them no overlap counts.
//
// The errors are ErrSignature, ErrForeignKey and ErrNotInForce.
func (id *Identity) Speaks(e *signed.Envelope, created time.Time) (*signed.Verified, error) {
	if e.Type() == signed.IdentityEvent {
		return nil, malformed("an event outside of its chain")
	}
	var ever []key.Public
	inForce := make(map[key.Public]bool)
	for _, t := range id.state.tenures {
		if t.Use == ForSigning {
			ever = append(ever, t.Key)
			inForce[t.Key] = t.At(created)
		}
	}
	v, err := e.Verify(ever...)
	if err != nil {
		return nil, err
	}
	at := signed.At(created)
	for _, a := range id.state.authorities {
		if at.Before(a.from) || !a.until.IsZero() && !at.Before(a.until) {
			continue
		}
		q := a.current()
		q.Keys = slices.DeleteFunc(slices.Clone(q.Keys), func(k key.Public) bool { return !inForce[k] })
		if q.metBy(v) {
			return v, nil
		}
	}
	return nil, fmt.Errorf("%s: %w at %s", id.id, ErrNotInForce, at)
}

// with verifies the document again after a change that keeps the chain.
func (id *Identity) with(change func(u *Unverified)) (*Identity, error) {
	u := *id.doc
	change(&u)
	parsed, err := Parse(write(u.parts()))
	if err != nil {
		return nil, err
	}
	return parsed.Verify()
}
