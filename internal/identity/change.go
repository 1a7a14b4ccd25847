package identity

import (
	"fmt"
	"io"
	"slices"
	"time"

	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/signed"
)

// Inception is what a new identity begins with.
type Inception struct {
	Facts
	// Keys.Sign may be nil: the keys of the signers, all of which must then sign.
	Keys
	Recovery Quorum
	Revokers []key.Public
}

// New makes an identity: it signs its first event and verifies what came out.
// rand is crypto/rand.Reader outside tests.
//
// The errors are ErrMalformed and ErrTooLarge (what does not fit the format),
// ErrReused (a next key that signs already), ErrThreshold, ErrForeignKey (a
// signer that is not of the keys) and those of signed.Sign.
func New(rand io.Reader, created time.Time, i Inception, signers ...sig.Signer) (*Identity, error) {
	nonce, err := newNonce(rand)
	if err != nil {
		return nil, err
	}
	keys := i.Keys
	if keys.Sign == nil {
		for _, s := range signed.Flatten(signers) {
			keys.Sign = append(keys.Sign, s.Public)
		}
		keys.Threshold = len(keys.Sign)
	}
	b := inceptionJSON{
		header:       header{Created: signed.At(created), Event: InceptionEvent, Type: signed.IdentityEvent, V: 1},
		Capabilities: i.Capabilities, Keys: keysJSONOf(keys), Kind: i.Kind, Meta: i.Meta, Name: i.Name,
		Next: fingerprints(keys.Next), NextThreshold: keys.NextThreshold, Nonce: nonce, Owner: i.Owner,
		Principals: i.Principals, Profile: i.Profile, Recovery: quorumJSONOf(i.Recovery), Threshold: keys.Threshold, Version: i.Version,
	}
	if len(i.Revokers) > 0 {
		b.Revokers = listOf(i.Revokers)
	}
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("new identity: %w", err)
	}
	e, err := signed.Sign(rand, b, signers...)
	if err != nil {
		return nil, err
	}
	u, err := Parse(write(parts{events: [][]byte{e.Bytes()}}))
	if err != nil {
		return nil, err
	}
	return u.Verify()
}

// Change is a Rotation, an Update or a Revocation.
type Change interface {
	// object is the event with that header, or an error that says what does not
	// fit the format.
	object(h header) (any, error)
}

// Rotation changes the keys. Keys are all keys from then on; new ones in
// Keys.Sign must be among the next ones of before.
type Rotation struct {
	Reason Reason
	Keys
	// OverlapUntil is until when dropped signing keys stay good for files and
	// messages, for the reasons Scheduled and Superseded. Zero: not at all.
	OverlapUntil time.Time
	// Since is when lost keys were lost, for the other reasons, zero if nobody
	// knows.
	Since time.Time
	// Recovery and Revokers change what was there before, unless they are nil.
	Recovery *Quorum
	Revokers *[]key.Public
}

func (r Rotation) object(h header) (any, error) {
	h.Event = RotationEvent
	b := &rotationJSON{
		header: h, Keys: keysJSONOf(r.Keys), Next: fingerprints(r.Next), NextThreshold: r.NextThreshold,
		OverlapUntil: signed.At(r.OverlapUntil), Reason: r.Reason, Since: signed.At(r.Since), Threshold: r.Threshold,
	}
	if r.Recovery != nil {
		b.Recovery = &quorumJSON{listOf(r.Recovery.Keys), r.Recovery.Threshold}
	}
	if r.Revokers != nil {
		list := listOf(*r.Revokers)
		b.Revokers = &list
	}
	return b, b.check()
}

// Update changes what is not nil. Empty values remove a fact.
type Update struct {
	Name, Version            *string
	Owner                    *ID
	Capabilities, Principals *[]string
	Meta                     *map[string]string
	Profile                  *Profile
	Seal, Channel            *[]key.Public
}

