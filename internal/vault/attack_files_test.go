package vault

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"kai/internal/vault/authority"
	"kai/internal/vault/fields"
	"kai/internal/vault/objectid"
	"kai/internal/vault/vlog"
)

// all is every file below the vault's directory, local/ too but for the lock.
func (b *testVault) all() []string {
	b.Helper()
	var list []string
	must(b, filepath.WalkDir(b.path, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(b.path, name)
		if rel = filepath.ToSlash(rel); rel != lockFile {
			list = append(list, rel)
		}
		return nil
	}))
	return list
}

// populated has two namespaces with secrets of some kinds, an index, a role with a member, and two
// devices.
func populated(t testing.TB) (b *testVault, values map[string]string) {
	b = newVault(t)
	bob := newPrincipal(t, "bob")
	b.namespace("a", false)
	b.namespace("b", true)
	must(t, b.v.AddRole(b.Context(), b.keys, "ops"))
	must(t, b.v.AddMember(b.Context(), b.keys, "ops", bob.member()))
	role, err := b.v.RoleNamed(b.keys, "ops")
	must(t, err)
	must(t, b.v.Grant(b.Context(), b.keys, "a", Grant{Principal: role.Principal(), Recipient: role.Recipient}))
	other := b.other()
	values = map[string]string{"a/x": "of a", "b/x": "of b", "a/c": "credential", "b/o": "of another device"}
	b.set("a/x", KindAPIKeys, "of a")
	b.set("b/x", KindSigningKeys, "of b")
	b.set("a/c", KindCredentials, "credential")
	b.setAs(other, "b", "o", "of another device")
	b.reopen()
	for p, v := range values {
		b.want(p, v)
	}
	for _, n := range []string{"a", "b"} {
		s, err := b.v.Space(b.keys, n)
		must(t, err)
		must(t, s.writeIndex())
	}
	return b, values
}

// tampered reports whether an error is one that a damaged file may end with.
func tampered(err error) bool {
	for _, want := range []error{ErrTampered, ErrRollback, ErrNewer, ErrMalformed, ErrNoVault, ErrTooLarge} {
		if errors.Is(err, want) {
			return true
		}
	}
	return false
}

// A flipped bit of any file is told, or changes nothing; it never gives another value, and it leaves
// the other namespaces as they are.
func TestEachFileDamaged(t *testing.T) {
	b, values := populated(t)
	spaces := map[string]string{}
	for _, n := range []string{"a", "b", "default"} {
		s, err := b.v.Space(b.keys, n)
		must(t, err)
		spaces[s.id.String()] = n
	}
	samples := 6
	if testing.Short() {
		samples = 1
	}
	kinds := map[string]bool{}
	for _, name := range b.all() {
		whole := b.file(name)
		kinds[path.Ext(name)] = true
		noticed := 0
		for i := range samples {
			at := (len(whole) - 1) * i / max(samples-1, 1)
			b.write(name, flip(whole, at))
			unlocked := b.tryReopen()
			if unlocked != nil {
				if !tampered(unlocked) {
					t.Errorf("byte %d of %s: %v", at, name, unlocked)
				}
				noticed++
				b.write(name, whole)
				continue
			}
			for p, want := range values {
				got, err := b.tryGet(p)
				elsewhere := strings.HasPrefix(name, spaceDir) && spaces[strings.Split(name, "/")[1]] != path.Dir(p)
				switch {
				case err == nil && got != want:
					t.Errorf("byte %d of %s: %s is %q", at, name, p, got)
				case err != nil && !tampered(err):
					t.Errorf("byte %d of %s: %s: %v", at, name, p, err)
				case err != nil && elsewhere:
					t.Errorf("byte %d of %s makes %s unusable: %v", at, name, p, err)
				case err != nil:
					noticed++
				}
			}
			if err := b.v.Check(b.keys, true, func(f Finding) {
				if f.Severity == Damaged || f.Finding == "newer" {
					noticed++
				}
			}); err != nil {
				noticed++
			}
			b.write(name, whole)
		}
		local := strings.HasPrefix(name, localDir)
		old := strings.HasPrefix(name, adminDir)
		if noticed == 0 && !local && !old {
			t.Errorf("damage to %s is noticed nowhere", name)
		}
	}
	for _, want := range []string{".json", ".vrk", ".usr", ".nsk", ".csk", ".age", ".seed", ".vlog", ".kvi", ".log", ".key"} {
		if !kinds[want] {
			t.Errorf("no file %s was damaged", want)
		}
	}
	must(t, b.tryReopen())
	for p, v := range values {
		b.want(p, v)
	}
}

