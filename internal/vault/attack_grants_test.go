package vault

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"kai/internal/vault/authority"
	"kai/internal/vault/derive"
	"kai/internal/vault/objectid"
	"kai/internal/vault/slot"
)

// realSlot makes a slot with one factor, an X25519 key, which opens it again.
func realSlot(t testing.TB) (MakeSlot, slot.Opener) {
	t.Helper()
	who, err := age.GenerateX25519Identity()
	must(t, err)
	ask := func(context.Context, slot.Request, string) ([]age.Identity, error) { return []age.Identity{who}, nil }
	return func(vault objectid.ID, root ed25519.PublicKey, seal func(string) ([]byte, error)) (*NewSlot, error) {
		label, err := seal("canary-label")
		if err != nil {
			return nil, err
		}
		m, err := slot.Create(t.Context(), slot.Parameters{
			Vault: vault, Root: root, LabelCiphertext: label, Created: time.Unix(1800000000, 0),
			Factors: []slot.Factor{&slot.Age{Recipient: who.Recipient(), Text: who.Recipient().String()}},
		}, rand.Reader)
		if err != nil {
			return nil, err
		}
		return &NewSlot{ID: m.ID, File: m.File, Recipient: m.Recipient}, nil
	}, slot.AgeOpener(ask)
}

func (b *testVault) openSlot(id objectid.ID, o slot.Opener) age.Identity {
	b.Helper()
	s, err := b.v.Slot(id)
	must(b, err)
	who, err := s.Open(b.Context(), b.v.ID(), b.v.Root(), o)
	must(b, err)
	return who
}

// newRealVault has two real slots; the second can be removed. The keys are those of the first.
func newRealVault(t testing.TB) (b *testVault, open1 slot.Opener, second objectid.ID, who age.Identity) {
	t.Helper()
	b = newVaultDir(t)
	make1, open1 := realSlot(t)
	make2, open2 := realSlot(t)
	var err error
	b.v, b.keys, err = Create(t.Context(), b.dir, b.options(), make1)
	must(t, err)
	b.slot = b.v.Slots()[0]
	second, err = b.v.AddSlot(t.Context(), b.keys, make2)
	must(t, err)
	return b, open1, second, b.openSlot(second, open2)
}

// principal is somebody else with an age key.
type principal struct {
	authority.Principal
	who *age.HybridIdentity
}

func newPrincipal(t testing.TB, name string) *principal {
	return &principal{authority.Principal("kai1" + name), newIdentity(t)}
}

func (p *principal) recipient() string { return p.who.Recipient().String() }

func (p *principal) member() authority.Member {
	return authority.Member{Principal: p.Principal, Recipient: p.recipient()}
}

func (b *testVault) grant(name string, p *principal, change func(*Grant)) {
	b.Helper()
	g := Grant{Principal: p.Principal, Recipient: p.recipient()}
	if change != nil {
		change(&g)
	}
	must(b, b.v.Grant(b.Context(), b.keys, name, g))
}

// as opens what is granted to somebody, in their own process on their own machine: without local/.
func (b *testVault) as(p *principal) *Keys {
	b.Helper()
	keys, err := b.v.UnlockAs(p.recipient(), p.who)
	must(b, err)
	return keys
}

func (b *testVault) names(keys *Keys) string {
	b.Helper()
	names, err := b.v.Namespaces(keys)
	must(b, err)
	return strings.Join(names, " ")
}

func (b *testVault) namespace(name string, isolated bool) {
	b.Helper()
	must(b, b.v.AddNamespace(b.Context(), b.keys, name, isolated))
}

// rawKeys are all keys of an encoded Keys, whatever they are for, and what can be derived from them by
// whoever knows the format: those of every use.
func rawKeys(keys *Keys, v *Vault) (raw [][]byte) {
	for _, user := range []bool{false, true} {
		keys.entries(user, func(_ byte, parts ...[]byte) {
			for _, p := range parts {
				if len(p) == derive.Size {
					raw = append(raw, p)
				}
			}
		})
	}
	return raw
}