func (u Update) object(h header) (any, error) {
	h.Event = UpdateEvent
	b := &updateJSON{
		header: h, Capabilities: notNil(u.Capabilities), Meta: u.Meta, Name: u.Name, Principals: notNil(u.Principals),
		Profile: u.Profile, Version: u.Version,
	}
	if u.Meta != nil && *u.Meta == nil {
		b.Meta = &map[string]string{}
	}
	if u.Owner != nil {
		owner := ""
		if !u.Owner.IsZero() {
			owner = u.Owner.String()
		}
		b.Owner = &owner
	}
	if u.Seal != nil || u.Channel != nil {
		b.Keys = &updatedKeysJSON{}
		if u.Seal != nil {
			list := listOf(*u.Seal)
			b.Keys.Seal = &list
		}
		if u.Channel != nil {
			list := listOf(*u.Channel)
			b.Keys.Channel = &list
		}
	}
	return b, b.check()
}

// Revocation ends the identity.
type Revocation struct {
	Reason Reason
	// Since is when the keys were lost, zero if nobody knows.
	Since time.Time
	// Reveal are next keys among the signers: only their fingerprints are known.
	Reveal []key.Public
}

func (r Revocation) object(h header) (any, error) {
	h.Event = RevocationEvent
	b := &revocationJSON{header: h, Reason: r.Reason, Since: signed.At(r.Since)}
	if len(r.Reveal) > 0 {
		b.Reveal = listOf(r.Reveal)
	}
	return b, b.check()
}

// Propose signs the next event without holding it against the thresholds: where
// several people sign, each adds a signature with Envelope.Add, and Append takes
// the whole. rand is crypto/rand.Reader outside tests.
//
// The errors are ErrMalformed and ErrTooLarge (c), ErrRevoked and those of
// signed.Sign.
func (id *Identity) Propose(rand io.Reader, created time.Time, c Change, signers ...sig.Signer) (*signed.Envelope, error) {
	if _, ended := id.Revoked(); ended {
		return nil, fmt.Errorf("%s: %w", id.id, ErrRevoked)
	}
	seq, prev := id.Head()
	object, err := c.object(header{Created: signed.At(created), Prev: prev, Seq: seq + 1, Type: signed.IdentityEvent, V: 1})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", id.id, err)
	}
	return signed.Sign(rand, object, signers...)
}

// Append is the identity with one more event, which must follow its last one.
// The errors are those of Parse and Verify.
func (id *Identity) Append(e *signed.Envelope) (*Identity, error) {
	parsed, err := parseEvent(e)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", id.id, err)
	}
	return id.with(func(u *Unverified) { u.events = append(slices.Clone(u.events), parsed) })
}

// Change is Propose and Append: the identity with one more event, signed by all
// who must sign it.
func (id *Identity) Change(rand io.Reader, created time.Time, c Change, signers ...sig.Signer) (*Identity, error) {
	e, err := id.Propose(rand, created, c, signers...)
	if err != nil {
		return nil, err
	}
	return id.Append(e)
}

func newNonce(rand io.Reader) (signed.Bytes, error) {
	nonce := make([]byte, nonceSize)
	if _, err := io.ReadFull(rand, nonce); err != nil {
		return nil, fmt.Errorf("nonce: %w", err)
	}
	return nonce, nil
}

func keysJSONOf(k Keys) keysJSON {
	j := keysJSON{Seal: listOf(k.Seal), Sign: listOf(k.Sign)}
	if len(k.Channel) > 0 {
		j.Channel = listOf(k.Channel)
	}
	return j
}

func quorumJSONOf(q Quorum) *quorumJSON {
	if q.isZero() {
		return nil
	}
	return &quorumJSON{listOf(q.Keys), q.Threshold}
}

// fingerprints is never nil: an empty list is written, null is not.
func fingerprints(list []string) []string { return append([]string{}, list...) }

// notNil keeps a pointer to a nil list from being written as null.
func notNil(list *[]string) *[]string {
	if list == nil || *list != nil {
		return list
	}
	return &[]string{}
}
