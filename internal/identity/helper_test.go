package identity_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"kai/internal/identity"
	"kai/internal/key"
	"kai/internal/secret"
	"kai/internal/sig"
	"kai/internal/signed"
)

// start is when the identities of the tests begin.
var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// day is a time that many days later.
func day(n int) time.Time { return start.AddDate(0, 0, n) }

// zeros is randomness that repeats: the same test makes the same bytes.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func signer(t testing.TB, typ key.Type, n byte) sig.Signer {
	t.Helper()
	private, err := key.NewPrivate(typ, secret.Take(bytes.Repeat([]byte{n}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := private.Signer()
	if err != nil {
		t.Fatal(err)
	}
	return sig.Signer{Public: private.Public(), Signer: s}
}

// ed is the Ed25519 key whose seed is 32 times n, pq the ML-DSA-65 key.
func ed(t testing.TB, n byte) sig.Signer { return signer(t, key.Ed25519, n) }
func pq(t testing.TB, n byte) sig.Signer { return signer(t, key.MLDSA65, n) }

// hybrid is both, as one signer.
func hybrid(t testing.TB, n byte) sig.Signer {
	s, companion := ed(t, n), pq(t, n)
	s.PQ = &companion
	return s
}

func x25519(t testing.TB, n byte) key.Public {
	t.Helper()
	private, err := key.NewPrivate(key.X25519, secret.Take(bytes.Repeat([]byte{n}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return private.Public()
}

func publics(signers ...sig.Signer) []key.Public {
	var keys []key.Public
	for _, s := range signed.Flatten(signers) {
		keys = append(keys, s.Public)
	}
	return keys
}

func fingerprints(signers ...sig.Signer) []string {
	var list []string
	for _, k := range publics(signers...) {
		list = append(list, k.Fingerprint())
	}
	return list
}

// keys are those of sign, all of which must sign, and of next, likewise.
func keys(sign, next sig.Signer) identity.Keys {
	k := identity.Keys{Sign: publics(sign), Next: fingerprints(next)}
	k.Threshold, k.NextThreshold = len(k.Sign), len(k.Next)
	return k
}

// bot is the identity of the vector: key 1 signs, key 2 is next.
func bot(t testing.TB) *identity.Identity {
	t.Helper()
	return made(t, identity.Inception{}, ed(t, 1))
}

// made is an identity with what the vector has where i has nothing.
func made(t testing.TB, i identity.Inception, signers ...sig.Signer) *identity.Identity {
	t.Helper()
	if i.Name == "" {
		i.Facts = identity.Facts{Name: "build-bot", Kind: identity.Agent, Capabilities: []string{"sign:file/**"}}
	}
	if i.Next == nil {
		i.Next, i.NextThreshold = fingerprints(ed(t, 2)), 1
	}
	id, err := identity.New(zeros{}, start, i, signers...)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func changed(t testing.TB, id *identity.Identity, days int, c identity.Change, signers ...sig.Signer) *identity.Identity {
	t.Helper()
	next, err := id.Change(zeros{}, day(days), c, signers...)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// long is bot with an event of each kind.
func long(t testing.TB) *identity.Identity {
	t.Helper()
	version := "1.2"
	id := changed(t, bot(t), 1, identity.Update{Version: &version, Seal: &[]key.Public{x25519(t, 7)}}, ed(t, 1))
	id = changed(t, id, 2, identity.Rotation{
		Reason: identity.Scheduled, Keys: keys(ed(t, 2), ed(t, 3)), OverlapUntil: day(9),
	}, ed(t, 1), ed(t, 2))
	return changed(t, id, 3, identity.Revocation{Reason: identity.Retired}, ed(t, 2))
}

// object is an event as a map, to make those that the package would not.
type object map[string]any

// forge signs an object.
func forge(t testing.TB, o object, signers ...sig.Signer) *signed.Envelope {
	t.Helper()
	e, err := signed.Sign(zeros{}, o, signers...)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// after is the frame of an event that follows the last one of id.
func after(id *identity.Identity, kind string, members object) object {
	seq, head := id.Head()
	o := object{"type": "identity-event", "v": 1, "event": kind, "seq": seq + 1, "prev": head, "created": "2026-02-01T00:00:00Z"}
	for name, value := range members {
		if value == nil {
			delete(o, name)
		} else {
			o[name] = value
		}
	}
	return o
}

// document is one of the given envelopes, without any check.
func document(events ...*signed.Envelope) []byte {
	var lines []string
	for _, e := range events {
		lines = append(lines, string(e.Bytes()))
	}
	return fmt.Appendf(nil, `{"kai":"identity/1","events":[%s]}`, strings.Join(lines, ","))
}

// eventsOf takes a document apart.
func eventsOf(t testing.TB, doc []byte) []*signed.Envelope {
	t.Helper()
	var d struct{ Events []json.RawMessage }
	if err := json.Unmarshal(doc, &d); err != nil {
		t.Fatal(err)
	}
	var list []*signed.Envelope
	for _, raw := range d.Events {
		e, err := signed.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

// verify is Parse and Verify.
func verify(doc []byte) (*identity.Identity, error) {
	u, err := identity.Parse(doc)
	if err != nil {
		return nil, err
	}
	return u.Verify()
}