// eachRecord is a recordSink without keys.
type eachRecord func(*located)

func (f eachRecord) add(r *located) error { f(r); return nil }
func (eachRecord) covered() error         { return nil }
func (eachRecord) drop() error            { return nil }

// opensRecords reports whether one of some raw keys opens the meta data of any record in a namespace.
func (b *testVault) opensRecords(raw [][]byte, name string) bool {
	b.Helper()
	s, err := b.v.Space(b.keys, name)
	must(b, err)
	must(b, s.open())
	opened, records := false, 0
	for _, l := range s.view.logs {
		must(b, s.scan(l, 0, l.files[0].header.Start(), eachRecord(func(r *located) {
			records++
			for _, k := range raw {
				for _, use := range []string{"meta", "index", "value", "name"} {
					aead, err := aeadUnder(cloneSecret(k), b.v.id, use)
					must(b, err)
					if _, err := r.frame.OpenMeta(&l.files[r.file].header, aead, nil); err == nil {
						opened = true
					}
				}
			}
		})))
	}
	if records == 0 {
		b.Fatalf("namespace %s holds nothing", name)
	}
	return opened
}

// opensWraps are the files of wrapped keys that an identity opens with age alone.
func (b *testVault) opensWraps(who ...age.Identity) (list []string) {
	b.Helper()
	must(b, filepath.WalkDir(b.path, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil || !bytes.HasPrefix(data, []byte(ageMagic)) {
			return err
		}
		if _, err := age.Decrypt(bytes.NewReader(data), who...); err == nil {
			rel, _ := filepath.Rel(b.path, name)
			list = append(list, filepath.ToSlash(rel))
		}
		return nil
	}))
	return list
}

// A reader of one namespace, with the whole directory and the raw keys in hand, opens no other.
func TestReaderOfOneNamespace(t *testing.T) {
	b := newVault(t)
	bob := newPrincipal(t, "bob")
	for _, n := range []string{"a", "b", "a/sub", "a/alone"} {
		b.namespace(n, n == "a/alone")
	}
	b.grant("a", bob, nil)
	b.namespace("a/later", false)
	for _, n := range []string{"a", "b", "a/sub", "a/alone", "a/later"} {
		b.set(n+"/x", KindAPIKeys, "of "+n)
	}
	keys := b.as(bob)
	if got := b.names(keys); got != "a a/later a/sub" {
		t.Errorf("namespaces %q", got)
	}
	for _, n := range []string{"a", "a/sub", "a/later"} {
		if got, err := b.getAs(keys, n, "x"); err != nil || got != "of "+n {
			t.Errorf("%s: %q, %v", n, got, err)
		}
	}
	for _, n := range []string{"b", "a/alone", "default"} {
		_, err := b.getAs(keys, n, "x")
		wantErr(t, err, ErrNotFound)
	}
	raw := rawKeys(keys, b.v)
	if len(raw) < 3 || !b.opensRecords(raw, "a") {
		t.Fatal("the test's own attack opens nothing")
	}
	for _, n := range []string{"b", "a/alone"} {
		if b.opensRecords(raw, n) {
			t.Errorf("keys of a open %s", n)
		}
	}
	for _, name := range b.opensWraps(bob.who) {
		s, err := b.v.Space(b.keys, "a")
		must(t, err)
		dirs := []string{s.dir()}
		for _, n := range []string{"a/sub", "a/later"} {
			s, err := b.v.Space(b.keys, n)
			must(t, err)
			dirs = append(dirs, s.dir())
		}
		if !slices.ContainsFunc(dirs, func(d string) bool { return strings.HasPrefix(name, d+"/") }) || strings.HasSuffix(name, ".csk") {
			t.Errorf("%s opens", name)
		}
	}
	// Whom nothing was granted has nothing.
	eve := newPrincipal(t, "eve")
	_, err := b.v.UnlockAs(eve.recipient(), eve.who)
	wantErr(t, err, ErrDenied)
	// Nor does it help to name somebody else's recipient.
	_, err = b.v.UnlockAs(bob.recipient(), eve.who)
	if err == nil {
		t.Error("another identity opens what is bob's")
	}
}

