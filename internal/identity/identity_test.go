package identity_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"kai/internal/identity"
	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/sig/dsse"
	"kai/internal/signed"
)

// The vector of the design.
const (
	vectorObject = `{"capabilities":["sign:file/**"],"created":"2026-01-02T03:04:05Z","event":"inception","keys":{"seal":[],` +
		`"sign":["ed25519:iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w"]},"kind":"agent","name":"build-bot",` +
		`"next":["SHA256:4A9jyZBOhnKZvcGQ6TRFbf5Gymb41AfYvYaVmWHD+G4"],"next_threshold":1,"nonce":"AAAAAAAAAAAAAAAAAAAAAA",` +
		`"seq":0,"threshold":1,"type":"identity-event","v":1}`
	vectorSHA256 = "88a3b964df61bf0f6a6485ca22b50daf1f51308f9a1cf140e2003b40e2235878"
	vectorID     = "kai13z3mjexlvxls76nysh9z9dgd4u04zvy0ngw0zs8zqqa5pc3rtpuqfzmmme"
	vectorSigs   = `[{"key":"SHA256:fe85JkIjo8VPe+XqXJGH5Mau1EMFdK1OdKvJUFicyA8",` +
		`"sig":"6j4zsQMjpwo5imHPr2vxEuzUg5nyiYRjchk8h55WxfVAw32b1oTvAMKDSOIn1pqPvhLISJQD3pX1__yEni1FCw"}]`
	vectorDocument = `{"kai":"identity/1","events":[` + "\n" + `{"signed":` + vectorObject + `,"sigs":` + vectorSigs + "}\n]}\n"
)

func TestVector(t *testing.T) {
	id := bot(t)
	if got := string(id.Document()); got != vectorDocument {
		t.Errorf("made\n%swant\n%s", got, vectorDocument)
	}
	read, err := verify([]byte(vectorDocument))
	if err != nil {
		t.Fatal(err)
	}
	if read.ID().String() != vectorID || len(vectorID) != 62 {
		t.Errorf("id %s", read.ID())
	}
	seq, head := read.Head()
	if seq != 0 || hex.EncodeToString(head[:]) != vectorSHA256 {
		t.Errorf("head %d %x", seq, head[:])
	}
	pae := dsse.PAE(signed.IdentityEvent.MediaType(), []byte(vectorObject))
	if !bytes.HasPrefix(pae, []byte("DSSEv1 42 application/vnd.kai.identity-event.v1+json 368 {")) {
		t.Errorf("PAE %s", pae)
	}
	parsed, err := identity.ParseID(vectorID)
	if err != nil || parsed != read.ID() {
		t.Error(parsed, err)
	}
}

func TestIDRefusals(t *testing.T) {
	for _, text := range []string{
		"", "kai1", strings.ToUpper(vectorID), "K" + vectorID[1:], vectorID + "q", vectorID[:61], " " + vectorID,
		strings.Replace(vectorID, "z", "x", 1),
		"kai1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq",
		"did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
	} {
		if id, err := identity.ParseID(text); !errors.Is(err, identity.ErrMalformed) || !id.IsZero() {
			t.Errorf("%q: %v, %v", text, id, err)
		}
	}
	if _, err := (identity.ID{}).MarshalText(); err == nil {
		t.Error("no id is written")
	}
}

