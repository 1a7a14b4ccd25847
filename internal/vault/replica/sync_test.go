package replica_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kai/internal/vault"
	"kai/internal/vault/objectid"
	"kai/internal/vault/replica"
)

// TestOffline has three devices that change the vault without knowing of each other, and sync in any
// order: all have the same in the end, and nothing is lost.
func TestOffline(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}} {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			w, target := newWorld(t), filepath.Join(t.TempDir(), "shared")
			a := w.first()
			a.set("shared", "from a")
			a.sync(target)
			b := w.another(target)
			b.sync(target)
			c := w.another(target)
			for _, m := range []*machine{c, a, b} {
				m.sync(target)
				m.unlock()
			}
			all := []*machine{a, b, c}
			for i, m := range all {
				m.set(fmt.Sprint("own", i), fmt.Sprint("of ", i))
				m.set("shared", fmt.Sprint("changed by ", i))
			}
			for _, i := range order {
				all[i].sync(target)
			}
			for _, i := range order {
				all[i].sync(target)
			}
			want := a.all()
			if n := strings.Count(want, "default/shared"); n != 4 {
				t.Errorf("%d versions of what all have changed, want 4:\n%s", n, want)
			}
			for _, m := range all {
				if got := m.all(); got != want {
					t.Errorf("one has\n%s\nanother\n%s", want, got)
				}
				m.check()
				sameFiles(t, files(t, m.path), files(t, target))
				if res := m.sync(target); res.Pushed+res.Pulled+res.Removed != 0 {
					t.Errorf("a sync that has nothing to do: %+v", res)
				}
			}
		})
	}
}

// TestOnlyCiphertextLeaves searches what left for what is secret.
func TestOnlyCiphertextLeaves(t *testing.T) {
	w, target := newWorld(t), t.TempDir()
	a := w.first()
	a.set("path-of-a-secret", "value-of-a-secret")
	a.sync(target)
	for name, content := range files(t, target) {
		for _, word := range []string{"path-of-a-secret", "value-of-a-secret", "default"} {
			if strings.Contains(content, word) {
				t.Errorf("%s holds %s", name, word)
			}
		}
		if strings.HasPrefix(name, "local/") {
			t.Errorf("%s left the machine", name)
		}
	}
}

// TestOneWay pulls without pushing, pushes without pulling, and only looks.
func TestOneWay(t *testing.T) {
	w, target := newWorld(t), t.TempDir()
	a := w.first()
	a.sync(target)
	b := w.another(target)
	b.sync(target)
	a.sync(target)
	a.unlock()
	a.set("a", "1")
	b.set("b", "1")
	before := files(t, target)
	dry := func(o *replica.Options) { o.DryRun = true }
	pull := func(o *replica.Options) { o.Push = false }
	push := func(o *replica.Options) { o.Pull = false }
	if res := a.sync(target, dry); res.Pushed != 1 || res.Pulled != 0 {
		t.Errorf("dry run: %+v", res)
	}
	a.sync(target, pull)
	sameFiles(t, before, files(t, target))
	if res := a.sync(target, push); res.Pushed != 1 || res.Pulled != 0 {
		t.Errorf("push: %+v", res)
	}
	own := files(t, b.path)
	if res := b.sync(target, push); res.Pushed != 1 || res.Pulled != 0 {
		t.Errorf("push: %+v", res)
	}
	sameFiles(t, own, files(t, b.path))
	if res := b.sync(target, dry); res.Pushed != 0 || res.Pulled != 1 {
		t.Errorf("dry run: %+v", res)
	}
	sameFiles(t, own, files(t, b.path))
	if res := b.sync(target, pull); res.Pushed != 0 || res.Pulled != 1 {
		t.Errorf("pull: %+v", res)
	}
	a.sync(target)
	if x, y := a.all(), b.all(); x != y {
		t.Errorf("one has\n%s\nanother\n%s", x, y)
	}
}