func TestGrantRevoke(t *testing.T) {
	b := newVault(t)
	bob, eve := newPrincipal(t, "bob"), newPrincipal(t, "eve")
	b.set("default/cred", KindCredentials, "user only")
	b.set("default/old", KindAPIKeys, "old")
	b.grant("default", bob, nil)
	b.grant("default", eve, func(g *Grant) { g.FromNow = true })
	b.set("default/new", KindAPIKeys, "new")
	keys := b.as(bob)
	for p, want := range map[string]string{"old": "old", "new": "new"} {
		if got, err := b.getAs(keys, "default", p); got != want {
			t.Errorf("bob %s: %q, %v", p, got, err)
		}
	}
	_, err := b.getAs(keys, "default", "cred")
	wantErr(t, err, ErrNeedsUser)
	late := b.as(eve)
	if got, err := b.getAs(late, "default", "new"); got != "new" {
		t.Errorf("eve: %q, %v", got, err)
	}
	_, err = b.getAs(late, "default", "old")
	wantErr(t, err, ErrNotFound)
	// --user gives credentials, and taking it back takes a new key.
	b.grant("default", bob, func(g *Grant) { g.User = true })
	if got, err := b.getAs(b.as(bob), "default", "cred"); got != "user only" {
		t.Errorf("bob with the user key: %q, %v", got, err)
	}
	s, _ := b.resolve("default/x")
	epoch := s.policy.Last().E
	b.grant("default", bob, nil)
	b.set("default/cred", KindCredentials, "another")
	_, err = b.getAs(b.as(bob), "default", "cred")
	wantErr(t, err, ErrNeedsUser)
	// A grant to another key of the same principal takes a new key too: the old one may be lost.
	older := *bob
	bob.who = newIdentity(t)
	b.grant("default", bob, nil)
	if s, _ = b.resolve("default/x"); s.policy.Last().E != epoch+2 {
		t.Errorf("epoch %d, was %d", s.policy.Last().E, epoch)
	}
	b.set("default/fresh", KindAPIKeys, "fresh")
	if got, err := b.getAs(b.as(bob), "default", "fresh"); got != "fresh" {
		t.Errorf("bob's new key: %q, %v", got, err)
	}
	newest := path.Dir(b.glob(path.Join(s.dir(), "4/vrk.nsk"))[0])
	for _, name := range b.opensWraps(older.who) {
		if strings.HasPrefix(name, newest) {
			t.Errorf("bob's old key opens %s", name)
		}
	}
	// Revoking lists what was exposed and locks out.
	exposed, err := b.v.Revoke(t.Context(), b.keys, "default", bob.Principal)
	must(t, err)
	if len(exposed) != 4 || exposed[0].Namespace != "default" {
		t.Errorf("exposed %v", exposed)
	}
	b.set("default/fresh", KindAPIKeys, "fresher")
	_, err = b.v.UnlockAs(bob.recipient(), bob.who)
	wantErr(t, err, ErrDenied)
	if b.opensNewest(rawKeys(keys, b.v), "default") {
		t.Error("old keys open what was written after")
	}
	if _, err := b.v.Revoke(t.Context(), b.keys, "default", bob.Principal); err == nil {
		t.Error("revoked twice")
	}
	b.reopen()
	b.want("default/fresh", "fresher")
	b.want("default/cred", "another")
	v, err := s.Find("old")
	must(t, err)
	if v.CompromisedSince == 0 {
		t.Error("what was exposed is not marked")
	}
}