func TestFaces(t *testing.T) {
	owner := bot(t).ID()
	i := identity.Inception{
		Facts: identity.Facts{
			Name: "deploy", Kind: identity.Service, Owner: owner, Version: "1", Capabilities: []string{"sign:file/**", "x-a:b"},
			Principals: []string{"deploy@example.com"}, Meta: map[string]string{"team": "ops"},
			Profile: identity.Profile{DisplayName: "Deploy <bot>", Email: "d@example.com", URL: "https://example.com/?a&b"},
		},
		Keys: identity.Keys{
			Next: fingerprints(hybrid(t, 2)), NextThreshold: 2,
			Seal: []key.Public{x25519(t, 1)}, Channel: []key.Public{x25519(t, 2)},
		},
		Recovery: identity.Quorum{Keys: publics(ed(t, 20), ed(t, 21)), Threshold: 2},
		Revokers: publics(ed(t, 22)),
	}
	id := made(t, i, hybrid(t, 1))
	facts := id.Facts()
	if facts.Name != "deploy" || facts.Kind != identity.Service || facts.Owner != owner || facts.Version != "1" ||
		!slices.Equal(facts.Capabilities, i.Capabilities) || !slices.Equal(facts.Principals, i.Principals) ||
		facts.Meta["team"] != "ops" || facts.Profile != i.Profile {
		t.Errorf("facts %+v", facts)
	}
	k := id.Keys()
	if !slices.Equal(k.Sign, publics(hybrid(t, 1))) || k.Threshold != 2 || k.NextThreshold != 2 || !slices.Equal(k.Next, i.Next) ||
		!slices.Equal(k.Seal, i.Seal) || !slices.Equal(k.Channel, i.Channel) {
		t.Errorf("keys %+v", k)
	}
	if !id.PostQuantum() || bot(t).PostQuantum() {
		t.Error("which of the two is post-quantum?")
	}
	if q := id.Recovery(); q.Threshold != 2 || len(q.Keys) != 2 || len(id.Revokers()) != 1 || id.Epoch() != 0 || !id.Created().Equal(start) {
		t.Error(q, id.Revokers(), id.Epoch(), id.Created())
	}
	if _, ended := id.Revoked(); ended {
		t.Error("revoked")
	}
	facts.Capabilities[0], facts.Meta["team"], k.Sign[0], k.Next[0] = "x", "x", key.Public{}, "x"
	if id.Facts().Capabilities[0] == "x" || id.Facts().Meta["team"] == "x" || id.Keys().Sign[0].IsZero() || id.Keys().Next[0] == "x" {
		t.Error("what is handed out is not a copy")
	}
	if again, err := verify(id.Document()); err != nil || again.ID() != id.ID() {
		t.Error(err)
	}
}

func TestUpdate(t *testing.T) {
	id := made(t, identity.Inception{
		Facts: identity.Facts{
			Name: "a", Kind: identity.User, Owner: bot(t).ID(), Version: "1", Capabilities: []string{"x-a:b"},
			Principals: []string{"p"}, Meta: map[string]string{"k": "v"}, Profile: identity.Profile{Email: "e"},
		},
		Keys: identity.Keys{Next: []string{}, Seal: []key.Public{x25519(t, 1)}},
	}, ed(t, 1))
	name, version, none := "b", "2", ""
	changedName := changed(t, id, 1, identity.Update{Name: &name, Version: &version, Channel: &[]key.Public{x25519(t, 2)}}, ed(t, 1))
	f := changedName.Facts()
	if f.Name != "b" || f.Version != "2" || f.Owner.IsZero() || len(f.Capabilities) != 1 || f.Profile.Email != "e" || len(changedName.Keys().Channel) != 1 {
		t.Errorf("%+v", f)
	}
	if id.Facts().Name != "a" || changedName.ID() != id.ID() {
		t.Error("the first value has changed, or the id")
	}
	emptied := changed(t, changedName, 2, identity.Update{
		Version: &none, Owner: &identity.ID{}, Capabilities: new([]string), Principals: &[]string{}, Meta: new(map[string]string),
		Profile: &identity.Profile{}, Seal: new([]key.Public), Channel: &[]key.Public{},
	}, ed(t, 1))
	f, k := emptied.Facts(), emptied.Keys()
	if f.Name != "b" || f.Version != "" || !f.Owner.IsZero() || len(f.Capabilities)+len(f.Principals)+len(f.Meta) > 0 ||
		f.Profile != (identity.Profile{}) || len(k.Seal)+len(k.Channel) > 0 {
		t.Errorf("%+v, %+v", f, k)
	}
	if got := emptied.KeysAt(identity.ForSealing, day(1)); len(got) != 1 || len(emptied.KeysAt(identity.ForSealing, day(2))) != 0 {
		t.Errorf("sealing keys then %v", got)
	}
	for label, c := range map[string]struct {
		update identity.Update
		want   error
	}{
		"nothing":                  {identity.Update{}, identity.ErrMalformed},
		"no name":                  {identity.Update{Name: &none}, identity.ErrMalformed},
		"dropped sealing key":      {identity.Update{Seal: &[]key.Public{x25519(t, 1)}}, identity.ErrReused},
		"for another use":          {identity.Update{Channel: &[]key.Public{x25519(t, 1)}}, identity.ErrReused},
		"signing key for sealing":  {identity.Update{Seal: new(publics(ed(t, 1)))}, identity.ErrMalformed},
		"one key for both":         {identity.Update{Seal: &[]key.Public{x25519(t, 3)}, Channel: &[]key.Public{x25519(t, 3)}}, identity.ErrMalformed},
		"long capability":          {identity.Update{Capabilities: &[]string{strings.Repeat("a", 513)}}, identity.ErrTooLarge},
		"control character":        {identity.Update{Version: new("\u0085")}, identity.ErrMalformed},
		"control character, ASCII": {identity.Update{Version: new("\n")}, identity.ErrMalformed},
	} {
		if _, err := emptied.Change(zeros{}, day(3), c.update, ed(t, 1)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", label, err, c.want)
		}
	}
}

