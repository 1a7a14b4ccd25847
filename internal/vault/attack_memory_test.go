package vault

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kai/internal/secret"
	"kai/internal/vault/authority"
	"kai/internal/vault/derive"
	"kai/internal/vault/objectid"
)

// snapshot is every file that a syncing program would see.
func (b *testVault) snapshot() map[string][]byte {
	b.Helper()
	all := map[string][]byte{}
	must(b, filepath.WalkDir(b.path, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(b.path, name)
		if rel = filepath.ToSlash(rel); strings.HasPrefix(rel, localDir) {
			return nil
		}
		all[rel] = b.file(rel)
		return nil
	}))
	return all
}

// restore puts a snapshot in the place of what is there.
func (b *testVault) restore(all map[string][]byte) {
	b.Helper()
	for name := range b.snapshot() {
		if _, ok := all[name]; !ok {
			b.remove(name)
		}
	}
	for name, data := range all {
		if old, err := os.ReadFile(filepath.Join(b.path, name)); err == nil && slices.Equal(old, data) {
			continue
		}
		b.write(name, data)
	}
}

// Whatever is older than what this machine has seen is told: one file or the whole directory, its own
// or another device's.
func TestOlderFiles(t *testing.T) {
	b := newVault(t)
	other := b.other()
	b.set("default/a", KindAPIKeys, "one")
	b.setAs(other, "default", "b", "one")
	b.reopen()
	b.want("default/b", "one") // seen
	older := b.snapshot()
	b.set("default/a", KindAPIKeys, "two")
	b.setAs(other, "default", "b", "two")
	b.reopen()
	b.want("default/b", "two")
	b.namespace("more", false)
	newer := b.snapshot()
	changed := 0
	for name, data := range newer {
		old, ok := older[name]
		if ok && slices.Equal(old, data) {
			continue
		}
		if strings.HasPrefix(name, "ns/") && !ok {
			continue // of the new namespace: missing files are another test
		}
		changed++
		if ok {
			b.write(name, old)
		} else {
			b.remove(name)
		}
		if err := b.tryReopen(); !errors.Is(err, ErrRollback) {
			t.Errorf("an older %s: %v", name, err)
		}
		b.restore(newer)
	}
	if changed < 3 {
		t.Errorf("only %d files are older", changed)
	}
	b.restore(older)
	wantErr(t, b.tryReopen(), ErrRollback)
	b.restore(newer)
	must(t, b.tryReopen())
	// Removed files: the logs that were seen.
	for _, name := range b.glob("ns/*/*.vlog") {
		b.remove(name)
		wantErr(t, b.tryReopen(), ErrRollback)
		b.restore(newer)
	}
	// A file that became shorter, at each of some lengths.
	log := b.ownLog()
	for n := 0; n < len(newer[log]); n += 97 {
		b.write(log, newer[log][:n])
		wantErr(t, b.tryReopen(), ErrRollback)
	}
	b.restore(newer)
	// Without the memory nobody here can tell, and the audit log decides; it is told.
	b.remove(seenFile)
	b.restore(older)
	b.warns = nil
	must(t, b.tryReopen())
	b.want("default/a", "one")
}

// The memory itself cannot be written by others.
func TestForgedMemory(t *testing.T) {
	b := newVault(t)
	b.set("default/a", KindAPIKeys, "one")
	b.set("default/a", KindAPIKeys, "two")
	b.namespace("more", false)
	whole := b.file(seenFile)
	step := 3
	if testing.Short() {
		step = 31
	}
	for at := 0; at < len(whole); at += step {
		b.write(seenFile, flip(whole, at))
		m, err := b.v.recall(b.keys.local)
		if err == nil && (m.size >= int64(len(whole)) || at < len(seenMagic)+objectid.Size) {
			t.Fatalf("byte %d of %d flipped, and nothing is noticed", at, len(whole))
		}
		b.write(seenFile, whole[:at])
		if m, err := b.v.recall(b.keys.local); err != nil || m.size > int64(at) {
			t.Fatalf("cut at %d: %v", at, err)
		}
	}
	// Records of another machine's memory are none of this one's.
	b.write(seenFile, whole)
	key := secret.New(derive.Size)
	defer key.Wipe()
	_, err := b.v.recall(key)
	wantErr(t, err, ErrTampered)
}

