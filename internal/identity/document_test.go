package identity_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"kai/internal/identity"
	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/signed"
)

// TestNoBitIsFree changes a document in every bit, and one with events of all
// kinds in a bit of every byte, and cuts them at each byte. Accepted is only other
// white space.
func TestNoBitIsFree(t *testing.T) {
	every := func(int) []int { return []int{0, 1, 2, 3, 4, 5, 6, 7} }
	noBitIsFree(t, bot(t).Document(), every)
	noBitIsFree(t, long(t).Document(), func(i int) []int { return []int{i % 8} })
}

func noBitIsFree(t *testing.T, doc []byte, bits func(i int) []int) {
	t.Helper()
	if _, err := verify(doc); err != nil {
		t.Fatal(err)
	}
	for i := range doc {
		if cut, err := verify(doc[:i]); err == nil && i < len(doc)-1 {
			t.Errorf("cut at byte %d: %v", i, cut.Events())
		}
		for _, bit := range bits(i) {
			changed := bytes.Clone(doc)
			changed[i] ^= 1 << bit
			if got, err := verify(changed); err == nil && (!isSpace(doc[i]) || !isSpace(changed[i]) || !bytes.Equal(got.Document(), doc)) {
				t.Errorf("bit %d of byte %d: accepted", bit, i)
			}
		}
	}
}

// TestNoByteOfAHybridIsFree changes bytes of a document whose signatures are
// long.
func TestNoByteOfAHybridIsFree(t *testing.T) {
	i := identity.Inception{Keys: identity.Keys{Next: fingerprints(hybrid(t, 2)), NextThreshold: 2}}
	id := made(t, i, hybrid(t, 1))
	doc := id.Document()
	step := 13
	if testing.Short() {
		step = 101
	}
	for i := 0; i < len(doc); i += step {
		changed := bytes.Clone(doc)
		changed[i] ^= 1
		if _, err := verify(changed); err == nil {
			t.Errorf("byte %d: accepted", i)
		}
	}
}

func isSpace(c byte) bool { return strings.IndexByte(" \t\r\n", c) >= 0 }

