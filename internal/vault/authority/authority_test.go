package authority

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"kai/internal/canon"
	"kai/internal/vault/derive"
	"kai/internal/vault/objectid"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func filled(c byte) (id objectid.ID) {
	for i := range id {
		id[i] = c
	}
	return id
}

var vault = filled(1)

// root is a root key and what follows from it.
type root struct {
	key   []byte
	owner ed25519.PrivateKey
}

func newRoot(c byte) *root {
	key := bytes.Repeat([]byte{c}, derive.Size)
	return &root{key, ed25519.NewKeyFromSeed(derive.Key(key, vault, "owner"))}
}

func (r *root) public() ed25519.PublicKey { return r.owner.Public().(ed25519.PublicKey) }

// epoch is number e of a chain, named by the owner before.
func (r *root) epoch(e uint32, before *root) Epoch {
	commit := derive.Commit(r.key, vault, "vrk")
	out := Epoch{E: e, Owner: Bytes(r.public()), User: fmt.Sprintf("age1pq1user%d", e), Commit: commit[:]}
	if before != nil {
		out.Prev = Bytes("sealed")
		out.Link = Link(before.owner, vault, &out)
	}
	return out
}

var first, second, third, stranger = newRoot(1), newRoot(2), newRoot(3), newRoot(9)

func digest(text string) Digest { return DigestOf([]byte(text)) }

// manifest is a small one of a revision, whose owner is the last of roots.
func manifest(rev uint64, parents []Digest, roots ...*root) *Manifest {
	m := &Manifest{
		At: 1_800_000_000, Dev: filled(7), Rev: rev, Parents: parents, Vault: vault,
		Slots: map[objectid.ID]Digest{filled(2): digest("slot")}, Devices: map[objectid.ID]Digest{filled(7): digest("device")},
		NS: map[objectid.ID]Digest{filled(3): digest("policy"), filled(4): digest("another")},
	}
	var before *root
	for i, r := range roots {
		m.Epochs = append(m.Epochs, r.epoch(uint32(i+1), before))
		before = r
	}
	return m
}

func sign(t testing.TB, m *Manifest, r *root) []byte {
	t.Helper()
	file, err := m.Sign(r.owner, r.key)
	must(t, err)
	return file
}

func parse(t testing.TB, file []byte) *Signed {
	t.Helper()
	s, err := ParseManifest(file, vault, first.public())
	must(t, err)
	return s
}

func known(err error) bool {
	return errors.Is(err, ErrForged) || errors.Is(err, ErrMalformed) || errors.Is(err, ErrNewer)
}

func TestManifestEachBit(t *testing.T) {
	file := sign(t, manifest(3, []Digest{digest("parent")}, first, second), second)
	m := parse(t, file)
	must(t, m.CheckMAC(second.key))
	if err := m.CheckMAC(first.key); !errors.Is(err, ErrForged) {
		t.Errorf("MAC of another root key: %v", err)
	}
	if m.Name() != "0000000003-"+digest(string(file)).Short()+".json" {
		t.Error(m.Name())
	}
	step := 1
	if testing.Short() {
		step = 7
	}
	for at := 0; at < len(file); at += step {
		for bit := range 8 {
			bad := bytes.Clone(file)
			bad[at] ^= 1 << bit
			s, err := ParseManifest(bad, vault, first.public())
			if err == nil {
				err = s.CheckMAC(second.key)
			}
			if !known(err) {
				t.Fatalf("bit %d of byte %d flipped: %v", bit, at, err)
			}
		}
		if _, err := ParseManifest(file[:at], vault, first.public()); !known(err) {
			t.Fatalf("cut at %d: %v", at, err)
		}
	}
	if _, err := ParseManifest(append(bytes.Clone(file), '\n'), vault, first.public()); !errors.Is(err, ErrMalformed) {
		t.Errorf("a byte behind it: %v", err)
	}
	if _, err := ParseManifest(make([]byte, MaxFile+1), vault, first.public()); !errors.Is(err, ErrMalformed) {
		t.Errorf("too long: %v", err)
	}
}

