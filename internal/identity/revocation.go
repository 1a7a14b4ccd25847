package identity

import (
	"fmt"
	"io"
	"time"

	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/signed"
)

// TargetKind says what is revoked. The words are part of the format.
type TargetKind string

// The targets, and how each is referred to.
const (
	TargetKey         TargetKind = "key"         // fingerprint
	TargetIdentity    TargetKind = "identity"    // id
	TargetStatement   TargetKind = "statement"   // digest
	TargetAttestation TargetKind = "attestation" // digest
	TargetCertificate TargetKind = "certificate" // digest of the DER
	TargetDelegation  TargetKind = "delegation"  // digest
	TargetPin         TargetKind = "pin"         // digest
)

// Target is what a revocation statement revokes.
type Target struct {
	Kind TargetKind `json:"kind"`
	Ref  string     `json:"ref"`
}

func (t Target) check() error {
	ok := false
	switch t.Kind {
	case TargetKey:
		ok = key.IsFingerprint(t.Ref)
	case TargetIdentity:
		_, err := ParseID(t.Ref)
		ok = err == nil
	case TargetStatement, TargetAttestation, TargetCertificate, TargetDelegation, TargetPin:
		var d signed.Digest
		ok = d.UnmarshalText([]byte(t.Ref)) == nil
	default:
		return fmt.Errorf("%w: kind of target", ErrNewer)
	}
	if !ok {
		return malformed("reference of the target does not fit its kind")
	}
	return nil
}

// RevocationStatement takes something back for good. Other than the revocation
// event it has no place in a chain: it can be signed in advance and kept.
type RevocationStatement struct {
	Issuer  ID
	Target  Target
	Reason  Reason
	Created time.Time
	// Since is when a key was lost, zero if that is not known.
	Since time.Time
	// Reveal are next keys among the signers. Only their fingerprints are in the
	// issuer's document.
	Reveal []key.Public
}

type revocationStatementJSON struct {
	Created signed.Time        `json:"created"`
	Issuer  ID                 `json:"issuer"`
	Reason  Reason             `json:"reason"`
	Reveal  []signed.PublicKey `json:"reveal,omitempty"`
	Since   signed.Time        `json:"since,omitzero"`
	Target  Target             `json:"target"`
	Type    signed.Type        `json:"type"`
	V       int                `json:"v"`
}

func parseRevocation(e *signed.Envelope) (revocationStatementJSON, error) {
	var b revocationStatementJSON
	if err := decodeStatement(e, signed.Revocation, &b); err != nil {
		return b, err
	}
	return b, b.check()
}

func (b *revocationStatementJSON) check() error {
	if _, err := ParseRevocationReason(string(b.Reason)); err != nil {
		return err
	}
	if b.Created.Before(b.Since) {
		return malformed("since after created")
	}
	if err := checkKeys("reveal", keysOf(b.Reveal), signsObjects); err != nil {
		return err
	}
	return b.Target.check()
}

func (b *revocationStatementJSON) statement() RevocationStatement {
	return RevocationStatement{b.Issuer, b.Target, b.Reason, b.Created.Time(), b.Since.Time(), keysOf(b.Reveal)}
}

// SignRevocation signs a revocation statement of id: r.Issuer is set. rand is
// crypto/rand.Reader outside tests. The result may be kept, or taken into the
// document by WithRevocation if it is about id itself.
//
// The errors are ErrMalformed and ErrNewer (r), those of signed.Sign and of
// VerifyRevocation.
func (id *Identity) SignRevocation(rand io.Reader, r RevocationStatement, signers ...sig.Signer) (*signed.Envelope, error) {
	b := revocationStatementJSON{
		Created: signed.At(r.Created), Issuer: id.id, Reason: r.Reason, Since: signed.At(r.Since), Target: r.Target,
		Type: signed.Revocation, V: 1,
	}
	if len(r.Reveal) > 0 {
		b.Reveal = listOf(r.Reveal)
	}
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("revocation: %w", err)
	}
	e, err := signed.Sign(rand, b, signers...)
	if err != nil {
		return nil, err
	}
	_, err = id.VerifyRevocation(e)
	return e, err
}

// VerifiedRevocation is a revocation statement that its issuer has signed. Only
// VerifyRevocation makes it. Whether the issuer may revoke the target, other than
// itself and its keys, is not decided here.
type VerifiedRevocation struct{ RevocationStatement }