// TestTenures follows keys through a planned rotation, a compromise and the end.
func TestTenures(t *testing.T) {
	id := made(t, identity.Inception{Keys: identity.Keys{Seal: []key.Public{x25519(t, 1)}}}, ed(t, 1))
	second := keys(ed(t, 2), ed(t, 3))
	second.Seal = []key.Public{x25519(t, 2)}
	id = changed(t, id, 10, identity.Rotation{Reason: identity.Scheduled, Keys: second, OverlapUntil: day(24)}, ed(t, 1), ed(t, 2))
	third := keys(ed(t, 3), ed(t, 4))
	third.Seal = second.Seal
	lost := changed(t, id, 20, identity.Rotation{Reason: identity.Compromised, Keys: third, Since: day(15)}, ed(t, 2), ed(t, 3))

	k1, k2, k3 := ed(t, 1).Public, ed(t, 2).Public, ed(t, 3).Public
	for _, c := range []struct {
		id   *identity.Identity
		use  identity.Use
		day  int
		want []key.Public
	}{
		{id, identity.ForSigning, -1, nil},
		{id, identity.ForSigning, 0, []key.Public{k1}},
		{id, identity.ForSigning, 9, []key.Public{k1}},
		{id, identity.ForSigning, 10, []key.Public{k2, k1}}, // overlap
		{id, identity.ForSigning, 23, []key.Public{k2, k1}},
		{id, identity.ForSigning, 24, []key.Public{k2}},
		{id, identity.ForSealing, 9, []key.Public{x25519(t, 1)}},
		{id, identity.ForSealing, 10, []key.Public{x25519(t, 2)}}, // no overlap: seal to the newest
		{lost, identity.ForSigning, 9, []key.Public{k1}},
		{lost, identity.ForSigning, 12, []key.Public{k1}}, // k2 is void, then too
		{lost, identity.ForSigning, 20, []key.Public{k3, k1}},
		{lost, identity.ForSigning, 24, []key.Public{k3}},
		{lost, identity.ForSealing, 24, []key.Public{x25519(t, 2)}},
	} {
		if got := c.id.KeysAt(c.use, day(c.day)); !slices.Equal(got, c.want) {
			t.Errorf("%s, day %d, epoch %d: %v, want %v", c.use, c.day, c.id.Epoch(), got, c.want)
		}
	}
	tenure, ok := lost.Tenure(k2.Fingerprint())
	if !ok || !tenure.Void || !tenure.Since.Equal(day(15)) || !tenure.Until.Equal(day(20)) || !tenure.From.Equal(day(10)) {
		t.Errorf("%+v", tenure)
	}
	if _, ok := lost.Tenure(ed(t, 4).Public.Fingerprint()); ok || lost.Epoch() != 2 || len(lost.Tenures()) != 5 {
		t.Errorf("epoch %d, tenures %+v", lost.Epoch(), lost.Tenures())
	}

	retired := changed(t, lost, 22, identity.Revocation{Reason: identity.Retired}, ed(t, 3))
	if got := retired.KeysAt(identity.ForSigning, day(21)); !slices.Equal(got, []key.Public{k3, k1}) {
		t.Errorf("before the retirement: %v", got)
	}
	if got := slices.Concat(retired.KeysAt(identity.ForSigning, day(22)), retired.KeysAt(identity.ForSealing, day(22))); len(got) != 0 {
		t.Errorf("after the retirement: %v", got)
	}
	if ended, ok := retired.Revoked(); !ok || ended.Reason != identity.Retired || !ended.At.Equal(day(22)) || !ended.Since.IsZero() {
		t.Errorf("%+v", ended)
	}
	stolen := changed(t, lost, 22, identity.Revocation{Reason: identity.Compromised, Since: day(1)}, ed(t, 3))
	for _, tenure := range stolen.Tenures() {
		if !tenure.Void {
			t.Errorf("good after all: %+v", tenure)
		}
	}
}

