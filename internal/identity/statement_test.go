package identity_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"kai/internal/identity"
	"kai/internal/key"
	"kai/internal/signed"
)

// owner is an identity that attests; its key is 50.
func owner(t testing.TB) *identity.Identity {
	t.Helper()
	return made(t, identity.Inception{
		Facts: identity.Facts{Name: "owner", Kind: identity.Root},
		Keys:  identity.Keys{Next: fingerprints(ed(t, 51)), NextThreshold: 1},
	}, ed(t, 50))
}

// attest is the owner's word for an identity.
func attest(t testing.TB, subject *identity.Identity) *signed.Envelope {
	t.Helper()
	e, err := owner(t).Attest(zeros{}, identity.Attestation{
		Subject: subject.ID(), Claim: "owner", Value: owner(t).ID().String(), Level: "enhanced", Created: day(1), Expires: day(366),
	}, ed(t, 50))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAttestation(t *testing.T) {
	id, issuer := bot(t), owner(t)
	e := attest(t, id)
	got, err := issuer.VerifyAttestation(e)
	if err != nil {
		t.Fatal(err)
	}
	if got.Issuer != issuer.ID() || got.Subject != id.ID() || got.Claim != "owner" || got.Value != issuer.ID().String() ||
		!got.Created.Equal(day(1)) || !got.Expires.Equal(day(366)) || got.Level != "enhanced" {
		t.Errorf("%+v", got)
	}
	with, err := id.WithAttestation(e)
	if err != nil {
		t.Fatal(err)
	}
	if with, err = with.WithAttestation(e); err != nil || len(with.Attestations()) != 1 {
		t.Errorf("taken twice: %v", err)
	}
	read, err := verify(with.Document())
	if err != nil || len(read.Attestations()) != 1 || read.Attestations()[0].Digest() != e.Digest() {
		t.Error(err)
	}
	if _, err := issuer.WithAttestation(e); !errors.Is(err, identity.ErrOtherIdentity) {
		t.Errorf("in the issuer's document: %v", err)
	}
	if _, err := id.VerifyAttestation(e); !errors.Is(err, identity.ErrOtherIdentity) {
		t.Errorf("as its subject's word: %v", err)
	}
	merged, err := identity.Merge(changed(t, id, 1, identity.Update{Version: new("2")}, ed(t, 1)), with)
	if err != nil || len(merged.Attestations()) != 1 || merged.Facts().Version != "2" {
		t.Errorf("merged: %v", err)
	}
	for i := range e.Bytes() {
		data := e.Bytes()
		data[i] ^= 1
		if c, err := signed.Parse(data); err == nil {
			if _, err := issuer.VerifyAttestation(c); err == nil {
				t.Errorf("byte %d changed: accepted", i)
			}
		}
	}
}

func TestAttestationRefusals(t *testing.T) {
	issuer, subject := owner(t), bot(t).ID()
	good := identity.Attestation{Subject: subject, Claim: "reviewed", Created: day(1)}
	for name, c := range map[string]struct {
		change func(a *identity.Attestation)
		want   error
	}{
		"good":             {func(*identity.Attestation) {}, nil},
		"own claim":        {func(a *identity.Attestation) { a.Claim = "x-badge" }, nil},
		"hidden":           {func(a *identity.Attestation) { a.Hidden = []signed.Digest{signed.DigestOf(nil)} }, nil},
		"report":           {func(a *identity.Attestation) { a.Claim, a.Report = "audit", signed.DigestOf(nil) }, nil},
		"unknown claim":    {func(a *identity.Attestation) { a.Claim = "god" }, identity.ErrMalformed},
		"empty own claim":  {func(a *identity.Attestation) { a.Claim = "x-" }, identity.ErrMalformed},
		"oneself":          {func(a *identity.Attestation) { a.Subject = issuer.ID() }, identity.ErrMalformed},
		"nobody":           {func(a *identity.Attestation) { a.Subject = identity.ID{} }, identity.ErrMalformed},
		"unknown level":    {func(a *identity.Attestation) { a.Level = "100" }, identity.ErrMalformed},
		"expired at once":  {func(a *identity.Attestation) { a.Expires = day(1) }, identity.ErrMalformed},
		"long value":       {func(a *identity.Attestation) { a.Value = strings.Repeat("a", 257) }, identity.ErrTooLarge},
		"hidden and shown": {func(a *identity.Attestation) { a.Value, a.Hidden = "a", []signed.Digest{{1}} }, identity.ErrMalformed},
		"17 hidden":        {func(a *identity.Attestation) { a.Hidden = make([]signed.Digest, 17) }, identity.ErrTooLarge},
		"before the key":   {func(a *identity.Attestation) { a.Created = day(-1) }, identity.ErrNotInForce},
		"no time":          {func(a *identity.Attestation) { a.Created = time.Time{} }, identity.ErrMalformed},
	} {
		a := good
		c.change(&a)
		if _, err := issuer.Attest(zeros{}, a, ed(t, 50)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := issuer.Attest(zeros{}, good, ed(t, 51)); !errors.Is(err, identity.ErrForeignKey) {
		t.Errorf("by the next key: %v", err)
	}
}

// TestRevocationInAdvance is a revocation that lies in a drawer until it is
// needed.
func TestRevocationInAdvance(t *testing.T) {
	id := made(t, identity.Inception{Revokers: publics(ed(t, 6))}, ed(t, 1))
	revoke := identity.RevocationStatement{
		Target: identity.Target{Kind: identity.TargetIdentity, Ref: id.ID().String()}, Reason: identity.Unspecified, Created: start,
	}
	e, err := id.SignRevocation(zeros{}, revoke, ed(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	updated := changed(t, id, 1, identity.Update{Version: new("2")}, ed(t, 1))
	ended, err := updated.WithRevocation(e)
	if err != nil {
		t.Fatal(err)
	}
	if r, ok := ended.Revoked(); !ok || r.Reason != identity.Unspecified || len(ended.KeysAt(identity.ForSigning, day(0))) != 0 {
		t.Errorf("%+v", r)
	}
	if again, err := verify(ended.Document()); err != nil {
		t.Error(err)
	} else if _, ok := again.Revoked(); !ok {
		t.Error("forgotten when read again")
	}
	if _, ok := updated.Revoked(); ok {
		t.Error("the value before has changed")
	}
	if _, err := ended.Propose(zeros{}, day(2), identity.Update{Version: new("3")}, ed(t, 1)); !errors.Is(err, identity.ErrRevoked) {
		t.Errorf("an event after the end: %v", err)
	}

	// Keys that were rotated away cannot end what they no longer belong to, and
	// the drawer needs a new letter; a revoker stays.
	rotated := changed(t, updated, 2, identity.Rotation{Reason: identity.Compromised, Keys: keys(ed(t, 2), ed(t, 3))}, ed(t, 1), ed(t, 2))
	if _, err := rotated.WithRevocation(e); !errors.Is(err, identity.ErrForeignKey) {
		t.Errorf("by an old key: %v", err)
	}
	if _, err := identity.Merge(rotated, ended); !errors.Is(err, identity.ErrForeignKey) {
		t.Errorf("by an old key, merged: %v", err)
	}
	if e, err = id.SignRevocation(zeros{}, revoke, ed(t, 6)); err != nil {
		t.Fatal(err)
	}
	if _, err := rotated.WithRevocation(e); err != nil {
		t.Errorf("by a revoker: %v", err)
	}
	revoke.Reveal = publics(ed(t, 2))
	if e, err = id.SignRevocation(zeros{}, revoke, ed(t, 2)); err != nil {
		t.Fatal(err)
	}
	if _, err := id.WithRevocation(e); err != nil {
		t.Errorf("by the next key: %v", err)
	}
}

func TestRevocationOfKeys(t *testing.T) {
	id := changed(t, bot(t), 10, identity.Rotation{Reason: identity.Scheduled, Keys: keys(ed(t, 2), ed(t, 3)), OverlapUntil: day(30)}, ed(t, 1), ed(t, 2))
	k1, k2 := ed(t, 1).Public, ed(t, 2).Public
	revoke := func(k key.Public, reason identity.Reason, created, since time.Time, by byte) (*identity.Identity, error) {
		e, err := id.SignRevocation(zeros{}, identity.RevocationStatement{
			Target: identity.Target{Kind: identity.TargetKey, Ref: k.Fingerprint()}, Reason: reason, Created: created, Since: since,
		}, ed(t, by))
		if err != nil {
			return nil, err
		}
		return id.WithRevocation(e)
	}
	soft, err := revoke(k1, identity.Superseded, day(20), time.Time{}, 2)
	if err != nil {
		t.Fatal(err)
	}
	if got := soft.KeysAt(identity.ForSigning, day(19)); len(got) != 2 {
		t.Errorf("before: %v", got)
	}
	if got := soft.KeysAt(identity.ForSigning, day(20)); len(got) != 1 || got[0] != k2 {
		t.Errorf("after: %v", got)
	}
	hard, err := revoke(k1, identity.Compromised, day(20), day(5), 2)
	if err != nil {
		t.Fatal(err)
	}
	if tenure, _ := hard.Tenure(k1.Fingerprint()); !tenure.Void || !tenure.Since.Equal(day(5)) || len(hard.KeysAt(identity.ForSigning, day(0))) != 0 {
		t.Errorf("%+v", tenure)
	}
	if _, ended := hard.Revoked(); ended {
		t.Error("the identity has ended with its old key")
	}
	for name, c := range map[string]struct {
		key     key.Public
		created time.Time
		by      byte
		want    error
	}{
		"key 1 by itself then":  {k1, day(5), 1, nil}, // whoever has it can void it
		"key 1 by itself now":   {k1, day(20), 1, identity.ErrForeignKey},
		"key 2 by key 1":        {k2, day(20), 1, identity.ErrForeignKey},
		"key 2 before its time": {k2, day(5), 1, identity.ErrOtherIdentity},
		"key 2 by a stranger":   {k2, day(20), 9, identity.ErrForeignKey},
		"another's key":         {ed(t, 9).Public, day(20), 2, identity.ErrOtherIdentity},
	} {
		if _, err := revoke(c.key, identity.Compromised, c.created, time.Time{}, c.by); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestRevocationOfOthers(t *testing.T) {
	issuer := owner(t)
	for name, c := range map[string]struct {
		target identity.Target
		want   error
	}{
		"attestation":     {identity.Target{Kind: identity.TargetAttestation, Ref: attest(t, bot(t)).Digest().String()}, nil},
		"other identity":  {identity.Target{Kind: identity.TargetIdentity, Ref: vectorID}, nil},
		"other key":       {identity.Target{Kind: identity.TargetKey, Ref: ed(t, 9).Public.Fingerprint()}, nil},
		"digest for id":   {identity.Target{Kind: identity.TargetIdentity, Ref: signed.DigestOf(nil).String()}, identity.ErrMalformed},
		"id for digest":   {identity.Target{Kind: identity.TargetPin, Ref: vectorID}, identity.ErrMalformed},
		"key in full":     {identity.Target{Kind: identity.TargetKey, Ref: ed(t, 9).Public.String()}, identity.ErrMalformed},
		"unknown kind":    {identity.Target{Kind: "planet", Ref: vectorID}, identity.ErrNewer},
		"nothing":         {identity.Target{}, identity.ErrNewer},
		"empty reference": {identity.Target{Kind: identity.TargetStatement}, identity.ErrMalformed},
	} {
		e, err := issuer.SignRevocation(zeros{}, identity.RevocationStatement{Target: c.target, Reason: identity.Mistake, Created: day(1)}, ed(t, 50))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err != nil {
			continue
		}
		if v, err := issuer.VerifyRevocation(e); err != nil || v.Target != c.target || v.Issuer != issuer.ID() {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
		if _, err := issuer.WithRevocation(e); !errors.Is(err, identity.ErrOtherIdentity) {
			t.Errorf("%s, in the issuer's document: %v", name, err)
		}
		if _, err := bot(t).VerifyRevocation(e); !errors.Is(err, identity.ErrOtherIdentity) {
			t.Errorf("%s, as another's word: %v", name, err)
		}
	}
}

func TestCertificates(t *testing.T) {
	chain := "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
	id, err := bot(t).WithCertificates([]string{chain})
	if err != nil {
		t.Fatal(err)
	}
	read, err := verify(id.Document())
	if err != nil || len(read.Certificates()) != 1 || read.Certificates()[0] != chain {
		t.Error(err)
	}
	if _, err := id.WithCertificates([]string{"<script>"}); !errors.Is(err, identity.ErrMalformed) {
		t.Error(err)
	}
}

// TestWords holds every word of the format against its reader.
func TestWords(t *testing.T) {
	for _, word := range []string{"agent", "user", "root", "service"} {
		if k, err := identity.ParseKind(word); err != nil || string(k) != word {
			t.Errorf("%s: %v", word, err)
		}
	}
	type parser func(string) (identity.Reason, error)
	for word, want := range map[string]struct{ rotation, revocation, hard bool }{
		"scheduled": {true, false, false}, "superseded": {true, true, false}, "compromised": {true, true, true},
		"recovery": {true, false, false}, "retired": {false, true, false}, "mistake": {false, true, false},
		"unspecified": {false, true, true}, "": {false, false, true}, "Retired": {false, false, true},
	} {
		for parse, ok := range map[*parser]bool{
			new(parser(identity.ParseRotationReason)): want.rotation, new(parser(identity.ParseRevocationReason)): want.revocation,
		} {
			if r, err := (*parse)(word); (err == nil) != ok || ok && string(r) != word {
				t.Errorf("%q: %v", word, err)
			}
		}
		if identity.Reason(word).Hard() != want.hard {
			t.Errorf("%q: hard is %v", word, !want.hard)
		}
	}
	for _, word := range []string{"", "Agent", "admin"} {
		if _, err := identity.ParseKind(word); !errors.Is(err, identity.ErrMalformed) {
			t.Errorf("kind %q: %v", word, err)
		}
	}
}