// VerifyRevocation checks a revocation statement that id has issued.
//
// A target other than id and its keys needs the keys that Speaks asks for. For id
// it takes those who could sign a revocation event now: keys that have been
// rotated away must not be able to end what they no longer belong to. For a key
// of id it takes those who could have signed one when the statement says it was
// made, none of whom may be void.
//
// The errors are ErrMalformed, ErrTooLarge, ErrNewer, ErrOtherIdentity (not the
// issuer), ErrCommitment (a revealed key), ErrSignature, ErrForeignKey,
// ErrThreshold and ErrNotInForce.
func (id *Identity) VerifyRevocation(e *signed.Envelope) (VerifiedRevocation, error) {
	b, err := parseRevocation(e)
	if err != nil {
		return VerifiedRevocation{}, fmt.Errorf("revocation: %w", err)
	}
	if err := id.checkRevocation(statement[revocationStatementJSON]{e, b}); err != nil {
		return VerifiedRevocation{}, fmt.Errorf("revocation of %s: %w", id.id, err)
	}
	return VerifiedRevocation{b.statement()}, nil
}

func (id *Identity) checkRevocation(r statement[revocationStatementJSON]) error {
	if r.body.Issuer != id.id {
		return ErrOtherIdentity
	}
	var a authority
	switch {
	case r.body.Target == Target{TargetIdentity, id.id.String()}:
		a = *id.state.authority()
	case r.body.Target.Kind == TargetKey && id.state.tenureOf(r.body.Target.Ref, r.body.Created) >= 0:
		a = id.state.authorityAt(r.body.Created)
	default:
		_, err := id.Speaks(r.envelope, r.body.Created.Time())
		return err
	}
	revealed := keysOf(r.body.Reveal)
	if len(a.committed(revealed).Keys) != len(revealed) {
		return ErrCommitment
	}
	v, err := r.envelope.Verify(a.mayRevokeKeys(revealed)...)
	if err != nil {
		return err
	}
	if !a.mayRevoke(v, revealed) {
		return tooFew(v, a.current())
	}
	return nil
}

// takeRevocation checks a statement of the identity's own document and lets it
// take effect.
func (id *Identity) takeRevocation(r statement[revocationStatementJSON]) error {
	b := r.body
	own := b.Target.Kind == TargetIdentity && b.Target.Ref == id.id.String()
	i := -1
	if b.Target.Kind == TargetKey {
		i = id.state.tenureOf(b.Target.Ref, b.Created)
	}
	if !own && i < 0 {
		return ErrOtherIdentity
	}
	if err := id.checkRevocation(r); err != nil {
		return err
	}
	if own {
		id.state.end(b.Reason, b.Created, b.Since)
		return nil
	}
	id.state.tenures[i].end(b.Created, b.Reason.Hard(), b.Since)
	return nil
}

// tenureOf is the index of the tenure, begun by at, of the key with that
// fingerprint, -1 if there is none.
func (s *state) tenureOf(fingerprint string, at signed.Time) int {
	for i, t := range s.tenures {
		if t.Key.Fingerprint() == fingerprint && !at.Time().Before(t.From) {
			return i
		}
	}
	return -1
}

// authorityAt is who spoke for the identity at a time, without the keys that are
// void. at is not before the first authority.
func (s *state) authorityAt(at signed.Time) authority {
	i := len(s.authorities) - 1
	for i > 0 && at.Before(s.authorities[i].from) {
		i--
	}
	a := s.authorities[i]
	var sign []key.Public
	for _, k := range a.keys.Sign {
		if t := s.tenures[s.tenureOf(k.Fingerprint(), at)]; !t.Void {
			sign = append(sign, k)
		}
	}
	a.keys.Sign = sign
	return a
}

// Revocations are the statements in the document that revoke the identity or
// keys of it.
func (id *Identity) Revocations() []*signed.Envelope { return envelopes(id.doc.revocations) }

// WithRevocation is the identity with a further revocation of itself, or of a key
// of its own, in its document and in effect. The errors are those of
// VerifyRevocation.
func (id *Identity) WithRevocation(e *signed.Envelope) (*Identity, error) {
	b, err := parseRevocation(e)
	if err != nil {
		return nil, fmt.Errorf("revocation: %w", err)
	}
	return id.with(func(u *Unverified) {
		u.revocations = union(u.revocations, []statement[revocationStatementJSON]{{e, b}})
	})
}