func TestEventsInDisorder(t *testing.T) {
	events := eventsOf(t, long(t).Document())
	stranger := eventsOf(t, made(t, identity.Inception{}, ed(t, 8)).Document())
	for name, c := range map[string]struct {
		events []*signed.Envelope
		want   error
	}{
		"all":              {events, nil},
		"cut":              {events[:3], nil}, // nobody can see that from one document
		"dropped":          {slices.Delete(slices.Clone(events), 1, 2), identity.ErrChain},
		"first dropped":    {events[1:], identity.ErrMalformed},
		"duplicated":       {slices.Insert(slices.Clone(events), 2, events[1]), identity.ErrChain},
		"swapped":          {[]*signed.Envelope{events[0], events[2], events[1], events[3]}, identity.ErrChain},
		"first two":        {[]*signed.Envelope{events[1], events[0]}, identity.ErrMalformed},
		"revocation first": {[]*signed.Envelope{events[0], events[3]}, identity.ErrChain},
		"after the end":    {append(slices.Clone(events), events[1]), identity.ErrRevoked},
		"two beginnings":   {append(slices.Clone(stranger), events...), identity.ErrChain},
		"another begins":   {append(slices.Clone(stranger), events[1:]...), identity.ErrChain},
		"none":             {nil, identity.ErrMalformed},
	} {
		if _, err := verify(document(c.events...)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestSignaturesMoved gives events the good signatures of others.
func TestSignaturesMoved(t *testing.T) {
	doc := string(changed(t, bot(t), 1, identity.Update{Version: new("2")}, ed(t, 1)).Document())
	lines := strings.Split(doc, "\n")
	const mark = `,"sigs":`
	first, second := strings.Split(lines[1], mark), strings.Split(strings.TrimSuffix(lines[2], ","), mark)
	first[1] = strings.TrimSuffix(first[1], ",")
	swapped := `{"kai":"identity/1","events":[` + first[0] + mark + second[1] + "," + second[0] + mark + first[1] + `]}`
	if _, err := verify([]byte(swapped)); !errors.Is(err, identity.ErrSignature) {
		t.Error(err)
	}
	// The signer's name alone is another one's.
	renamed := strings.Replace(doc, ed(t, 1).Public.Fingerprint(), ed(t, 9).Public.Fingerprint(), 2)
	if _, err := verify([]byte(renamed)); !errors.Is(err, identity.ErrForeignKey) {
		t.Error(err)
	}
}

func TestParseRefusals(t *testing.T) {
	event := strings.TrimSuffix(strings.TrimPrefix(vectorDocument, `{"kai":"identity/1","events":[`), "]}\n")
	with := func(members string) string { return strings.TrimSuffix(vectorDocument, "}\n") + members + "}" }
	edit := func(old, new string) string {
		if !strings.Contains(vectorDocument, old) {
			t.Fatalf("nothing to edit: %s", old)
		}
		return strings.Replace(vectorDocument, old, new, 1)
	}
	attestation := string(attest(t, bot(t)).Bytes())
	for name, c := range map[string]struct {
		doc  string
		want error
	}{
		"empty":                     {"", identity.ErrMalformed},
		"null":                      {"null", identity.ErrMalformed},
		"array":                     {"[]", identity.ErrMalformed},
		"a bare event":              {event, identity.ErrNewer},
		"no kai":                    {`{"events":[` + event + `]}`, identity.ErrMalformed},
		"something else":            {edit("identity/1", "truststore/1"), identity.ErrMalformed},
		"newer":                     {edit("identity/1", "identity/2"), identity.ErrNewer},
		"unknown member":            {with(`,"comment":"x"`), identity.ErrNewer},
		"member twice":              {with(`,"kai":"identity/1"`), identity.ErrMalformed},
		"events twice":              {with(`,"events":[]`), identity.ErrMalformed},
		"other order":               {`{"events":[` + event + `],"kai":"identity/1"}`, identity.ErrMalformed},
		"capitals":                  {edit(`"kai"`, `"Kai"`), identity.ErrMalformed},
		"escape":                    {edit(`"kai"`, `"k\u0061i"`), identity.ErrMalformed},
		"null events":               {`{"kai":"identity/1","events":null}`, identity.ErrMalformed},
		"null event":                {`{"kai":"identity/1","events":[null]}`, identity.ErrMalformed},
		"no events":                 {`{"kai":"identity/1","events":[]}`, identity.ErrMalformed},
		"text behind":               {vectorDocument + "x", identity.ErrMalformed},
		"two documents":             {vectorDocument + vectorDocument, identity.ErrMalformed},
		"empty attestations":        {with(`,"attestations":[]`), identity.ErrMalformed},
		"null attestations":         {with(`,"attestations":null`), identity.ErrMalformed},
		"empty certificates":        {with(`,"certificates":[]`), identity.ErrMalformed},
		"no certificate":            {with(`,"certificates":["x"]`), identity.ErrMalformed},
		"certificate in CR LF":      {with(`,"certificates":["-----BEGIN CERTIFICATE-----\r\n"]`), identity.ErrMalformed},
		"event as attestation":      {with(`,"attestations":[` + event + `]`), identity.ErrMalformed},
		"event as revocation":       {with(`,"revocations":[` + event + `]`), identity.ErrMalformed},
		"attestation as event":      {`{"kai":"identity/1","events":[` + attestation + `]}`, identity.ErrMalformed},
		"attestation as revocation": {with(`,"revocations":[` + attestation + `]`), identity.ErrMalformed},
		"attestation twice":         {with(`,"attestations":[` + attestation + `,` + attestation + `]`), identity.ErrMalformed},
		"attestation, out of order": {with(`,"revocations":[],"attestations":[` + attestation + `]`), identity.ErrMalformed},
		"257 events":                {`{"kai":"identity/1","events":[` + strings.Repeat("{},", 256) + `{}]}`, identity.ErrTooLarge},
		"65 attestations":           {with(`,"attestations":[` + strings.Repeat("{},", 64) + `{}]`), identity.ErrTooLarge},
		"65 revocations":            {with(`,"revocations":[` + strings.Repeat("{},", 64) + `{}]`), identity.ErrTooLarge},
		"nine certificates":         {with(`,"certificates":[` + strings.Repeat(`"",`, 8) + `""]`), identity.ErrTooLarge},
		"long certificate":          {with(`,"certificates":["` + strings.Repeat("a", 32<<10+1) + `"]`), identity.ErrTooLarge},
		"long":                      {vectorDocument + strings.Repeat(" ", identity.MaxDocument), identity.ErrTooLarge},
		"space in the event":        {edit(`"seq":0`, `"seq": 0`), identity.ErrMalformed},
		"float":                     {edit(`"seq":0`, `"seq":0.0`), identity.ErrMalformed},
		"exponent":                  {edit(`"seq":0`, `"seq":0e0`), identity.ErrMalformed},
		"negative zero":             {edit(`"seq":0`, `"seq":-0`), identity.ErrMalformed},
		"null in the event":         {edit(`"seq":0`, `"seq":null`), identity.ErrMalformed},
		"duplicate in the event":    {edit(`"seq":0`, `"seq":0,"seq":0`), identity.ErrMalformed},
		"unknown member of event":   {edit(`"seq":0`, `"seq":0,"stuff":1`), identity.ErrNewer},
		"member of the event lost":  {edit(`"seq":0,`, ``), identity.ErrMalformed},
		"trust in oneself":          {edit(`"threshold":1`, `"threshold":1,"trustLevel":100`), identity.ErrNewer},
		"short nonce":               {edit(`"AAAAAAAAAAAAAAAAAAAAAA"`, `"AAAA"`), identity.ErrMalformed},
		"empty list":                {edit(`["sign:file/**"]`, `[]`), identity.ErrMalformed},
		"unknown kind of identity":  {edit(`"agent"`, `"god"`), identity.ErrMalformed},
		"unknown type of key":       {edit(`"ed25519:`, `"ed448:`), identity.ErrMalformed},
		"weak key":                  {edit("ed25519:iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w", "ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), identity.ErrMalformed},
	} {
		if _, err := identity.Parse([]byte(c.doc)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestWhiteSpaceIsFree(t *testing.T) {
	spaced := "\t{ \"kai\" :\r\n\"identity/1\" ,\"events\": [ {\"signed\": " + vectorObject + " , \"sigs\"\n:" + vectorSigs + " } ]\n\n}"
	id, err := verify([]byte(spaced))
	if err != nil || string(id.Document()) != vectorDocument {
		t.Error(err)
	}
}

func TestLongestChain(t *testing.T) {
	if testing.Short() {
		t.Skip("256 events")
	}
	id := bot(t)
	events := eventsOf(t, id.Document())
	update := func(i int, prev *signed.Envelope) *signed.Envelope {
		return forge(t, object{
			"type": "identity-event", "v": 1, "event": "update", "seq": i, "prev": prev.Digest(),
			"created": "2026-02-01T00:00:00Z", "meta": object{"n": strings.Repeat("x", i%9)},
		}, ed(t, 1))
	}
	for i := 1; i < identity.MaxEvents; i++ {
		events = append(events, update(i, events[i-1]))
	}
	full, err := verify(document(events...))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := full.Append(update(identity.MaxEvents, events[identity.MaxEvents-1])); !errors.Is(err, identity.ErrTooLarge) {
		t.Errorf("event 257: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	i := identity.Inception{
		Keys:     identity.Keys{Seal: []key.Public{x25519(f, 1)}, Next: fingerprints(hybrid(f, 2)), NextThreshold: 2},
		Revokers: publics(ed(f, 6)), Recovery: identity.Quorum{Keys: publics(ed(f, 4)), Threshold: 1},
	}
	full := made(f, i, hybrid(f, 1))
	full, err := full.WithAttestation(attest(f, full))
	if err != nil {
		f.Fatal(err)
	}
	for _, doc := range []string{vectorDocument, string(long(f).Document()), string(full.Document())} {
		if _, err := verify([]byte(doc)); err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		u, err := identity.Parse(data)
		if err != nil {
			if !errors.Is(err, identity.ErrMalformed) && !errors.Is(err, identity.ErrTooLarge) && !errors.Is(err, sig.ErrUnsupported) {
				t.Fatalf("%q: %v", data, err)
			}
			return
		}
		if !signed.SameTokens(data, u.Written()) {
			t.Fatalf("%q was read as %q", data, u.Written())
		}
		id, err := u.Verify()
		if err != nil {
			return
		}
		again, err := verify(id.Document())
		if err != nil || again.ID() != id.ID() || !bytes.Equal(again.Document(), id.Document()) {
			t.Fatalf("%q: %v", id.Document(), err)
		}
	})
}