// opensNewest reports whether raw keys open the newest record.
func (b *testVault) opensNewest(raw [][]byte, name string) (opened bool) {
	b.Helper()
	s, err := b.v.Space(b.keys, name)
	must(b, err)
	must(b, s.open())
	for _, l := range s.view.logs {
		must(b, s.scan(l, 0, l.files[0].header.Start(), eachRecord(func(r *located) {
			opened = false
			for _, k := range raw {
				aead, err := aeadUnder(cloneSecret(k), b.v.id, "meta")
				must(b, err)
				if _, err := r.frame.OpenMeta(&l.files[r.file].header, aead, nil); err == nil {
					opened = true
				}
			}
		})))
	}
	return opened
}

func TestRoles(t *testing.T) {
	b := newVault(t)
	bob, eve := newPrincipal(t, "bob"), newPrincipal(t, "eve")
	must(t, b.v.AddRole(t.Context(), b.keys, "ops"))
	wantErr(t, b.v.AddRole(t.Context(), b.keys, "ops"), ErrExists)
	must(t, b.v.AddMember(t.Context(), b.keys, "ops", bob.member()))
	must(t, b.v.AddMember(t.Context(), b.keys, "ops", eve.member()))
	role, err := b.v.RoleNamed(b.keys, "ops")
	must(t, err)
	must(t, b.v.Grant(t.Context(), b.keys, "default", Grant{Principal: role.Principal(), Recipient: role.Recipient}))
	b.set("default/x", KindAPIKeys, "one")
	old := b.as(eve)
	for _, p := range []*principal{bob, eve} {
		if got, err := b.getAs(b.as(p), "default", "x"); got != "one" {
			t.Errorf("%s: %q, %v", p.Principal, got, err)
		}
	}
	exposed, err := b.v.RemoveMember(t.Context(), b.keys, "ops", eve.Principal)
	must(t, err)
	if len(exposed) != 1 {
		t.Errorf("exposed %v", exposed)
	}
	b.set("default/x", KindAPIKeys, "two")
	_, err = b.v.UnlockAs(eve.recipient(), eve.who)
	wantErr(t, err, ErrDenied)
	if b.opensNewest(rawKeys(old, b.v), "default") {
		t.Error("the keys of who was a member open what was written after")
	}
	if got, err := b.getAs(b.as(bob), "default", "x"); got != "two" {
		t.Errorf("bob: %q, %v", got, err)
	}
	// Who opens what eve can still open: the old key of the role, and with it old keys only.
	opened := b.opensAll(eve.who)
	s, _ := b.resolve("default/x")
	for _, name := range opened {
		if strings.HasPrefix(name, epochDir(s.id, s.policy.Last().E)) {
			t.Errorf("eve opens %s", name)
		}
	}
	if len(opened) < 2 {
		t.Errorf("the test's own attack opens %q only", opened)
	}
	_, err = b.v.RemoveRole(t.Context(), b.keys, "ops")
	must(t, err)
	_, err = b.v.UnlockAs(bob.recipient(), bob.who)
	wantErr(t, err, ErrDenied)
}

// opensAll follows the keys of roles that an identity opens.
func (b *testVault) opensAll(who ...age.Identity) []string {
	b.Helper()
	for range 3 {
		for _, name := range b.opensWraps(who...) {
			if !strings.HasPrefix(name, roleDir) {
				continue
			}
			r, err := age.Decrypt(bytes.NewReader(b.file(name)), who...)
			must(b, err)
			var buf bytes.Buffer
			_, err = buf.ReadFrom(r)
			must(b, err)
			at := bytes.Index(buf.Bytes(), []byte("AGE-SECRET-KEY-"))
			end := bytes.Index(buf.Bytes()[at:], []byte("\x05vault"))
			id, err := age.ParseHybridIdentity(buf.String()[at : at+end])
			must(b, err)
			who = append(who, id)
		}
	}
	return b.opensWraps(who...)
}