// TestCompaction replaces the older generation everywhere, and what is dropped does not come back.
func TestCompaction(t *testing.T) {
	w, target := newWorld(t), t.TempDir()
	a := w.first()
	for i := range 20 {
		a.set("p", fmt.Sprint("value ", i))
	}
	a.sync(target)
	b := w.another(target)
	b.set("q", "of b")
	b.sync(target)
	a.sync(target)
	a.unlock()
	s, err := a.v.Space(a.keys, "default")
	must(t, err)
	_, err = s.Compact(t.Context(), vault.CompactOptions{})
	must(t, err)
	a.sync(target)
	if old, _ := filepath.Glob(filepath.Join(target, "ns", "*", a.keys.DeviceID().String()+".1.*.vlog")); len(old) > 0 {
		t.Errorf("the older generation stays: %v", old)
	}
	if res := b.sync(target); res.Removed != 1 {
		t.Errorf("removed %d files here", res.Removed)
	}
	b.sync(target)
	if x, y := a.all(), b.all(); x != y {
		t.Errorf("one has\n%s\nanother\n%s", x, y)
	}
	sameFiles(t, files(t, b.path), files(t, target))
	b.check()
	// What was pushed before comes back from an old copy: it does not count.
	a.set("r", "later")
	a.sync(target)
	b.sync(target)
	if x, y := a.all(), b.all(); x != y {
		t.Errorf("one has\n%s\nanother\n%s", x, y)
	}
}

// TestTwoHeads has two owners change who may do what at once.
func TestTwoHeads(t *testing.T) {
	w, target := newWorld(t), t.TempDir()
	a := w.first()
	a.sync(target)
	b := w.another(target)
	b.sync(target)
	a.sync(target)
	a.unlock()
	b.unlock()
	must(t, a.v.AddNamespace(t.Context(), a.keys, "of-a", false))
	must(t, b.v.AddNamespace(t.Context(), b.keys, "of-b", false))
	a.sync(target)
	res := b.sync(target)
	if len(res.Heads) != 2 || len(res.Adopted) != 1 {
		t.Fatalf("heads %d, adopted %d", len(res.Heads), len(res.Adopted))
	}
	if res := a.sync(target); len(res.Heads) != 2 {
		t.Fatalf("heads %d", len(res.Heads))
	}
	a.unlock()
	wantErr(t, a.v.AddNamespace(t.Context(), a.keys, "more", false), vault.ErrTwoHeads)
	must(t, a.v.ResolveHeads(t.Context(), a.keys, res.Adopted[0].Digest.Short()))
	a.sync(target)
	if res := b.sync(target); len(res.Heads) != 1 {
		t.Fatalf("heads %d", len(res.Heads))
	}
	b.unlock()
	names, err := b.v.Namespaces(b.keys)
	must(t, err)
	if !slices.Equal(names, []string{"default", "of-a"}) {
		t.Errorf("namespaces %v", names)
	}
	a.check()
	b.check()
}

// TestSameWrapTwice has two owners give one epoch of a namespace to one reader: the wraps have one name,
// and both are kept, so that either manifest can be chosen.
func TestSameWrapTwice(t *testing.T) {
	for _, chosen := range []int{0, 1} {
		w, target := newWorld(t), t.TempDir()
		a := w.first()
		a.sync(target)
		b := w.another(target)
		b.sync(target)
		a.sync(target)
		a.unlock()
		b.unlock()
		to := vault.Grant{Principal: "SHA256:reader", Recipient: w.who.Recipient().String(), Write: true}
		must(t, a.v.Grant(t.Context(), a.keys, "default", to))
		must(t, b.v.Grant(t.Context(), b.keys, "default", to))
		a.sync(target)
		b.sync(target)
		a.sync(target)
		b.unlock()
		if len(b.v.Heads()) != 2 {
			t.Fatal("want two heads")
		}
		must(t, b.v.ResolveHeads(t.Context(), b.keys, b.v.Heads()[chosen].Digest.Short()))
		b.sync(target)
		a.sync(target)
		for _, m := range []*machine{a, b, w.another(target)} {
			m.unlock()
			m.check()
			keys, err := m.v.UnlockAs(to.Recipient, w.who)
			must(t, err)
			names, err := m.v.Namespaces(keys)
			must(t, err)
			if !slices.Equal(names, []string{"default"}) {
				t.Errorf("the reader opens %v", names)
			}
			keys.Wipe()
		}
	}
}