// Where the name of a namespace cannot be read, nothing is written to the one above it in its stead, and
// what is not found is not said to be absent.
func TestDamagedNamespaceIsNotAbsent(t *testing.T) {
	b := newVault(t)
	bob := newPrincipal(t, "bob")
	b.namespace("team", false)
	b.grant("team", bob, nil)
	b.namespace("team/alone", true) // bob does not read it
	b.set("team/alone/x", KindAPIKeys, "secret")
	b.set("team/x", KindAPIKeys, "for all")
	b.set("team/deep/y", KindAPIKeys, "for all too")
	s, _ := b.resolve("team/alone/x")
	name := policyName(s.id, b.v.manifest.NS[s.id])
	whole := b.file(name)
	b.write(name, flip(whole, 50))
	b.reopen()
	b.want("team/x", "for all")
	b.want("team/deep/y", "for all too")
	for _, p := range []string{"team/alone/x", "team/alone/new", "elsewhere/x"} {
		_, err := b.tryGet(p)
		wantErr(t, err, ErrTampered)
	}
	above, rest := b.resolve("team/alone/x")
	if above.Name() != "team" {
		t.Fatal(above.Name())
	}
	_, err := above.Commit(t.Context(), []Change{put(rest, KindAPIKeys, "secret")})
	wantErr(t, err, ErrTampered)
	b.set("team/x", KindAPIKeys, "still for all")
	b.set("default/x", KindAPIKeys, "one")
	if !b.warned(s.id.String()) {
		t.Errorf("warnings %q", b.warns)
	}
	// Nor does a change of who may read leave it out, or make a second of its name.
	for what, change := range map[string]func() error{
		"revoke": func() error { _, err := b.v.Revoke(t.Context(), b.keys, "team", bob.Principal); return err },
		"add":    func() error { return b.v.AddNamespace(t.Context(), b.keys, "team/alone", false) },
		"grant": func() error {
			return b.v.Grant(t.Context(), b.keys, "team", Grant{Principal: bob.Principal, Recipient: bob.recipient(), User: true})
		},
	} {
		if err := change(); !errors.Is(err, ErrTampered) {
			t.Errorf("%s: %v", what, err)
		}
	}
	b.write(name, whole)
	b.reopen()
	b.want("team/alone/x", "secret")
}

// Damage to what one reader holds of a namespace leaves them the others.
func TestReaderWithDamage(t *testing.T) {
	b := newVault(t)
	bob := newPrincipal(t, "bob")
	for _, n := range []string{"a", "b", "c"} {
		b.namespace(n, false)
		b.set(n+"/x", KindAPIKeys, "of "+n)
	}
	b.grant("a", bob, nil)
	b.grant("b", bob, nil)
	must(t, b.v.AddRole(t.Context(), b.keys, "ops"))
	must(t, b.v.AddMember(t.Context(), b.keys, "ops", bob.member()))
	role, err := b.v.RoleNamed(b.keys, "ops")
	must(t, err)
	must(t, b.v.Grant(t.Context(), b.keys, "c", Grant{Principal: role.Principal(), Recipient: role.Recipient}))
	s, err := b.v.Space(b.keys, "a")
	must(t, err)
	for _, tt := range []struct{ file, of string }{
		{path.Join(epochDir(s.id, 1), recipientName(bob.recipient())+authority.KeySuffix), "a"},
		{policyName(s.id, b.v.manifest.NS[s.id]), "a"},
		{b.glob("roles/*-*.json")[len(b.glob("roles/*-*.json"))-1], ""},
		{b.glob("roles/*/1/*.age")[0], "c"},
	} {
		if tt.of == "" { // the newest document of the role
			tt.of, tt.file = "c", documentName(roleDir, role.ID, b.v.manifest.Roles[role.ID])
		}
		whole := b.file(tt.file)
		b.write(tt.file, flip(whole, len(whole)/2))
		v, err := Open(b.dir, b.options())
		must(t, err)
		keys, err := v.UnlockAs(bob.recipient(), bob.who)
		must(t, err)
		for _, n := range []string{"a", "b", "c"} {
			_, err := v.Space(keys, n)
			if (n == tt.of) != errors.Is(err, ErrTampered) || n != tt.of && err != nil {
				t.Errorf("%s damaged: namespace %s: %v", tt.file, n, err)
			}
		}
		b.write(tt.file, whole)
	}
}