// What a removed slot could open it opens, and nothing that was made after: neither with its files and
// its identity, nor with the root key it had, nor through the keys of roles.
func TestRemovedSlot(t *testing.T) {
	b, _, second, who := newRealVault(t)
	bob := newPrincipal(t, "bob")
	must(t, b.v.AddRole(t.Context(), b.keys, "ops"))
	must(t, b.v.AddMember(t.Context(), b.keys, "ops", bob.member()))
	role, err := b.v.RoleNamed(b.keys, "ops")
	must(t, err)
	must(t, b.v.Grant(t.Context(), b.keys, "default", Grant{Principal: role.Principal(), Recipient: role.Recipient, User: true}))
	b.set("default/x", KindCredentials, "one")
	b.set("default/y", KindAPIKeys, "why")
	stolen, err := b.v.Unlock(second, who) // root and user key of the first epoch
	must(t, err)
	user, err := stolen.userIdentity()
	must(t, err)
	saved := map[string][]byte{}
	for _, name := range b.glob("slots/" + second.String() + "*") {
		saved[name] = b.file(name)
	}
	exposed, err := b.v.RemoveSlot(t.Context(), b.keys, second)
	must(t, err)
	if len(exposed) != 2 {
		t.Errorf("exposed %v", exposed)
	}
	for name, data := range saved {
		if _, err := os.Stat(filepath.Join(b.path, name)); err == nil {
			t.Errorf("%s is still there", name)
		}
		b.write(name, data)
	}
	b.set("default/x", KindCredentials, "two")
	b.want("default/x", "two")
	b.want("default/y", "why")
	s, err := b.v.Space(b.keys, "default")
	must(t, err)
	h, err := s.Version("x", 1)
	must(t, err)
	if list, buf, err := s.Value(h); err != nil || string(list[0].Value) != "one" {
		t.Errorf("old value: %v", err)
	} else {
		buf.Wipe()
	}
	if got, err := b.getAs(b.as(bob), "default", "x"); got != "two" {
		t.Errorf("bob: %q, %v", got, err)
	}
	if got, err := b.getAs(b.as(bob), "default", "y"); got != "why" {
		t.Errorf("bob, old: %q, %v", got, err)
	}
	// The slot is refused.
	v, err := Open(b.dir, b.options())
	must(t, err)
	_, err = v.Unlock(second, who)
	wantErr(t, err, ErrNotFound)
	// Now with the editor: everything that the old root key, the old user key, the slot's identity and
	// what follows from them open.
	ids := []age.Identity{who, user}
	for _, name := range b.glob("roles/*/*/" + rootSeed) {
		sealed := b.file(name)[4:]
		id, err := objectid.Parse(strings.Split(name, "/")[1])
		must(t, err)
		seed, err := openUnder(stolen.root, b.v.id, sealed, labelAAD(b.v.id, "role"), "role", id.String())
		if err != nil {
			continue
		}
		role, err := age.ParseHybridIdentity(string(seed))
		must(t, err)
		ids = append(ids, role)
	}
	if len(ids) < 3 {
		t.Error("the test's own attack does not open the role's old key")
	}
	last := epochDir(s.id, s.policy.Last().E)
	opened := b.opensAll(ids...)
	if len(opened) < 4 {
		t.Errorf("the test's own attack opens %q only", opened)
	}
	for _, name := range opened {
		if strings.HasPrefix(name, last) || strings.Contains(name, ".2.") || strings.HasPrefix(name, "roles") && strings.Contains(name, "/2/") {
			t.Errorf("the removed slot opens %s", name)
		}
	}
	if b.opensNewest(rawKeys(stolen, b.v), "default") {
		t.Error("keys of the removed slot open what was written after")
	}
	if _, err := openUnder(stolen.root, b.v.id, b.file(last + "/" + authority.RootWrap)[4:], rootWrapAAD(b.v.id, s.id, s.policy.Last().E), "nsk", s.id.String()); err == nil {
		t.Error("the old root key opens the new namespace key")
	}
	// This machine's key, sealed under the old root key, was sealed anew.
	if file := b.file(deviceFile); file[0] != 2 {
		t.Errorf("device key of epoch %d", file[0])
	}
	_, err = b.v.RemoveSlot(t.Context(), b.keys, b.slot)
	wantErr(t, err, ErrConflict)
}

