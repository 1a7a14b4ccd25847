package identity

import (
	"fmt"
	"io"
	"time"

	"kai/internal/sig"
	"kai/internal/signed"
)

// Attestation is what one identity says about another.
type Attestation struct {
	Issuer, Subject ID
	// Claim is a name: role, owner, controller, human, email, repo, audit,
	// reviewed, or x-…. Value may be empty.
	Claim, Value string
	// Hidden are the digests of salted claims whose values are shown by other
	// means, in place of Value.
	Hidden []signed.Digest
	// Level is "", basic, enhanced or certified.
	Level string
	// Created and Expires bound the time in which it holds; no Expires, no end.
	Created, Expires time.Time
	// Report is the digest of an audit's report, zero if there is none.
	Report signed.Digest
}

type attestationJSON struct {
	Claim   string          `json:"claim"`
	Created signed.Time     `json:"created"`
	Expires signed.Time     `json:"expires,omitzero"`
	Hidden  []signed.Digest `json:"hidden,omitempty"`
	Issuer  ID              `json:"issuer"`
	Level   string          `json:"level,omitempty"`
	Nonce   signed.Bytes    `json:"nonce"`
	Report  signed.Digest   `json:"report,omitzero"`
	Subject ID              `json:"subject"`
	Type    signed.Type     `json:"type"`
	V       int             `json:"v"`
	Value   string          `json:"value,omitempty"`
}

func parseAttestation(e *signed.Envelope) (attestationJSON, error) {
	var b attestationJSON
	if err := decodeStatement(e, signed.Attestation, &b); err != nil {
		return b, err
	}
	return b, b.check()
}

func (b *attestationJSON) check() error {
	switch {
	case b.Issuer == b.Subject:
		return malformed("issuer and subject are the same")
	case len(b.Nonce) != nonceSize:
		return malformed("nonce of %d bytes, want %d", len(b.Nonce), nonceSize)
	case !IsClaim(b.Claim):
		return malformed("claim is no known one and does not begin with x-")
	case len(b.Hidden) > maxHidden:
		return tooLarge("hidden", len(b.Hidden), maxHidden)
	case len(b.Hidden) > 0 && b.Value != "":
		return malformed("value both hidden and shown")
	case !b.Expires.IsZero() && !b.Created.Before(b.Expires):
		return malformed("expires before it is created")
	}
	switch b.Level {
	case "", "basic", "enhanced", "certified":
	default:
		return malformed("level is not basic, enhanced or certified")
	}
	return checkText("value", b.Value, maxText)
}

// IsClaim reports whether a word is a claim that attestations make.
func IsClaim(word string) bool {
	switch word {
	case "role", "owner", "controller", "human", "email", "repo", "audit", "reviewed":
		return true
	}
	return len(word) > 2 && word[:2] == "x-" && IsName(word)
}

func (b *attestationJSON) attestation() Attestation {
	return Attestation{
		Issuer: b.Issuer, Subject: b.Subject, Claim: b.Claim, Value: b.Value, Hidden: b.Hidden, Level: b.Level,
		Created: b.Created.Time(), Expires: b.Expires.Time(), Report: b.Report,
	}
}

// Attest signs a statement about another identity. Issuer is id; Created is
// given. rand is crypto/rand.Reader outside tests.
//
// The errors are ErrMalformed and ErrTooLarge (a), ErrNotInForce (signers) and
// those of signed.Sign.
func (id *Identity) Attest(rand io.Reader, a Attestation, signers ...sig.Signer) (*signed.Envelope, error) {
	nonce, err := newNonce(rand)
	if err != nil {
		return nil, err
	}
	b := attestationJSON{
		Claim: a.Claim, Created: signed.At(a.Created), Expires: signed.At(a.Expires), Hidden: a.Hidden, Issuer: id.id, Level: a.Level,
		Nonce: nonce, Report: a.Report, Subject: a.Subject, Type: signed.Attestation, V: 1, Value: a.Value,
	}
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("attestation: %w", err)
	}
	e, err := signed.Sign(rand, b, signers...)
	if err != nil {
		return nil, err
	}
	_, err = id.Speaks(e, a.Created)
	return e, err
}

// VerifiedAttestation is an attestation that its issuer has signed, by keys that
// were in force when it says it was created. Only VerifyAttestation makes it.
type VerifiedAttestation struct{ Attestation }

// VerifyAttestation checks an attestation that id has issued. Whether it has
// expired is the caller's question.
//
// The errors are ErrMalformed, ErrTooLarge, ErrNewer, ErrOtherIdentity (not the
// issuer) and those of Speaks.
func (id *Identity) VerifyAttestation(e *signed.Envelope) (VerifiedAttestation, error) {
	b, err := parseAttestation(e)
	if err != nil {
		return VerifiedAttestation{}, fmt.Errorf("attestation: %w", err)
	}
	if b.Issuer != id.id {
		return VerifiedAttestation{}, fmt.Errorf("attestation of %s: %w", b.Issuer, ErrOtherIdentity)
	}
	if _, err := id.Speaks(e, b.Created.Time()); err != nil {
		return VerifiedAttestation{}, fmt.Errorf("attestation of %s: %w", b.Issuer, err)
	}
	return VerifiedAttestation{b.attestation()}, nil
}

// Attestations are the document's, unverified: each has its own issuer.
func (id *Identity) Attestations() []*signed.Envelope { return envelopes(id.doc.attestations) }

// WithAttestation is the identity with one more attestation in its document.
//
// The errors are ErrMalformed, ErrTooLarge, ErrNewer and ErrOtherIdentity (not
// the subject). The issuer's signature is not asked for.
func (id *Identity) WithAttestation(e *signed.Envelope) (*Identity, error) {
	b, err := parseAttestation(e)
	if err != nil {
		return nil, fmt.Errorf("attestation: %w", err)
	}
	return id.with(func(u *Unverified) {
		u.attestations = union(u.attestations, []statement[attestationJSON]{{e, b}})
	})
}