// Files that are not listed, those that others leave behind, and those that look like the vault's own,
// change nothing.
func TestStrayFiles(t *testing.T) {
	b, values := populated(t)
	eve := newPrincipal(t, "eve")
	s, err := b.v.Space(b.keys, "b")
	must(t, err)
	// A policy that makes eve a reader and writer, and what she would need with it.
	spoofed := s.policy.Clone()
	spoofed.Readers = append(spoofed.Readers, authority.Reader{From: 1, Principal: eve.Principal, Recipient: eve.recipient(), User: true})
	spoofed.Writers = append(spoofed.Writers, eve.Principal)
	file, err := spoofed.Encode()
	must(t, err)
	stray := map[string][]byte{policyName(s.id, authority.DigestOf(file)): file}
	evil, cert, err := b.v.makeDevice(eve.Principal)
	must(t, err)
	stray[documentName(deviceDir, evil.device.id, authority.DigestOf(cert))] = cert
	h := vlog.Header{Vault: b.v.id, Namespace: s.id, Device: evil.device.id, Generation: 1, First: 1}
	w := vlog.NewBuilder(&h, h.Chain(), 1)
	w.AddCheckpoint(evil.device.private(), 1)
	stray[spaceFile(s.id, logName{evil.device.id, 1, 1})] = w.Bytes()
	r := &authority.Role{ID: objectid.ID{7}, NameCT: []byte("x"), Epochs: []authority.RoleEpoch{{E: 1, Recipient: eve.recipient()}}, Members: []authority.Member{eve.member()}}
	file, err = r.Encode()
	must(t, err)
	stray[documentName(roleDir, r.ID, authority.DigestOf(file))] = file
	// A whole namespace, slots, and all the names that syncing programs and editors make.
	for name, data := range b.snapshot() {
		if name == rootFile {
			continue
		}
		dir, base := path.Split(name)
		ext := path.Ext(base)
		stem := strings.TrimSuffix(base, ext)
		for _, n := range []string{
			stem + ".sync-conflict-20261122-040000-ABCDEFG" + ext, stem + " (1)" + ext, stem + " (conflicted copy)" + ext,
			base + "~", base + ".bak", "." + base + ".swp", base + ".tmp", ".syncthing." + base + ".tmp", strings.ToUpper(base) + "x",
		} {
			stray[dir+n] = flip(data, len(data)/2)
		}
		if strings.HasPrefix(name, spaceDir) {
			parts := strings.SplitN(name, "/", 3)
			stray[spaceDir+"/"+objectid.ID{9}.String()+"/"+parts[2]] = data
		}
	}
	stray["slots/"+objectid.ID{3}.String()+"-0123456789abcdef.json"] = []byte("{}")
	stray["local/quarantine/x.vlog"] = []byte("x")
	stray["admin/.kai-tmp-1"] = []byte("{}")
	before := b.snapshot()
	for name, data := range stray {
		if _, ok := before[name]; ok {
			t.Fatalf("%s is there", name)
		}
		b.write(name, data)
	}
	b.warns = nil
	must(t, b.tryReopen())
	if got := b.names(b.keys); got != "a b default" {
		t.Errorf("namespaces %q", got)
	}
	for p, v := range values {
		b.want(p, v)
	}
	if _, err := b.v.UnlockAs(eve.recipient(), eve.who); !errors.Is(err, ErrDenied) {
		t.Errorf("eve: %v", err)
	}
	if len(b.v.Slots()) != 1 || len(b.v.manifest.Devices) != 2 {
		t.Error("slots or devices came from files that are not listed")
	}
	b.set("b/x", KindAPIKeys, "new")
	b.want("b/x", "new")
	b.namespace("c", false)
	// The one warning is about records of a device that nobody added.
	for _, w := range b.warns {
		if !strings.Contains(w, evil.device.id.String()) {
			t.Errorf("warning %q", w)
		}
	}
	// A manifest that nobody has signed is not just ignored: it is told.
	forged := flip(b.file("admin/"+b.v.heads[0].Name()), 30)
	name := "admin/0000000999-" + authority.DigestOf(forged).Short() + ".json"
	b.write(name, forged)
	wantErr(t, b.tryReopen(), ErrTampered)
	b.remove(name)
	must(t, b.tryReopen())
}