// A device writes for its holder, and for the roles its holder is in, as long as they may write; what
// it wrote while it might stays when it may not any more.
func TestWriters(t *testing.T) {
	b := newVault(t)
	bob := newPrincipal(t, "bob")
	d, _, err := b.v.makeDevice(bob.Principal)
	must(t, err)
	must(t, b.v.AddDevice(t.Context(), b.keys, DeviceRequest{d.device.id, d.device.private().Public().(ed25519.PublicKey)}, bob.Principal))
	writer := func() *Keys {
		keys := b.as(bob)
		keys.device, keys.local = d.device, nil
		return keys
	}
	try := func(value string) error {
		s, err := b.v.Space(writer(), "default")
		must(t, err)
		_, err = s.Commit(t.Context(), []Change{put("x", KindAPIKeys, value)})
		return err
	}
	b.grant("default", bob, nil)
	wantErr(t, try("read only"), ErrDenied)
	b.grant("default", bob, func(g *Grant) { g.Write = true })
	must(t, try("one"))
	b.want("default/x", "one")
	b.grant("default", bob, nil) // reads on
	b.want("default/x", "one")
	wantErr(t, try("two"), ErrDenied)
	// A program of its own makes no difference.
	force := func(value string) {
		s, err := b.v.Space(writer(), "default")
		must(t, err)
		s.policy = s.policy.Clone()
		s.policy.Writers = append(s.policy.Writers, bob.Principal)
		w, err := s.newWriter()
		must(t, err)
		c := put("x", KindAPIKeys, value)
		it, err := s.find("x")
		must(t, err)
		w.left = s.left()
		_, err = w.add(&c, it)
		must(t, err)
		_, err = w.finish()
		must(t, err)
	}
	force("forced")
	b.want("default/x", "one")
	// By a role.
	must(t, b.v.AddRole(t.Context(), b.keys, "ops"))
	must(t, b.v.AddMember(t.Context(), b.keys, "ops", bob.member()))
	_, err = b.v.Revoke(t.Context(), b.keys, "default", bob.Principal)
	must(t, err)
	b.want("default/x", "one")
	role, err := b.v.RoleNamed(b.keys, "ops")
	must(t, err)
	must(t, b.v.Grant(t.Context(), b.keys, "default", Grant{Principal: role.Principal(), Recipient: role.Recipient, Write: true}))
	must(t, try("three"))
	b.want("default/x", "three")
	_, err = b.v.RemoveMember(t.Context(), b.keys, "ops", bob.Principal)
	must(t, err)
	b.want("default/x", "three")
	b.reopen()
	b.want("default/x", "three")
	// A device that never might write is told of.
	eve := newPrincipal(t, "eve")
	e, _, err := b.v.makeDevice(eve.Principal)
	must(t, err)
	must(t, b.v.AddDevice(t.Context(), b.keys, DeviceRequest{e.device.id, e.device.private().Public().(ed25519.PublicKey)}, eve.Principal))
	b.grant("default", eve, nil)
	d, bob = e, eve
	force("of eve")
	b.warns = nil
	b.reopen()
	b.want("default/x", "three")
	if !b.warned(e.device.id.String()) {
		t.Errorf("warnings %q", b.warns)
	}
	// Who writes and damages their log does not stay a writer by that.
	b.grant("default", eve, func(g *Grant) { g.Write = true })
	log := b.glob("ns/*/" + e.device.id.String() + ".*.vlog")[0]
	b.write(log, flip(b.file(log), 80))
	_, err = b.v.Revoke(t.Context(), b.keys, "default", eve.Principal)
	if err != nil && !b.warned("does not count") {
		t.Errorf("%v, %q", err, b.warns)
	}
	s, _ := b.resolve("default/x")
	if slices.Contains(s.policy.Writers, eve.Principal) {
		t.Error("a damaged log keeps its writer")
	}
}