func TestSpeaks(t *testing.T) {
	first, second := hybrid(t, 1), hybrid(t, 2)
	id := made(t, identity.Inception{Keys: identity.Keys{Next: fingerprints(second), NextThreshold: 2}}, first)
	id = changed(t, id, 10, identity.Rotation{Reason: identity.Superseded, Keys: keys(second, ed(t, 3)), OverlapUntil: day(20)}, first, second)
	statement := object{"type": "trust", "v": 1}
	for name, c := range map[string]struct {
		day     int
		signers []sig.Signer
		want    error
	}{
		"first keys in their time":      {5, []sig.Signer{first}, nil},
		"first keys in the overlap":     {19, []sig.Signer{first}, nil},
		"first keys after the overlap":  {20, []sig.Signer{first}, identity.ErrNotInForce},
		"second keys":                   {10, []sig.Signer{second}, nil},
		"second keys before their time": {9, []sig.Signer{second}, identity.ErrNotInForce},
		"before the identity":           {-1, []sig.Signer{first}, identity.ErrNotInForce},
		"one half":                      {15, []sig.Signer{ed(t, 2)}, identity.ErrNotInForce},
		"the other half":                {15, []sig.Signer{pq(t, 2)}, identity.ErrNotInForce},
		"halves of two epochs":          {15, []sig.Signer{ed(t, 1), pq(t, 2)}, identity.ErrNotInForce},
		"a next key":                    {15, []sig.Signer{ed(t, 3)}, identity.ErrForeignKey},
		"with a stranger":               {15, []sig.Signer{second, ed(t, 9)}, identity.ErrForeignKey},
	} {
		e := forge(t, statement, c.signers...)
		v, err := id.Speaks(e, day(c.day))
		if !errors.Is(err, c.want) || (err == nil) != (v != nil) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := id.Speaks(eventsOf(t, id.Document())[0], start); !errors.Is(err, identity.ErrMalformed) {
		t.Errorf("event as a statement: %v", err)
	}
}

func TestEvents(t *testing.T) {
	events := long(t).Events()
	want := []identity.EventKind{identity.InceptionEvent, identity.UpdateEvent, identity.RotationEvent, identity.RevocationEvent}
	if len(events) != len(want) {
		t.Fatalf("%+v", events)
	}
	for i, e := range events {
		if e.Seq != i || e.Kind != want[i] || !e.Created.Equal(day(i)) || len(e.Signers) != 1+i/2%2*(3-i) {
			t.Errorf("%+v", e)
		}
	}
	if events[2].Reason != identity.Scheduled || events[3].Reason != identity.Retired {
		t.Errorf("%+v", events)
	}
}

func TestNewRefusals(t *testing.T) {
	good := func() identity.Inception {
		return identity.Inception{
			Facts: identity.Facts{Name: "a", Kind: identity.Agent},
			Keys:  identity.Keys{Next: fingerprints(ed(t, 2)), NextThreshold: 1},
		}
	}
	many := func(n int, prefix string) (list []string) {
		for i := range n {
			list = append(list, prefix+strings.Repeat("a", i+1))
		}
		return list
	}
	var nine []sig.Signer
	for i := range 9 {
		nine = append(nine, ed(t, byte(30+i)))
	}
	one := []sig.Signer{ed(t, 1)}
	for name, c := range map[string]struct {
		change  func(i *identity.Inception)
		signers []sig.Signer
		want    error
	}{
		"nobody signs":              {func(*identity.Inception) {}, nil, identity.ErrMalformed},
		"no name":                   {func(i *identity.Inception) { i.Name = "" }, one, identity.ErrMalformed},
		"name in capitals":          {func(i *identity.Inception) { i.Name = "Bot" }, one, identity.ErrMalformed},
		"name with a path":          {func(i *identity.Inception) { i.Name = "a/b" }, one, identity.ErrMalformed},
		"hidden name":               {func(i *identity.Inception) { i.Name = ".a" }, one, identity.ErrMalformed},
		"long name":                 {func(i *identity.Inception) { i.Name = strings.Repeat("a", 65) }, one, identity.ErrMalformed},
		"no kind":                   {func(i *identity.Inception) { i.Kind = "" }, one, identity.ErrMalformed},
		"unknown kind":              {func(i *identity.Inception) { i.Kind = "admin" }, one, identity.ErrMalformed},
		"65 capabilities":           {func(i *identity.Inception) { i.Capabilities = many(65, "c:") }, one, identity.ErrTooLarge},
		"empty capability":          {func(i *identity.Inception) { i.Capabilities = []string{""} }, one, identity.ErrMalformed},
		"capability twice":          {func(i *identity.Inception) { i.Capabilities = []string{"a", "a"} }, one, identity.ErrMalformed},
		"17 principals":             {func(i *identity.Inception) { i.Principals = many(17, "p") }, one, identity.ErrTooLarge},
		"meta name":                 {func(i *identity.Inception) { i.Meta = map[string]string{"A": ""} }, one, identity.ErrMalformed},
		"long meta":                 {func(i *identity.Inception) { i.Meta = map[string]string{"a": strings.Repeat("a", 257)} }, one, identity.ErrTooLarge},
		"long version":              {func(i *identity.Inception) { i.Version = strings.Repeat("1", 65) }, one, identity.ErrTooLarge},
		"line break":                {func(i *identity.Inception) { i.Profile.DisplayName = "a\u2028b" }, one, identity.ErrMalformed},
		"not UTF-8":                 {func(i *identity.Inception) { i.Profile.URL = "\xff" }, one, identity.ErrMalformed},
		"next is no fingerprint":    {func(i *identity.Inception) { i.Next = []string{"SHA256:AAAA"} }, one, identity.ErrMalformed},
		"next twice":                {func(i *identity.Inception) { i.Next = append(i.Next, i.Next...) }, one, identity.ErrMalformed},
		"next is current":           {func(i *identity.Inception) { i.Next = fingerprints(ed(t, 1)) }, one, identity.ErrReused},
		"nine next":                 {func(i *identity.Inception) { i.Next = fingerprints(nine...) }, one, identity.ErrTooLarge},
		"next threshold 0":          {func(i *identity.Inception) { i.NextThreshold = 0 }, one, identity.ErrMalformed},
		"next threshold 2 of 1":     {func(i *identity.Inception) { i.NextThreshold = 2 }, one, identity.ErrMalformed},
		"threshold for no next":     {func(i *identity.Inception) { i.Next = nil }, one, identity.ErrMalformed},
		"threshold 0":               {func(i *identity.Inception) { i.Sign = publics(ed(t, 1)) }, one, identity.ErrMalformed},
		"threshold 2 of 1":          {func(i *identity.Inception) { i.Sign, i.Threshold = publics(ed(t, 1)), 2 }, one, identity.ErrMalformed},
		"negative threshold":        {func(i *identity.Inception) { i.Sign, i.Threshold = publics(ed(t, 1)), -1 }, one, identity.ErrMalformed},
		"nine keys":                 {func(*identity.Inception) {}, nine, identity.ErrTooLarge},
		"key twice":                 {func(*identity.Inception) {}, append(one, one...), identity.ErrMalformed},
		"thresholds never to meet":  {func(*identity.Inception) {}, nine[:8], identity.ErrMalformed},
		"sealing key signs":         {func(i *identity.Inception) { i.Sign, i.Threshold = []key.Public{x25519(t, 1)}, 1 }, one, identity.ErrMalformed},
		"signing key seals":         {func(i *identity.Inception) { i.Seal = publics(ed(t, 1)) }, one, identity.ErrMalformed},
		"sealing key twice":         {func(i *identity.Inception) { i.Seal = []key.Public{x25519(t, 1), x25519(t, 1)} }, one, identity.ErrMalformed},
		"no key":                    {func(i *identity.Inception) { i.Seal = []key.Public{{}} }, one, identity.ErrMalformed},
		"channel key seals":         {func(i *identity.Inception) { i.Seal = []key.Public{x25519(t, 1)}; i.Channel = i.Seal }, one, identity.ErrMalformed},
		"recovery threshold":        {func(i *identity.Inception) { i.Recovery = identity.Quorum{Keys: publics(ed(t, 5)), Threshold: 2} }, one, identity.ErrMalformed},
		"recovery without keys":     {func(i *identity.Inception) { i.Recovery.Threshold = 1 }, one, identity.ErrMalformed},
		"revoker twice":             {func(i *identity.Inception) { i.Revokers = publics(ed(t, 5), ed(t, 5)) }, one, identity.ErrMalformed},
		"signer is not of the keys": {func(i *identity.Inception) { i.Sign, i.Threshold = publics(ed(t, 5)), 1 }, one, identity.ErrForeignKey},
		"too few signers":           {func(i *identity.Inception) { i.Sign, i.Threshold = publics(ed(t, 1), ed(t, 5)), 2 }, one, identity.ErrThreshold},
		"signer of another key":     {func(*identity.Inception) {}, []sig.Signer{{Public: ed(t, 2).Public, Signer: ed(t, 1).Signer}}, sig.ErrSelfCheck},
	} {
		i := good()
		c.change(&i)
		if _, err := identity.New(zeros{}, start, i, c.signers...); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := identity.New(zeros{}, start, good(), one...); err != nil {
		t.Error(err)
	}
	if _, err := identity.New(bytes.NewReader(nil), start, good(), one...); err == nil {
		t.Error("made without randomness")
	}
	if _, err := identity.New(zeros{}, start.AddDate(9000, 0, 0), good(), one...); err == nil {
		t.Error("made in the year 11026")
	}
}