// A listed file that is replaced by an older one of its kind, or by one for another thing, is told.
func TestExchangedFiles(t *testing.T) {
	b := newVault(t)
	bob, eve := newPrincipal(t, "bob"), newPrincipal(t, "eve")
	for _, n := range []string{"a", "b"} {
		b.namespace(n, false)
		b.set(n+"/x", KindAPIKeys, "of "+n)
	}
	a, err := b.v.Space(b.keys, "a")
	must(t, err)
	old := b.file(policyName(a.id, b.v.manifest.NS[a.id]))
	b.grant("a", bob, nil)
	b.grant("b", eve, nil)
	a, err = b.v.Space(b.keys, "a")
	must(t, err)
	c, err := b.v.Space(b.keys, "b")
	must(t, err)
	policyA, policyB := policyName(a.id, b.v.manifest.NS[a.id]), policyName(c.id, b.v.manifest.NS[c.id])
	wrapA, wrapB := path.Join(epochDir(a.id, 1), authority.RootWrap), path.Join(epochDir(c.id, 1), authority.RootWrap)
	logA, logB := b.glob(a.dir() + "/*.vlog")[0], b.glob(c.dir() + "/*.vlog")[0]
	must(t, b.v.CheckMemory(b.keys))
	for _, tt := range []struct {
		what, name string
		data       []byte
	}{
		{"an older policy", policyA, old},
		{"the policy of another namespace", policyA, b.file(policyB)},
		{"the key of another namespace", wrapA, b.file(wrapB)},
		{"the records of another namespace", logA, b.file(logB)},
	} {
		whole := b.file(tt.name)
		b.write(tt.name, tt.data)
		err := b.tryReopen()
		if err == nil {
			_, err = b.tryGet("a/x")
		}
		if !errors.Is(err, ErrTampered) && !errors.Is(err, ErrRollback) {
			t.Errorf("%s: %v", tt.what, err)
		}
		if err := b.tryReopen(); err == nil {
			b.want("b/x", "of b")
		}
		b.write(tt.name, whole)
	}
	must(t, b.tryReopen())
	// Another machine's files of records, renamed to this one's, and the other way round.
	other := b.other()
	b.setAs(other, "a", "y", "of another device")
	own, foreign := b.glob(a.dir() + "/" + b.keys.DeviceID().String() + ".1.1.vlog")[0], b.glob(a.dir() + "/" + other.device.id.String() + ".1.1.vlog")[0]
	ownData, foreignData := b.file(own), b.file(foreign)
	b.write(foreign, ownData)
	_, err = b.getAs(b.keys, "a", "x")
	wantErr(t, err, ErrTampered)
	b.write(foreign, foreignData)
	// Keys that the root does not list: another root key, another user key, for the slot.
	second := newVault(t)
	slotFiles := map[string]*wrap{
		slotWrapName(b.slot, 1, "vrk"): {epoch: 1, vault: b.v.id, of: "slot", id: b.slot, name: "vrk", key: second.keys.root.Expose()},
		slotWrapName(b.slot, 1, "usr"): {epoch: 1, vault: b.v.id, of: "slot", id: b.slot, name: "user", key: second.keys.user.Expose()},
	}
	for name, w := range slotFiles {
		whole := b.file(name)
		file, err := w.seal(b.who.Recipient())
		must(t, err)
		b.write(name, file)
		wantErr(t, b.tryReopen(), ErrTampered)
		b.write(name, whole)
	}
	// The right key, said to be of another epoch, slot or vault.
	for what, change := range map[string]func(w *wrap){
		"epoch": func(w *wrap) { w.epoch = 2 }, "slot": func(w *wrap) { w.id = objectid.ID{1} }, "vault": func(w *wrap) { w.vault = second.v.id },
	} {
		w := &wrap{epoch: 1, vault: b.v.id, of: "slot", id: b.slot, name: "vrk", key: b.keys.root.Expose()}
		change(w)
		file, err := w.seal(b.who.Recipient())
		must(t, err)
		name := slotWrapName(b.slot, 1, "vrk")
		whole := b.file(name)
		b.write(name, file)
		if err := b.tryReopen(); !errors.Is(err, ErrTampered) {
			t.Errorf("another %s: %v", what, err)
		}
		b.write(name, whole)
	}
	// The whole of another vault in the place of this one.
	for name, data := range second.snapshot() {
		if name == rootFile {
			b.write(name, data)
		}
	}
	if err := b.tryReopen(); err == nil {
		t.Error("another vault's root document opens this vault")
	}
}

