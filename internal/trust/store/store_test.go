package store_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"kai/internal/durable"
	"kai/internal/identity"
	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/trust/store"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// person is an identity and what signs for it.
type person struct {
	*identity.Identity
	signer, next sig.Signer
}

func newSigner(t testing.TB) sig.Signer {
	t.Helper()
	private, err := key.Generate(key.Ed25519, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := private.Signer()
	if err != nil {
		t.Fatal(err)
	}
	return sig.Signer{Public: private.Public(), Signer: s}
}

func newPerson(t testing.TB, name string) person {
	t.Helper()
	p := person{signer: newSigner(t), next: newSigner(t)}
	var err error
	p.Identity, err = identity.New(rand.Reader, start, identity.Inception{
		Facts: identity.Facts{Name: name, Kind: identity.User},
		Keys:  identity.Keys{Next: []string{p.next.Public.Fingerprint()}, NextThreshold: 1},
	}, p.signer)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func own(name string) store.Local {
	return store.Local{Class: store.System, Name: name, Own: "vault:identity/" + name}
}

// put seals a store with one more identity, for an owner.
func put(t testing.TB, s *store.Store, p person, l store.Local, owner person) *store.Store {
	t.Helper()
	c, err := s.Change()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Put(p.Identity, l); err != nil {
		t.Fatal(err)
	}
	next, err := c.Seal(rand.Reader, start, owner.ID(), owner.signer)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func parse(t testing.TB, data []byte) *store.Store {
	t.Helper()
	s, err := store.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// two is a store of ada, who owns it, and bob.
func two(t testing.TB) (s *store.Store, ada, bob person) {
	t.Helper()
	ada, bob = newPerson(t, "ada"), newPerson(t, "bob")
	s = put(t, nil, ada, own("ada"), ada)
	return put(t, s, bob, own("bob"), ada), ada, bob
}

func TestSeal(t *testing.T) {
	s, ada, bob := two(t)
	s = parse(t, s.Bytes())
	if number, _, created := s.Head(); number != 2 || !created.Equal(start) {
		t.Errorf("head %d of %v", number, created)
	}
	if s.Owner().ID() != ada.ID() {
		t.Error("the owner is not ada")
	}
	e, ok := s.ByName("bob")
	if !ok || e.ID() != bob.ID() || !e.Sealed() || e.Local().Class != store.System || e.Local().Own != "vault:identity/bob" {
		t.Fatalf("bob: %+v", e)
	}
	if id, err := e.Identity(); err != nil || !bytes.Equal(id.Document(), bob.Document()) {
		t.Errorf("bob's document: %v", err)
	}
	if _, ok := s.ByID(newPerson(t, "x").ID()); ok {
		t.Error("a stranger is in the store")
	}
	// The owner changes, and the name.
	c, err := s.Change()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Rename(bob.ID(), "ada"); !errors.Is(err, store.ErrExists) {
		t.Errorf("two of one name: %v", err)
	}
	if err := c.Rename(newPerson(t, "x").ID(), "y"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a stranger renamed: %v", err)
	}
	if err := c.Rename(bob.ID(), "robert"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Seal(rand.Reader, start, bob.ID(), ada.signer); !errors.Is(err, store.ErrTampered) {
		t.Errorf("a head that its owner has not signed: %v", err)
	}
	next, err := c.Seal(rand.Reader, start, bob.ID(), bob.signer)
	if err != nil {
		t.Fatal(err)
	}
	if next.Owner().Local().Name != "robert" {
		t.Error("bob is not the owner")
	}
}

// Whoever reformats the file changes nothing; whoever changes it is found out.
func TestWhiteSpace(t *testing.T) {
	s, _, _ := two(t)
	spaced := bytes.ReplaceAll(s.Bytes(), []byte(`,"local":`), []byte(" ,\n \"local\" : "))
	if got := parse(t, spaced); !bytes.Equal(got.Bytes(), s.Bytes()) {
		t.Error("white space has a meaning")
	}
}

func TestEveryBit(t *testing.T) {
	s, _, _ := two(t)
	data := s.Bytes()
	meaning := func(s *store.Store) string { return string(s.Bytes()) }
	for i := range data {
		for bit := range 8 {
			if testing.Short() && (i+bit)%8 != 0 {
				continue
			}
			changed := bytes.Clone(data)
			changed[i] ^= 1 << bit
			got, err := store.Parse(changed)
			switch {
			case err == nil && meaning(got) != meaning(s):
				t.Fatalf("byte %d bit %d: accepted as something else", i, bit)
			case err != nil && !errors.Is(err, store.ErrMalformed) && !errors.Is(err, store.ErrTampered) && !errors.Is(err, store.ErrNewer):
				t.Fatalf("byte %d bit %d: %v", i, bit, err)
			}
		}
	}
	for n := range len(data) - 1 { // the last byte is a line feed
		if _, err := store.Parse(data[:n]); err == nil {
			t.Fatalf("cut to %d bytes: accepted", n)
		}
	}
}

func TestAttacks(t *testing.T) {
	s, ada, bob := two(t)
	eve := newPerson(t, "eve")
	text := string(s.Bytes())
	lines := strings.SplitAfter(text, "\n")
	// lines: kai, head, "identities":[, ada, bob, ]}
	join := func(order ...int) string {
		var b strings.Builder
		for _, i := range order {
			b.WriteString(lines[i])
		}
		return b.String()
	}
	eveStore := put(t, nil, eve, own("eve"), eve)
	eveLine := strings.SplitAfter(string(eveStore.Bytes()), "\n")[3]
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"an entry is gone", strings.Replace(join(0, 1, 2, 3, 5), "},\n]", "}\n]", 1), store.ErrTampered},
		{"entries in another order", strings.Replace(lines[0]+lines[1]+lines[2]+strings.TrimSuffix(lines[4], "\n")+",\n"+lines[3]+lines[5], "},\n]", "}\n]", 1), store.ErrTampered},
		{"local changed", strings.Replace(text, `"own":"vault:identity/bob"`, `"own":"vault:identity/eve"`, 1), store.ErrTampered},
		{"own taken away", strings.Replace(text, `,"own":"vault:identity/bob"`, ``, 1), store.ErrTampered},
		{"an entry in front", lines[0] + lines[1] + lines[2] + strings.TrimSuffix(eveLine, "\n") + ",\n" + lines[3] + lines[4] + lines[5], store.ErrTampered},
		{"another section", strings.Replace(text, "\n]}", "\n],\"revocations\":[{}]}", 1), store.ErrNewer},
		{"another version", strings.Replace(text, "truststore/1", "truststore/2", 1), store.ErrNewer},
		{"another member", strings.Replace(text, `"identities"`, `"identity"`, 1), store.ErrNewer},
		{"null", strings.Replace(text, lines[1], "\"head\":null,\n", 1), store.ErrMalformed},
		{"no object", "[]", store.ErrMalformed},
		{"nothing", "", store.ErrMalformed},
	} {
		if _, err := store.Parse([]byte(c.text)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	// The head of another store, whose owner is somebody else.
	eveHead := strings.SplitAfter(string(eveStore.Bytes()), "\n")[1]
	if _, err := store.Parse([]byte(strings.Replace(text, lines[1], eveHead, 1))); !errors.Is(err, store.ErrTampered) {
		t.Errorf("another head: %v", err)
	}
	// Without a head nothing is sealed, and nobody an own identity.
	open := parse(t, []byte(strings.Replace(text, lines[1], "", 1)))
	for _, e := range open.Entries() {
		if e.Sealed() || e.Local().Own != "" || e.Local().Class != store.External {
			t.Errorf("unsealed: %+v", e.Local())
		}
	}
	if open.Owner() != nil {
		t.Error("an owner without a head")
	}
	_, _ = ada, bob
}

// What stands behind the sealed entries counts for what it proves.
func TestUnsealed(t *testing.T) {
	s, ada, bob := two(t)
	eve := newPerson(t, "bob") // a name that is taken
	eveLine := strings.SplitAfter(string(put(t, nil, eve, own("bob"), eve).Bytes()), "\n")[3]
	later, err := bob.Change(rand.Reader, start.AddDate(0, 0, 1), identity.Revocation{Reason: identity.Retired}, bob.signer)
	if err != nil {
		t.Fatal(err)
	}
	bobLine := strings.SplitAfter(string(put(t, s, person{Identity: later}, own("bob"), ada).Bytes()), "\n")[4]
	text := strings.Replace(string(s.Bytes()), "\n]}", ",\n"+strings.TrimSuffix(eveLine, "\n")+",\n"+strings.TrimSuffix(bobLine, "\n")+"\n]}", 1)
	got := parse(t, []byte(text))
	e, ok := got.ByID(eve.ID())
	if !ok || e.Sealed() || e.Local().Class != store.External || e.Local().Own != "" || e.Local().Name != "bob-2" {
		t.Errorf("eve: %+v", e.Local())
	}
	b, _ := got.ByName("bob")
	id, err := b.Identity()
	if err != nil {
		t.Fatal(err)
	}
	if _, revoked := id.Revoked(); !revoked || b.Local().Own == "" {
		t.Error("a revocation that was added behind the head does not count")
	}
	// The next head seals them as they were understood.
	c, err := got.Change()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := c.Seal(rand.Reader, start, ada.ID(), ada.signer)
	if err != nil {
		t.Fatal(err)
	}
	if e, _ := sealed.ByID(eve.ID()); !e.Sealed() || e.Local().Own != "" {
		t.Errorf("eve, sealed: %+v", e.Local())
	}
	if len(sealed.Entries()) != 3 {
		t.Errorf("%d entries", len(sealed.Entries()))
	}
}

func TestMemory(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	m := store.Memory{Dir: durable.NewDir(root)}
	ada := newPerson(t, "ada")
	first := put(t, nil, ada, own("ada"), ada)
	second := put(t, first, newPerson(t, "bob"), store.Local{Class: store.External, Name: "bob"}, ada)
	other := put(t, first, newPerson(t, "eve"), store.Local{Class: store.External, Name: "eve"}, ada)
	for _, s := range []*store.Store{nil, first, second} {
		if err := m.Check(s); err != nil {
			t.Errorf("nothing seen yet: %v", err)
		}
	}
	if err := m.Remember(second); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*store.Store{"older": first, "gone": nil, "another": other} {
		if err := m.Check(s); !errors.Is(err, store.ErrRollback) {
			t.Errorf("%s: %v", name, err)
		}
		if err := m.Remember(s); !errors.Is(err, store.ErrRollback) {
			t.Errorf("%s remembered: %v", name, err)
		}
	}
	third := put(t, second, ada, own("ada"), ada)
	if err := m.Check(third); err != nil {
		t.Errorf("newer: %v", err)
	}
	if err := m.Remember(third); err != nil {
		t.Error(err)
	}
	if err := m.Check(second); !errors.Is(err, store.ErrRollback) {
		t.Errorf("older than the newest: %v", err)
	}
	for _, bad := range []string{"", "{}", `{"head":"x","number":1,"v":1}`} {
		if err := root.WriteFile("trust/seen", []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := m.Check(third); !errors.Is(err, store.ErrMalformed) {
			t.Errorf("memory %q: %v", bad, err)
		}
	}
}

func TestLocal(t *testing.T) {
	ada := newPerson(t, "ada")
	for _, l := range []store.Local{
		{},
		{Class: "friend", Name: "ada"},
		{Class: store.System, Name: "Ada"},
		{Class: store.External, Name: "ada", Own: "vault:identity/ada"},
		{Class: store.System, Name: "ada", Own: "nowhere"},
		{Class: store.System, Name: "ada", Own: "vault:" + strings.Repeat("x", 1024)},
		{Class: store.System, Name: "ada", Roles: []string{"revoker", "certifier"}},
		{Class: store.System, Name: "ada", Roles: []string{"certifier", "certifier"}},
		{Class: store.System, Name: "ada", Roles: []string{"owner"}},
	} {
		c, err := (*store.Store)(nil).Change()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Put(ada.Identity, l); !errors.Is(err, store.ErrMalformed) {
			t.Errorf("%+v: %v", l, err)
		}
	}
}

// The name of the owner stands at the beginning of the file, as Parse finds it.
func TestOwnerName(t *testing.T) {
	s, ada, bob := two(t)
	eve := newPerson(t, "eve")
	forged := strings.SplitAfter(string(put(t, nil, eve, own("eve"), eve).Bytes()), "\n")[3]
	data := s.Bytes()
	more := []byte(strings.Replace(string(data), "\n]}", ",\n"+strings.TrimSuffix(forged, "\n")+"\n]}", 1))
	parse(t, more)
	alone := put(t, nil, ada, own("ada"), ada).Bytes()
	c, err := s.Change()
	if err != nil {
		t.Fatal(err)
	}
	byBob, err := c.Seal(rand.Reader, start, bob.ID(), bob.signer)
	if err != nil {
		t.Fatal(err)
	}
	afterAda := bytes.Index(data, []byte("\n]}")) - len(bob.Document())/2
	for _, c := range []struct {
		name, want string
		data       []byte
	}{
		{"alone", "ada", alone},
		{"two own ones", "ada", data},
		{"of bob", "bob", byBob.Bytes()},
		{"with one that nobody has sealed", "ada", more},
		{"the beginning", "ada", data[:afterAda]},
		{"the beginning, of bob", "", byBob.Bytes()[:afterAda]},
		{"spaced", "", bytes.ReplaceAll(data, []byte(`{"kai":`), []byte(`{ "kai":`))},
		{"nothing", "", nil},
		{"no head", "", []byte(`{"kai":"truststore/1"}` + "\n")},
	} {
		if got, ok := store.OwnerName(c.data); got != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q, %v, want %q", c.name, got, ok, c.want)
		}
	}
	for n := range data {
		if got, ok := store.OwnerName(data[:n]); ok && got != "ada" {
			t.Fatalf("the first %d bytes: %q", n, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	s, _, _ := two(f)
	f.Add(s.Bytes())
	f.Add([]byte(`{"kai":"truststore/1"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = store.OwnerName(data)
		s, err := store.Parse(data)
		if err != nil {
			return
		}
		if name, ok := store.OwnerName(s.Bytes()); ok != (s.Owner() != nil) || ok && name != s.Owner().Local().Name {
			t.Fatalf("the owner is called %q, %v", name, ok)
		}
		again, err := store.Parse(s.Bytes())
		if err != nil || !bytes.Equal(again.Bytes(), s.Bytes()) {
			t.Fatalf("what is written is not read the same: %v", err)
		}
	})
}