// A session of one service holds its value keys and nothing to derive others from.
func TestScopedSession(t *testing.T) {
	b := newVault(t)
	s, _ := b.resolve("default/x")
	var changes []Change
	for _, scope := range []Scope{{}, {Service: "x"}, {Service: "y"}, {Service: "x", Module: "m"}, {Service: "x", Agent: "other"}} {
		c := put("of-"+scope.Service+"-"+scope.Module+"-"+scope.Agent, KindAPIKeys, "value")
		c.Meta.Scope = scope
		changes = append(changes, c)
	}
	changes = append(changes, put("cred", KindCredentials, "credential"))
	_, err := s.Commit(t.Context(), changes)
	must(t, err)
	nsk := slices.Clone(s.held.epoch(1).nsk.Expose())
	root := slices.Clone(b.keys.root.Expose())
	key := s.held.epoch(1).csk
	csk := slices.Clone(key.Expose())
	limits := Limits{Scope: Scope{Service: "x", Module: "m", Agent: "a"}}
	keys, err := b.v.Limit(b.keys, limits)
	must(t, err)
	if n := len(keys.spaces[s.id].epochs[1].values); n != 32 {
		t.Errorf("%d value keys", n)
	}
	encoded, user := keys.Encode()
	if user != nil {
		t.Error("a scoped session has a user's part")
	}
	for what, k := range map[string][]byte{"root key": root, "namespace key": nsk, "credentials key": csk} {
		if bytes.Contains(encoded.Expose(), k) {
			t.Errorf("the session holds the %s", what)
		}
	}
	for _, kind := range Kinds() {
		for _, scope := range []Scope{{Service: "y"}, {Service: "x", Agent: "other"}, {Module: "n"}} {
			if bytes.Contains(encoded.Expose(), derive.Key(nsk, b.v.id, "value", kind, scope.Module, scope.Service, scope.Agent)) {
				t.Errorf("the session holds the key of %+v", scope)
			}
		}
	}
	back, err := DecodeKeys(encoded, nil)
	must(t, err)
	if back.CanWrite() || back.HasUser() || back.IsOwner() {
		t.Error("a scoped session may more than read")
	}
	for p, want := range map[string]error{"of---": nil, "of-x--": nil, "of-x-m-": nil, "of-y--": ErrDenied, "of-x--other": ErrDenied, "cred": ErrNeedsUser} {
		got, err := b.getAs(back, "default", p)
		if want == nil && (err != nil || got != "value") {
			t.Errorf("%s: %q, %v", p, got, err)
		}
		if want != nil {
			wantErr(t, err, want)
		}
	}
	if _, err := b.v.Limit(back, Limits{Scope: Scope{Service: "y"}}); err == nil {
		t.Error("a scoped session gives another scope")
	}
	// Read-only: no device key, in the encoding neither.
	b.reopen()
	seed := slices.Clone(b.keys.device.seed.Expose())
	keys, err = b.v.Limit(b.keys, Limits{ReadOnly: true, NoUser: true, Namespaces: []string{"default"}})
	must(t, err)
	encoded, user = keys.Encode()
	if user != nil || bytes.Contains(encoded.Expose(), seed) || bytes.Contains(encoded.Expose(), root) {
		t.Error("a session that reads holds a device, root or user key")
	}
	_, err = b.getAs(keys, "default", "cred")
	wantErr(t, err, ErrNeedsUser)
	sp, err := b.v.Space(keys, "default")
	must(t, err)
	_, err = sp.Commit(t.Context(), []Change{put("x", KindAPIKeys, "v")})
	wantErr(t, err, ErrReadOnly)
	wantErr(t, b.v.AddNamespace(t.Context(), keys, "new", false), ErrDenied)
	wantErr(t, b.v.Grant(t.Context(), keys, "default", Grant{Principal: "kai1x", Recipient: newIdentity(t).Recipient().String()}), ErrDenied)
	for _, p := range []authority.Principal{"", "owner", "somebody"} {
		wantErr(t, b.v.Grant(t.Context(), b.keys, "default", Grant{Principal: p, Recipient: newIdentity(t).Recipient().String()}), ErrMalformed)
	}
}