// The versions and suites of vault.json that are not known are refused, with no way around.
func TestRootDocument(t *testing.T) {
	b := newVault(t)
	b.set("default/x", KindAPIKeys, "one")
	file := b.file(rootFile)
	for _, tt := range []struct {
		from, to string
		want     error
	}{
		{`"v":1`, `"v":2`, ErrNewer},
		{`"v":1`, `"v":0`, ErrNewer},
		{suite, "aes128gcm-hkdfsha256", ErrNewer},
		{suite, "", ErrNewer},
		{`"v":1`, `"v":1,"x":1`, ErrMalformed},
		{`{"root"`, `{"a":1,"root"`, ErrNewer},
		{`"v":1`, `"v":"1"`, ErrMalformed},
		{`}`, `} `, ErrMalformed},
		{`}`, ``, ErrMalformed},
	} {
		bad := strings.Replace(string(file), tt.from, tt.to, 1)
		if bad == string(file) {
			t.Fatalf("%q is not in it", tt.from)
		}
		b.write(rootFile, []byte(bad))
		if err := b.tryReopen(); !errors.Is(err, tt.want) {
			t.Errorf("%q for %q: %v, want %v", tt.to, tt.from, err, tt.want)
		}
	}
	b.remove(rootFile)
	wantErr(t, b.tryReopen(), ErrNoVault)
	// Where it is missing, a new vault does not take the place of what is there.
	before := len(b.all())
	_, _, err := Create(t.Context(), b.dir, b.options(), slotFor(b.slot, b.who))
	wantErr(t, err, ErrTampered)
	if n := len(b.all()); n != before {
		t.Errorf("%d files, there were %d", n, before)
	}
	b.write(rootFile, file)
	must(t, b.tryReopen())
	b.want("default/x", "one")
}

// The lengths of ciphertexts are those of the padding, whatever the values are.
func TestSizes(t *testing.T) {
	b := newVault(t)
	s, _ := b.resolve("default/x")
	var changes []Change
	step := 7
	for n := 0; n < 2000; n += step {
		changes = append(changes, put(fmt.Sprintf("p%d", n), KindAPIKeys, strings.Repeat("v", n)), put(fmt.Sprintf("q%d", n), KindCredentials, strings.Repeat("v", n)))
	}
	_, err := s.Commit(t.Context(), changes)
	must(t, err)
	allowed := map[int]bool{}
	for n := range 4096 {
		allowed[vlog.Padded(n)] = true
	}
	data := b.file(b.ownLog())
	h, err := vlog.ParseHeader(data)
	must(t, err)
	sizes, nonces := map[int]bool{}, map[string]bool{}
	_, err = vlog.Scan(data[vlog.HeaderSize:], h.Start(), func(f *vlog.Frame, _ vlog.Position) error {
		if f.Type != vlog.Put {
			return nil
		}
		sizes[len(f.Value)-16] = true
		nonces[hex.EncodeToString(f.Nonce[:])] = true
		if (len(f.Meta)-16)%64 != 0 || len(f.Meta) < 208 {
			t.Errorf("meta data of %d bytes", len(f.Meta))
		}
		return nil
	})
	must(t, err)
	for n := range sizes {
		if !allowed[n] {
			t.Errorf("a value of %d bytes", n)
		}
	}
	if len(sizes) > 70 {
		t.Errorf("%d lengths for values below 2,000 bytes", len(sizes))
	}
	if len(nonces) != len(changes) {
		t.Errorf("%d nonces in %d records", len(nonces), len(changes))
	}
}