func TestOwners(t *testing.T) {
	parents := []Digest{digest("parent")}
	for _, tt := range []struct {
		what   string
		m      *Manifest
		signer *root
		want   error
	}{
		{"first owner", manifest(1, nil, first), first, nil},
		{"third owner", manifest(4, parents, first, second, third), third, nil},
		{"an owner before", manifest(4, parents, first, second, third), second, ErrForged},
		{"a stranger", manifest(4, parents, first, second), stranger, ErrForged},
		{"a vault of a stranger", manifest(1, nil, stranger), stranger, ErrForged},
		{"a chain that begins elsewhere", manifest(4, parents, stranger, second), second, ErrForged},
		{"an owner that nobody named", edited(manifest(4, parents, first, second), func(m *Manifest) { m.Epochs[1] = stranger.epoch(2, stranger) }), stranger, ErrForged},
		{"a link of another number", edited(manifest(4, parents, first, second, third), func(m *Manifest) { m.Epochs[2].Link = m.Epochs[1].Link }), third, ErrForged},
		{"another commitment", edited(manifest(4, parents, first, second), func(m *Manifest) { m.Epochs[1].Commit[3] ^= 1 }), second, ErrForged},
		{"an epoch left out", edited(manifest(4, parents, first, second, third), func(m *Manifest) { m.Epochs = append(m.Epochs[:1], m.Epochs[2]) }), third, ErrMalformed},
		{"numbers from 0", edited(manifest(4, parents, first), func(m *Manifest) { m.Epochs[0].E = 0 }), first, ErrMalformed},
		{"no epochs", edited(manifest(4, parents, first), func(m *Manifest) { m.Epochs = []Epoch{} }), first, ErrMalformed},
		{"the first has a link", edited(manifest(1, nil, first), func(m *Manifest) { m.Epochs[0].Link = Bytes("x") }), first, ErrMalformed},
		{"the second has none", edited(manifest(4, parents, first, second), func(m *Manifest) { m.Epochs[1].Link = nil }), second, ErrMalformed},
		{"the second has no root key before", edited(manifest(4, parents, first, second), func(m *Manifest) { m.Epochs[1].Prev = nil }), second, ErrMalformed},
		{"a short owner", edited(manifest(4, parents, first, second), func(m *Manifest) { m.Epochs[1].Owner = m.Epochs[1].Owner[:31] }), second, ErrMalformed},
		{"a short commitment", edited(manifest(4, parents, first, second), func(m *Manifest) { m.Epochs[1].Commit = m.Epochs[1].Commit[:31] }), second, ErrMalformed},
		{"revision 0", manifest(0, nil, first), first, ErrMalformed},
		{"revision 2 without parents", manifest(2, nil, first), first, ErrMalformed},
		{"revision 1 with parents", manifest(1, parents, first), first, ErrMalformed},
		{"parents out of order", manifest(3, []Digest{{2}, {1}}, first), first, ErrMalformed},
		{"parents twice", manifest(3, []Digest{{2}, {2}}, first), first, ErrMalformed},
		{"a revision that its name does not hold", manifest(10_000_000_000, parents, first), first, ErrMalformed},
		{"another vault", edited(manifest(1, nil, first), func(m *Manifest) { m.Vault = filled(9) }), first, ErrForged},
	} {
		_, err := ParseManifest(sign(t, tt.m, tt.signer), vault, first.public())
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.what, err, tt.want)
		}
	}
	// A vault whose first owner is another.
	if _, err := ParseManifest(sign(t, manifest(1, nil, first), first), vault, stranger.public()); !errors.Is(err, ErrForged) {
		t.Errorf("another root: %v", err)
	}
}

func edited(m *Manifest, change func(*Manifest)) *Manifest {
	m = m.Clone()
	for i := range m.Epochs {
		m.Epochs[i].Commit, m.Epochs[i].Owner = bytes.Clone(m.Epochs[i].Commit), bytes.Clone(m.Epochs[i].Owner)
	}
	change(m)
	return m
}

// resigned writes a manifest whose body somebody edited as text, signed by an owner: only the parser
// stands against it.
func resigned(t testing.TB, r *root, edit func(body map[string]any)) []byte {
	t.Helper()
	var body map[string]any
	m := manifest(1, nil, r)
	m.V = 1
	text, err := canon.Marshal(m)
	must(t, err)
	must(t, json.Unmarshal(text, &body))
	edit(body)
	text, err = canon.Marshal(body)
	must(t, err)
	sig := ed25519.Sign(r.owner, append([]byte(manifestDomain), text...))
	file, err := canon.Marshal(map[string]any{"body": json.RawMessage(text), "mac": Bytes("mac"), "sig": Bytes(sig)})
	must(t, err)
	return file
}