// An old manifest that was removed and comes back, from a backup or from a device that was away, is no
// second head.
func TestOldManifestComesBack(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes more than 64 manifests")
	}
	b := newVault(t)
	first := b.glob("admin/*.json")[0]
	old := b.file(first)
	must(t, b.v.AddRole(t.Context(), b.keys, "many"))
	for range keptManifests + 2 {
		must(t, b.v.amend(t.Context(), b.keys, func(*amendment) error { return nil }))
	}
	if n := len(b.glob("admin/*.json")); n != keptManifests {
		t.Errorf("%d manifests are kept", n)
	}
	b.write(first, old)
	b.warns = nil
	b.reopen()
	if len(b.v.Heads()) != 1 || !b.warned("too old") {
		t.Errorf("%d heads, %q", len(b.v.Heads()), b.warns)
	}
	b.namespace("more", false)
	b.set("more/x", KindAPIKeys, "one")
	b.want("more/x", "one")
}

// fork makes a manifest that follows the head, with a change, by whoever has the root key of the
// first epoch.
func (b *testVault) fork(root *secret.Bytes, change func(m *authority.Manifest) (owner ed25519.PrivateKey, last []byte)) (name string, file []byte) {
	b.Helper()
	m := b.v.heads[0].Clone()
	m.Parents, m.Rev = []authority.Digest{b.v.heads[0].Digest}, b.v.heads[0].Rev+1
	owner, last := change(m)
	file, err := m.Sign(owner, last)
	must(b, err)
	s, err := authority.ParseManifest(file, b.v.id, b.v.root)
	must(b, err)
	return "admin/" + s.Name(), file
}