// No name, tag, label or value is in any file or its name, the index and the memory included.
func TestNothingShowsAnywhere(t *testing.T) {
	b, _, second, _ := newRealVault(t) // whose slots have labels
	bob := newPrincipal(t, "bob")
	b.namespace("canary-space", false)
	b.namespace("canary-space/canary-below", true)
	must(t, b.v.AddRole(t.Context(), b.keys, "canary-role"))
	must(t, b.v.AddMember(t.Context(), b.keys, "canary-role", bob.member()))
	b.grant("canary-space", bob, func(g *Grant) { g.User = true })
	s, err := b.v.Space(b.keys, "canary-space")
	must(t, err)
	var changes []Change
	for i := range indexTail + 10 {
		c := Change{Type: vlog.Put, Meta: Meta{
			Path: fmt.Sprintf("canary-path/%d", i), Kind: Kinds()[i%4], Tags: []string{"canary-tag"}, Public: map[string]string{"canary-name": "canary-public"},
			Scope: Scope{Agent: "canary-agent", Module: "canary-module", Service: "canary-service"}, From: "canary-from", RotateWith: `exec:["/canary"]`,
		}, Fields: []fields.Field{{Name: "canary-field", Value: []byte("canary-value")}}}
		changes = append(changes, c)
	}
	_, err = s.Commit(t.Context(), changes)
	must(t, err)
	x, err := s.Find("canary-path/7")
	must(t, err)
	_, err = s.Delete(t.Context(), x)
	must(t, err)
	_, err = s.Compact(t.Context(), CompactOptions{})
	must(t, err)
	_, err = b.v.RemoveSlot(t.Context(), b.keys, second)
	must(t, err)
	_, err = b.v.Revoke(t.Context(), b.keys, "canary-space", bob.Principal)
	must(t, err)
	_, err = s.Find("canary-path/8")
	must(t, err)
	var forms [][]byte
	for _, text := range []string{"canary", "default", "ops"} {
		forms = append(forms, []byte(text), []byte(hex.EncodeToString([]byte(text))))
	}
	for i := range 3 { // base64 at each alignment
		forms = append(forms, [][]byte{[]byte("Y2FuYXJ5"), []byte("NhbmFye"), []byte("jYW5hcn")}[i])
	}
	index, memory := false, false
	for _, name := range b.all() {
		data := b.file(name)
		index, memory = index || strings.HasSuffix(name, ".kvi"), memory || name == seenFile
		for _, form := range forms {
			if len(form) < 6 {
				continue
			}
			if bytes.Contains(data, form) || strings.Contains(name, string(form)) {
				t.Errorf("%s shows %q", name, form)
			}
		}
	}
	if !index || !memory {
		t.Error("no index or no memory was looked at")
	}
}

// Whatever stands in a file of the vault, it is read without a panic and never for something that it is
// not.
func FuzzLoad(f *testing.F) {
	b, values := populated(f)
	names := b.all()
	whole := map[string][]byte{}
	for _, name := range names {
		whole[name] = b.file(name)
	}
	for i, name := range names {
		f.Add(uint8(i), uint32(len(whole[name])/2), []byte{1, 2, 3}, false)
		f.Add(uint8(i), uint32(0), []byte("{}"), true)
		f.Add(uint8(i), uint32(0), whole[names[(i+7)%len(names)]], true)
	}
	f.Fuzz(func(t *testing.T, which uint8, at uint32, data []byte, all bool) {
		name := names[int(which)%len(names)]
		bad := bytes.Clone(whole[name])
		if all {
			bad = data
		} else {
			copy(bad[int(at)%(len(bad)+1):], data)
		}
		b.TB = t
		b.write(name, bad)
		defer func() {
			must(t, os.RemoveAll(filepath.Join(b.path, "local")))
			for name, data := range whole {
				if strings.HasPrefix(name, "local") {
					b.write(name, data)
				}
			}
			b.write(name, whole[name])
		}()
		if err := b.tryReopen(); err != nil {
			return
		}
		for p, want := range values {
			if got, err := b.tryGet(p); err == nil && got != want {
				t.Errorf("%s is %q", p, got)
			}
		}
		_ = b.v.Check(b.keys, true, func(Finding) {})
	})
}

func FuzzDecodeKeys(f *testing.F) {
	b, _ := populated(f)
	keys, user := b.keys.Encode()
	f.Add(bytes.Clone(keys.Expose()), bytes.Clone(user.Expose()))
	scoped, err := b.v.Limit(b.keys, Limits{Scope: Scope{Service: "x"}})
	must(f, err)
	keys, _ = scoped.Encode()
	f.Add(bytes.Clone(keys.Expose()), []byte{})
	f.Fuzz(func(t *testing.T, a, u []byte) {
		if len(a) > 1<<13 || len(u) > 1<<13 {
			return // each secret has pages of its own
		}
		k, err := DecodeKeys(cloneSecret(a), cloneSecret(u))
		if err != nil {
			return
		}
		defer k.Wipe()
		x, y := k.Encode()
		again, err := DecodeKeys(x, y)
		if err != nil {
			t.Fatal(err)
		}
		again.Wipe()
	})
}