func TestNewerManifest(t *testing.T) {
	if _, err := ParseManifest(resigned(t, first, func(map[string]any) {}), vault, first.public()); err != nil {
		t.Fatal(err) // else the rest shows nothing
	}
	for what, edit := range map[string]func(map[string]any){
		"version 2":                func(b map[string]any) { b["v"] = 2 },
		"version 0":                func(b map[string]any) { b["v"] = 0 },
		"an unknown member":        func(b map[string]any) { b["zones"] = []int{1} },
		"one of version 2 as well": func(b map[string]any) { b["v"], b["zones"] = 2, 1 },
		"a member of an epoch":     func(b map[string]any) { b["epochs"].([]any)[0].(map[string]any)["kem"] = "x" },
	} {
		if _, err := ParseManifest(resigned(t, first, edit), vault, first.public()); !errors.Is(err, ErrNewer) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestHeads(t *testing.T) {
	one := parse(t, sign(t, manifest(1, nil, first), first))
	two := parse(t, sign(t, manifest(2, []Digest{one.Digest}, first), first))
	left := edited(manifest(3, []Digest{two.Digest}, first), func(m *Manifest) {
		m.NS[filled(5)] = digest("new")
		m.Slots[filled(6)] = digest("new slot")
		delete(m.NS, filled(4))
	})
	right := edited(manifest(3, []Digest{two.Digest}, first, second), func(m *Manifest) {
		m.NS[filled(3)] = digest("another policy")
		m.Devices[filled(8)] = digest("new device")
	})
	l, r := parse(t, sign(t, left, first)), parse(t, sign(t, right, second))
	for _, tt := range []struct {
		all  []*Signed
		want []*Signed
	}{
		{[]*Signed{one}, []*Signed{one}},
		{[]*Signed{two, one}, []*Signed{two}},
		{[]*Signed{one, two, l}, []*Signed{l}},
		{[]*Signed{l, two, one, r}, []*Signed{l, r}},
		{[]*Signed{l, r}, []*Signed{l, r}}, // the one before was removed
	} {
		got := Heads(tt.all)
		if len(got) != len(tt.want) {
			t.Errorf("%d heads, want %d", len(got), len(tt.want))
			continue
		}
		for _, h := range tt.want {
			if got[0] != h && got[len(got)-1] != h {
				t.Errorf("manifest %d is no head", h.Rev)
			}
		}
	}
	// Only what both allow is allowed, in whatever order they come.
	for _, heads := range [][]*Signed{{l, r}, {r, l}} {
		m := Merge(heads)
		if !maps.Equal(m.NS, map[objectid.ID]Digest{}) {
			t.Errorf("namespaces %v: one is changed there and one is gone here", m.NS)
		}
		if !maps.Equal(m.Slots, one.Slots) || !maps.Equal(m.Devices, one.Devices) {
			t.Errorf("slots %v, devices %v", m.Slots, m.Devices)
		}
		if len(m.Epochs) != 2 {
			t.Errorf("%d epochs", len(m.Epochs))
		}
	}
	if !maps.Equal(l.NS, left.NS) || !maps.Equal(r.Devices, right.Devices) {
		t.Error("Merge has changed a head")
	}
	if m := Merge([]*Signed{l}); !maps.Equal(m.NS, left.NS) {
		t.Error("one head is not itself")
	}
}

func policy() *Policy {
	return &Policy{
		AuditCT: Bytes("audit"), NameCT: Bytes("name"), NSID: filled(3), Isolated: true, Cut: map[objectid.ID]uint64{filled(7): 12},
		Epochs: []KeyEpoch{
			{CCommit: make([]byte, 32), Commit: make([]byte, 32), E: 1, Root: 1, Wraps: map[string]Digest{RootWrap: digest("a")}},
			{CCommit: make([]byte, 32), Commit: make([]byte, 32), E: 2, Root: 1, Wraps: map[string]Digest{RootWrap: digest("b")}},
		},
		Readers: []Reader{{From: 1, Principal: "kai1reader", Recipient: "age1x", User: true}},
		Writers: []Principal{Owner},
	}
}

func role() *Role {
	return &Role{
		ID: filled(5), NameCT: Bytes("name"), Members: []Member{{"kai1member", "age1x"}},
		Epochs: []RoleEpoch{{E: 1, Recipient: "age1pq1x", Wraps: map[string]Digest{"x.age": digest("x")}}},
	}
}

func device() *Device { return &Device{Dev: filled(7), Holder: Owner, Pub: make([]byte, 32)} }

// encoded are one document of each kind and their parsers, which give what would be written back.
var encoded = []struct {
	what  string
	file  func() ([]byte, error)
	parse func([]byte) (interface{ Encode() ([]byte, error) }, error)
}{
	{"policy", func() ([]byte, error) { return policy().Encode() }, func(b []byte) (interface{ Encode() ([]byte, error) }, error) { return ParsePolicy(b, filled(3)) }},
	{"role", func() ([]byte, error) { return role().Encode() }, func(b []byte) (interface{ Encode() ([]byte, error) }, error) { return ParseRole(b, filled(5)) }},
	{"device", func() ([]byte, error) { return device().Encode() }, func(b []byte) (interface{ Encode() ([]byte, error) }, error) { return ParseDevice(b, filled(7)) }},
}

func TestDocuments(t *testing.T) {
	for _, d := range encoded {
		file, err := d.file()
		must(t, err)
		back, err := d.parse(file)
		must(t, err)
		if again, err := back.Encode(); err != nil || !bytes.Equal(again, file) {
			t.Errorf("%s: written back as %s, %v", d.what, again, err)
		}
		for at := range file {
			if _, err := d.parse(file[:at]); !known(err) {
				t.Errorf("%s cut at %d: %v", d.what, at, err)
			}
		}
		for from, want := range map[string]error{`"v":2`: ErrNewer, `"v":0`: ErrNewer, `"v":1,"zones":[]`: ErrNewer} {
			edited := bytes.Replace(file, []byte(`"v":1`), []byte(from), 1)
			if _, err := d.parse(edited); err == nil || !errors.Is(err, want) && !errors.Is(err, ErrMalformed) {
				t.Errorf("%s with %s: %v", d.what, from, err)
			}
		}
		other := bytes.Replace(file, []byte(`"v":1`), []byte(`"v":1,"zzz":1`), 1)
		if _, err := d.parse(other); !errors.Is(err, ErrNewer) && !errors.Is(err, ErrMalformed) {
			t.Errorf("%s with another member: %v", d.what, err)
		}
	}
	for what, change := range map[string]func(p *Policy){
		"of another namespace":    func(p *Policy) { p.NSID = filled(4) },
		"no epochs":               func(p *Policy) { p.Epochs = p.Epochs[:0] },
		"an epoch left out":       func(p *Policy) { p.Epochs = p.Epochs[1:] },
		"a short commitment":      func(p *Policy) { p.Epochs[1].Commit = p.Epochs[1].Commit[1:] },
		"a short commitment 2":    func(p *Policy) { p.Epochs[1].CCommit = nil },
		"another head's key last": func(p *Policy) { p.Epochs[1].Of = 1 },
		"a number not reached":    func(p *Policy) { p.Epochs[0].Of = 2 },
		"epoch 0 of the root key": func(p *Policy) { p.Epochs[0].Root = 0 },
		"a reader from 0":         func(p *Policy) { p.Readers[0].From = 0 },
		"a reader without form":   func(p *Policy) { p.Readers[0].Principal = "root" },
		"a writer without form":   func(p *Policy) { p.Writers = append(p.Writers, "ownerx") },
		"an empty writer":         func(p *Policy) { p.Writers = append(p.Writers, "") },
	} {
		p := policy()
		change(p)
		file, err := p.Encode()
		must(t, err)
		if _, err := ParsePolicy(file, filled(3)); !errors.Is(err, ErrMalformed) {
			t.Errorf("policy, %s: %v", what, err)
		}
	}
	for what, change := range map[string]func(r *Role){
		"another role":          func(r *Role) { r.ID = filled(6) },
		"no epochs":             func(r *Role) { r.Epochs = r.Epochs[:0] },
		"numbers":               func(r *Role) { r.Epochs[0].E = 2 },
		"a member without form": func(r *Role) { r.Members[0].Principal = "x" },
	} {
		r := role()
		change(r)
		file, err := r.Encode()
		must(t, err)
		if _, err := ParseRole(file, filled(5)); !errors.Is(err, ErrMalformed) {
			t.Errorf("role, %s: %v", what, err)
		}
	}
	for what, change := range map[string]func(d *Device){
		"another device": func(d *Device) { d.Dev = filled(6) },
		"a short key":    func(d *Device) { d.Pub = d.Pub[1:] },
		"no holder":      func(d *Device) { d.Holder = "" },
	} {
		d := device()
		change(d)
		file, err := d.Encode()
		must(t, err)
		if _, err := ParseDevice(file, filled(7)); !errors.Is(err, ErrMalformed) {
			t.Errorf("device, %s: %v", what, err)
		}
	}
}

func TestPrincipals(t *testing.T) {
	for text, ok := range map[string]bool{
		"owner": true, "kai1abc": true, "SHA256:abc": true, RolePrefix + filled(5).String(): true,
		"": false, "Owner": false, "role:": false, "role:ops": false, "kai2abc": false, "sha256:abc": false, "kai1" + strings.Repeat("x", 200): false,
		"kai1\n": false, "kai1 x": false, "SHA256:\x1b[0m": false, "kai1": false, "SHA256:": false,
	} {
		if err := Principal(text).Check(); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Clones share nothing that is changed: what is amended and not published must not show.
func TestClones(t *testing.T) {
	p := policy()
	before, err := p.Encode()
	must(t, err)
	c := p.Clone()
	c.Epochs[0].Wraps["x"] = Digest{}
	c.Epochs[1].E = 9
	c.Readers[0].Recipient = "x"
	c.Writers[0] = "kai1x"
	c.Cut[filled(1)] = 1
	if after, _ := p.Encode(); !bytes.Equal(before, after) {
		t.Errorf("policy: %s", after)
	}
	m := manifest(3, []Digest{digest("p")}, first, second)
	file := sign(t, m, second)
	d := m.Clone()
	d.NS[filled(9)], d.Slots[filled(9)], d.Devices[filled(9)], d.Roles[filled(9)] = Digest{}, Digest{}, Digest{}, Digest{}
	d.Epochs[0].E, d.Parents[0] = 9, Digest{}
	if !bytes.Equal(sign(t, m, second), file) {
		t.Error("the manifest has changed with its clone")
	}
}

func FuzzParseManifest(f *testing.F) {
	f.Add(sign(f, manifest(1, nil, first), first))
	f.Add(sign(f, manifest(5, []Digest{digest("p")}, first, second), second))
	f.Add(resigned(f, first, func(b map[string]any) { b["v"] = 2 }))
	f.Fuzz(func(t *testing.T, file []byte) {
		s, err := ParseManifest(file, vault, first.public())
		if err != nil {
			if !known(err) {
				t.Error(err)
			}
			return
		}
		again, err := canon.Marshal(rawManifest{Body: s.Manifest, Mac: s.mac, Sig: func() Bytes {
			var raw rawManifest
			must(t, canon.Unmarshal(file, &raw))
			return raw.Sig
		}()})
		if err != nil || !bytes.Equal(again, file) {
			t.Errorf("written back as %s, %v", again, err)
		}
	})
}

func fuzzDocument(f *testing.F, i int) {
	file, err := encoded[i].file()
	must(f, err)
	f.Add(file)
	f.Fuzz(func(t *testing.T, file []byte) {
		d, err := encoded[i].parse(file)
		if err != nil {
			if !known(err) {
				t.Error(err)
			}
			return
		}
		if again, err := d.Encode(); err != nil || !bytes.Equal(again, file) {
			t.Errorf("written back as %s, %v", again, err)
		}
	})
}

func FuzzParsePolicy(f *testing.F) { fuzzDocument(f, 0) }
func FuzzParseRole(f *testing.F)   { fuzzDocument(f, 1) }
func FuzzParseDevice(f *testing.F) { fuzzDocument(f, 2) }