// Who was an owner once, and controls every file but those of local/, cannot make a new chain of
// owners: not for who unlocks, not for who has a session, not for who reads by a grant.
func TestForkByRemovedOwner(t *testing.T) {
	b, open1, second, who := newRealVault(t)
	bob := newPrincipal(t, "bob")
	b.grant("default", bob, nil)
	b.set("default/x", KindAPIKeys, "one")
	stolen, err := b.v.Unlock(second, who)
	must(t, err)
	old := ownerKey(stolen.root, b.v.id)
	_, err = b.v.RemoveSlot(t.Context(), b.keys, second)
	must(t, err)
	b.grant("default", bob, func(g *Grant) { g.Write = true })
	clean := b.snapshot()
	seenByOwner := b.file(seenFile)
	// Bob's machine remembers too.
	d, _, err := b.v.makeDevice(bob.Principal)
	must(t, err)
	member := b.as(bob)
	member.device, member.local = d.device, d.local
	must(t, b.v.forgetSeen())
	must(t, b.v.CheckMemory(member))
	seenByBob := b.file(seenFile)
	b.write(seenFile, seenByOwner)

	pub, evil, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	evilRoot := make([]byte, derive.Size)
	forks := map[string]func(m *authority.Manifest) (ed25519.PrivateKey, []byte){
		// The second epoch is another.
		"second epoch": func(m *authority.Manifest) (ed25519.PrivateKey, []byte) {
			e := &m.Epochs[1]
			e.Owner = authority.Bytes(pub)
			e.Link = authority.Link(old, b.v.id, e)
			return evil, evilRoot
		},
		// A third one, of a chain that forked at the second.
		"third epoch": func(m *authority.Manifest) (ed25519.PrivateKey, []byte) {
			e := &m.Epochs[1]
			e.Owner = authority.Bytes(pub)
			e.Link = authority.Link(old, b.v.id, e)
			commit := derive.Commit(evilRoot, b.v.id, "vrk")
			third := authority.Epoch{E: 3, Owner: authority.Bytes(pub), User: e.User, Commit: commit[:], Prev: e.Prev}
			third.Link = authority.Link(evil, b.v.id, &third)
			m.Epochs = append(m.Epochs, third)
			return evil, evilRoot
		},
		// Back to the first epoch, with a much larger revision.
		"first epoch": func(m *authority.Manifest) (ed25519.PrivateKey, []byte) {
			m.Epochs = m.Epochs[:1]
			m.Rev += 1000
			return old, stolen.root.Expose()
		},
	}
	for what, change := range forks {
		name, file := b.fork(stolen.root, change)
		b.write(name, file)
		v, err := Open(b.dir, b.options())
		must(t, err)
		if err := v.CheckMemory(b.keys); err == nil {
			t.Errorf("%s: a session goes on", what)
		}
		if _, err := v.Unlock(b.slot, b.openSlot(b.slot, open1)); err == nil {
			t.Errorf("%s: it is unlocked", what)
		}
		b.write(seenFile, seenByBob)
		if err := v.CheckMemory(member); err == nil {
			t.Errorf("%s: a reader goes on", what)
		}
		b.write(seenFile, seenByOwner)
		// Who opened it before does not write, nor change anything.
		s, err := b.v.Space(b.keys, "default")
		must(t, err)
		if _, err := s.Commit(t.Context(), []Change{put("x", KindAPIKeys, "two")}); err == nil {
			t.Errorf("%s: a commit", what)
		}
		if err := b.v.AddRole(t.Context(), b.keys, "role"); err == nil {
			t.Errorf("%s: a change", what)
		}
		b.restore(clean)
		b.v, err = Open(b.dir, b.options())
		must(t, err)
	}
	// A manifest of the first epoch beside the real one lowers nothing that is remembered.
	_, file := b.fork(stolen.root, func(m *authority.Manifest) (ed25519.PrivateKey, []byte) {
		m.Epochs = m.Epochs[:1]
		m.Rev += 1000
		m.Parents = []authority.Digest{{1}}
		return old, stolen.root.Expose()
	})
	s, err := authority.ParseManifest(file, b.v.id, b.v.root)
	must(t, err)
	b.write("admin/"+s.Name(), file)
	v, err := Open(b.dir, b.options())
	must(t, err)
	if len(v.Heads()) != 2 {
		t.Fatalf("%d heads", len(v.Heads()))
	}
	must(t, v.CheckMemory(b.keys)) // allowed is what both allow
	wantErr(t, v.AddRole(t.Context(), b.keys, "role"), ErrTwoHeads)
	for name := range clean {
		if strings.HasPrefix(name, "admin/") {
			b.remove(name)
		}
	}
	v, err = Open(b.dir, b.options())
	must(t, err)
	wantErr(t, v.CheckMemory(b.keys), ErrRollback)
}

// What another process changes counts for one that opened the vault before: a reader that lost access
// gets no new key, and is not brought back by the next change.
func TestChangesOfOthers(t *testing.T) {
	b := newVault(t)
	bob, eve := newPrincipal(t, "bob"), newPrincipal(t, "eve")
	b.grant("default", bob, nil)
	b.set("default/x", KindAPIKeys, "one")
	stolen := rawKeys(b.as(bob), b.v)
	// Another process, with all of it read.
	v, err := Open(b.dir, b.options())
	must(t, err)
	keys, err := v.Unlock(b.slot, b.who)
	must(t, err)
	s, err := v.Space(keys, "default")
	must(t, err)
	_, err = s.Find("x")
	must(t, err)
	_, err = b.v.Revoke(t.Context(), b.keys, "default", bob.Principal)
	must(t, err)
	_, err = s.Commit(t.Context(), []Change{put("x", KindAPIKeys, "two")})
	must(t, err)
	if b.opensNewest(stolen, "default") {
		t.Error("a commit under the key of who was revoked")
	}
	b.want("default/x", "two")
	must(t, v.Grant(t.Context(), keys, "default", Grant{Principal: eve.Principal, Recipient: eve.recipient()}))
	b.reopen()
	sp, _ := b.resolve("default/x")
	if len(sp.policy.Readers) != 1 || sp.policy.Readers[0].Principal != eve.Principal {
		t.Errorf("readers %+v", sp.policy.Readers)
	}
	_, err = b.v.UnlockAs(bob.recipient(), bob.who)
	wantErr(t, err, ErrDenied)
}