// TestNamespaceKeysAtOnce has two owners give a namespace a new key at once, under which both write: all
// of it is read everywhere, whichever manifest is chosen, also by a machine that comes later.
func TestNamespaceKeysAtOnce(t *testing.T) {
	for _, chosen := range []int{0, 1} {
		w, target := newWorld(t), t.TempDir()
		a := w.first()
		a.sync(target)
		b := w.another(target)
		b.sync(target)
		a.sync(target)
		for _, m := range []*machine{a, b} {
			m.unlock()
			_, err := m.v.RotateNamespace(t.Context(), m.keys, "default")
			must(t, err)
			m.set("default/of-"+m.keys.DeviceID().String(), "value")
		}
		a.sync(target)
		b.sync(target)
		a.sync(target)
		b.unlock()
		if len(b.v.Heads()) != 2 {
			t.Fatal("want two heads")
		}
		must(t, b.v.ResolveHeads(t.Context(), b.keys, b.v.Heads()[chosen].Digest.Short()))
		b.sync(target)
		a.sync(target)
		c := w.another(target)
		for _, m := range []*machine{a, b, c} {
			m.unlock()
			m.check()
			for _, other := range []*machine{a, b} {
				if path := "default/of-" + other.keys.DeviceID().String(); !strings.Contains(m.all(), path) {
					t.Errorf("%s is missing: %s", path, m.all())
				}
			}
		}
	}
}

// TestRootKeysAtOnce has two owners change the root key at once: that cannot be merged, and nothing is
// lost on either side.
func TestRootKeysAtOnce(t *testing.T) {
	w, target := newWorld(t), t.TempDir()
	a := w.first()
	a.sync(target)
	b := w.another(target)
	b.sync(target)
	a.sync(target)
	for _, m := range []*machine{a, b} {
		m.unlock()
		m.rekey()
	}
	a.sync(target)
	before := files(t, b.path)
	_, err := b.trySync(target)
	wantErr(t, err, vault.ErrConflict)
	sameFiles(t, before, files(t, b.path))
	a.unlock()
	b.unlock()
}

// TestOlderRootKey has one who changes the vault with the root key that another has replaced: there the
// change is told and not adopted, and here there are two heads until it is given up.
func TestOlderRootKey(t *testing.T) {
	w, target := newWorld(t), t.TempDir()
	a := w.first()
	a.sync(target)
	b := w.another(target)
	b.sync(target)
	a.sync(target)
	a.unlock()
	b.unlock()
	a.rekey()
	must(t, b.v.AddNamespace(t.Context(), b.keys, "of-b", false))
	b.sync(target)
	res := a.sync(target)
	if len(res.Heads) != 1 || len(res.Adopted) != 0 || !slices.ContainsFunc(a.warns, func(s string) bool { return strings.Contains(s, "older root key") }) {
		t.Errorf("adopted %d, %v", len(res.Adopted), a.warns)
	}
	res = b.sync(target)
	if len(res.Heads) != 2 {
		t.Fatalf("heads %d", len(res.Heads))
	}
	b.unlock()
	must(t, b.v.ResolveHeads(t.Context(), b.keys, res.Adopted[0].Digest.Short()))
	b.sync(target)
	if res := a.sync(target); len(res.Heads) != 1 || len(res.Adopted) != 1 {
		t.Errorf("heads %d, adopted %d", len(res.Heads), len(res.Adopted))
	}
	a.unlock()
	a.check()
	b.check()
}

// TestWindow keeps 64 manifests here and there.
func TestWindow(t *testing.T) {
	w, target := newWorld(t), t.TempDir()
	a := w.first()
	a.sync(target)
	b := w.another(target)
	b.sync(target)
	a.sync(target)
	a.unlock()
	for i := range 70 {
		id, err := objectid.New(rand.Reader)
		must(t, err)
		must(t, a.v.AddDevice(t.Context(), a.keys, vault.DeviceRequest{ID: id, Pub: make([]byte, 32)}, "owner"))
		if i == 30 {
			a.sync(target)
		}
	}
	a.sync(target)
	b.sync(target)
	for _, dir := range []string{a.path, target} {
		if n := len(glob(t, dir, "admin/*.json")); n != 64 {
			t.Errorf("%s: %d manifests", dir, n)
		}
	}
	if res := b.sync(target); res.Pushed+res.Pulled+res.Removed != 0 || len(res.Heads) != 1 {
		t.Errorf("%+v", res)
	}
	b.unlock()
	b.check()
}

// TestRolledFiles has a log of several files.
func TestRolledFiles(t *testing.T) {
	w, target := newWorld(t), t.TempDir()
	a := w.first()
	big := string(bytes.Repeat([]byte("x"), 6<<20))
	a.set("one", big)
	a.sync(target)
	b := w.another(target)
	b.sync(target)
	a.unlock()
	a.set("two", big)
	a.set("three", big)
	a.set("four", "small")
	if n := len(glob(t, a.path, "ns/*/*.vlog")); n != 2 {
		t.Fatalf("%d files", n)
	}
	a.sync(target)
	b.sync(target)
	if x, y := a.all(), b.all(); x != y {
		t.Error("they differ")
	}
}
