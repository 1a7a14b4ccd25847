package replica_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kai/internal/durable"
	"kai/internal/vault"
	"kai/internal/vault/replica"
)

// pair are two devices of a vault that have the same.
func pair(t *testing.T) (a, b *machine, target string) {
	t.Helper()
	w := newWorld(t)
	target = filepath.Join(t.TempDir(), "shared")
	a = w.first()
	a.set("p", "1")
	a.set("p", "2")
	a.sync(target)
	b = w.another(target)
	b.set("q", "1")
	b.sync(target)
	a.sync(target)
	b.sync(target)
	a.unlock()
	b.unlock()
	return a, b, target
}

// TestTamperedEach changes each file of the target in turn: whoever has the vault tells and puts it right,
// and whoever has not adopts it not, or whole.
func TestTamperedEach(t *testing.T) {
	a, b, target := pair(t)
	want := files(t, a.path)
	good := files(t, target)
	for name, content := range good {
		for _, change := range []func([]byte) []byte{
			func(c []byte) []byte { c[len(c)/2] ^= 4; return c },
			func(c []byte) []byte { return append(c, 'x') },
			func(c []byte) []byte { return []byte{} },
		} {
			f, ok := vault.ParseFile(name)
			if !ok {
				t.Fatalf("%s is in the target", name)
			}
			file := filepath.Join(target, filepath.FromSlash(name))
			must(t, os.Chmod(file, 0o600))
			changed := change([]byte(content))
			must(t, os.WriteFile(file, changed, 0o600))

			// A machine without the vault never has half of it, or something else.
			fresh := a.world.empty()
			if res, err := fresh.trySync(target, func(o *replica.Options) { o.Push = false }); err == nil && res.Err() == nil {
				if err := fresh.tryUnlock(); err == nil && f.Kind != vault.LogFile {
					sameFiles(t, want, files(t, fresh.path))
				}
			}
			// One that has it keeps what it has.
			res, err := a.trySync(target)
			if f.Kind == vault.RootFile {
				if err == nil {
					t.Errorf("%s: no error", name)
				}
				must(t, os.WriteFile(file, []byte(content), 0o600))
				continue
			}
			must(t, err)
			if f.Kind == vault.LogFile {
				// A flipped bit in the last commit, and bytes after it, look like a copy that is not finished.
				must(t, os.WriteFile(file, []byte(content), 0o600))
				if got := res.Err(); got != nil && !errors.Is(got, vault.ErrTampered) && !errors.Is(got, replica.ErrRolledBack) {
					t.Errorf("%s: %v", name, got)
				}
				_, err := a.trySync(target)
				must(t, err)
			} else if !errors.Is(res.Err(), vault.ErrTampered) || len(res.Quarantined) == 0 {
				t.Errorf("%s: %v", name, res.Err())
			}
			sameFiles(t, want, files(t, a.path))
			sameFiles(t, good, files(t, target))
			if f.Kind == vault.LogFile {
				a.trySync(target)
			} else {
				a.sync(target)
			}
		}
	}
	if x, y := a.all(), b.all(); x != y {
		t.Error("they differ")
	}
	a.check()
}

// TestDamagedLog changes a record that others follow.
func TestDamagedLog(t *testing.T) {
	a, b, target := pair(t)
	name := glob(t, target, "ns/*/"+a.keys.DeviceID().String()+".1.1.vlog")[0]
	content := []byte(readFile(t, name))
	content[200] ^= 1
	must(t, os.WriteFile(name, content, 0o600))
	before := files(t, b.path)
	res, err := b.trySync(target)
	must(t, err)
	wantErr(t, res.Err(), vault.ErrTampered)
	sameFiles(t, before, files(t, b.path))
	b.sync(target) // it was put right
	b.sync(target)
	// What nobody else has is not lost by that: the damaged copy is longer than ours, and is left alone.
	a.set("p", "3")
	a.sync(target)
	content = []byte(readFile(t, name))
	content[200] ^= 1
	must(t, os.WriteFile(name, content, 0o600))
	for range 2 {
		res, err = b.trySync(target)
		must(t, err)
		wantErr(t, res.Err(), vault.ErrTampered)
		if !bytes.Equal(content, []byte(readFile(t, name))) {
			t.Fatal("a longer log was replaced")
		}
	}
	res, err = a.trySync(target) // its own device has all of it
	must(t, err)
	wantErr(t, res.Err(), vault.ErrTampered)
	b.sync(target)
	if x, y := a.all(), b.all(); x != y {
		t.Error("they differ")
	}
}

// TestRolledBackTarget puts the whole target back to an older state: nothing here becomes older, and the
// target is brought up again.
func TestRolledBackTarget(t *testing.T) {
	a, b, target := pair(t)
	old := t.TempDir()
	must(t, os.CopyFS(filepath.Join(old, "t"), os.DirFS(target)))
	a.set("p", "new")
	must(t, a.v.AddRole(t.Context(), a.keys, "ci"))
	a.sync(target)
	b.sync(target)
	want := files(t, target)
	must(t, os.RemoveAll(target))
	must(t, os.Rename(filepath.Join(old, "t"), target))
	before := files(t, b.path)
	res, err := b.trySync(target, func(o *replica.Options) { o.Push = false })
	must(t, err)
	wantErr(t, res.Err(), replica.ErrRolledBack)
	sameFiles(t, before, files(t, b.path))
	res, err = a.trySync(target)
	must(t, err)
	wantErr(t, res.Err(), replica.ErrRolledBack)
	sameFiles(t, want, files(t, target))
	a.sync(target)
	b.sync(target)
	a.unlock()
	b.unlock()
}

// TestForkedDevice copies a machine: both write with one key.
func TestForkedDevice(t *testing.T) {
	a, b, target := pair(t)
	c := a.world.empty()
	must(t, os.CopyFS(filepath.Join(c.path, "copy"), os.DirFS(a.path)))
	for _, e := range must1(os.ReadDir(filepath.Join(c.path, "copy"))) {
		must(t, os.Rename(filepath.Join(c.path, "copy", e.Name()), filepath.Join(c.path, e.Name())))
	}
	c.unlock()
	c.set("p", "of the copy")
	a.set("p", "of the original")
	a.sync(target)
	own := files(t, c.path)
	there := files(t, target)
	for range 2 {
		res, err := c.trySync(target)
		must(t, err)
		wantErr(t, res.Err(), vault.ErrFork)
		if len(res.Quarantined) != 1 || res.Quarantined[0].At == "" {
			t.Fatalf("%+v", res)
		}
		if _, err := os.Stat(filepath.Join(c.path, res.Quarantined[0].At)); err != nil {
			t.Error(err)
		}
		sameFiles(t, own, files(t, c.path))
		sameFiles(t, there, files(t, target))
	}
	// The third device sees the same when it has the one and meets the other.
	b.sync(target)
	other := filepath.Join(t.TempDir(), "other")
	c.sync(other)
	res, err := b.trySync(other)
	must(t, err)
	wantErr(t, res.Err(), vault.ErrFork)
	// A new device writes on; what the copy wrote with the old key is cut by an owner.
	_, err = c.v.NewDevice(t.Context(), c.keys, nil, true)
	must(t, err)
	c.unlock()
	c.set("r", "of the new device")
	res, err = c.trySync(target)
	must(t, err)
	wantErr(t, res.Err(), vault.ErrFork)
	a.sync(target)
	a.unlock()
	if !strings.Contains(a.all(), "of the new device") {
		t.Error("what the new device wrote did not arrive")
	}
}

func must1[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestForkedGeneration has a copy that has compacted its log, while the original went on.
func TestForkedGeneration(t *testing.T) {
	a, _, target := pair(t)
	c := a.world.empty()
	must(t, os.CopyFS(c.path, os.DirFS(a.path)))
	c.unlock()
	s, err := c.v.Space(c.keys, "default")
	must(t, err)
	_, err = s.Compact(t.Context(), vault.CompactOptions{})
	must(t, err)
	a.set("p", "later")
	a.sync(target)
	res, err := c.trySync(target)
	must(t, err)
	wantErr(t, res.Err(), vault.ErrFork)
	other := filepath.Join(t.TempDir(), "other")
	c.sync(other)
	before := files(t, a.path)
	res, err = a.trySync(other)
	must(t, err)
	wantErr(t, res.Err(), vault.ErrFork)
	sameFiles(t, before, files(t, a.path))
}

// TestPutBackHere has a machine that was put back to an older state of itself, and has written nothing
// since: what it had comes back.
func TestPutBackHere(t *testing.T) {
	a, _, target := pair(t)
	c := a.world.empty()
	must(t, os.CopyFS(c.path, os.DirFS(a.path)))
	a.set("p", "later")
	a.sync(target)
	c.unlock()
	res, err := c.trySync(target, func(o *replica.Options) { o.Keys = c.keys })
	must(t, err)
	must(t, res.Err())
	if !slices.ContainsFunc(c.warns, func(s string) bool { return strings.Contains(s, "kai vault device new") }) {
		t.Errorf("nothing was said: %v", c.warns)
	}
	if x, y := a.all(), c.all(); x != y {
		t.Error("they differ")
	}
}

// TestForeignVault has a target with another vault, and one of which only the beginning is another's.
func TestForeignVault(t *testing.T) {
	a, _, target := pair(t)
	other := newWorld(t).first()
	other.set("x", "1")
	before, there := files(t, other.path), files(t, target)
	_, err := other.trySync(target)
	wantErr(t, err, replica.ErrForeign)
	sameFiles(t, before, files(t, other.path))
	sameFiles(t, there, files(t, target))
	// Files of another vault in this one's target.
	mixed := filepath.Join(t.TempDir(), "mixed")
	other.sync(mixed)
	must(t, os.Remove(filepath.Join(mixed, "vault.json")))
	own := files(t, a.path)
	res, err := a.trySync(mixed)
	must(t, err)
	wantErr(t, res.Err(), vault.ErrTampered)
	for name := range own {
		if got := readFile(t, filepath.Join(a.path, name)); got != own[name] {
			t.Errorf("%s changed", name)
		}
	}
	a.unlock()
	a.check()
}

// TestFingerprint has somebody who does not agree.
func TestFingerprint(t *testing.T) {
	a, _, target := pair(t)
	no := errors.New("no")
	m := a.world.empty()
	asked := ""
	_, err := m.trySync(target, func(o *replica.Options) { o.Confirm = func(fp string) error { asked = fp; return no } })
	wantErr(t, err, no)
	if asked != a.v.Fingerprint() {
		t.Errorf("asked about %s", asked)
	}
	if list := files(t, m.path); len(list) != 0 {
		t.Errorf("adopted: %v", list)
	}
	_, err = m.trySync(filepath.Join(t.TempDir(), "empty"))
	wantErr(t, err, vault.ErrNoVault)
}

// TestHostileNames plants names that lead elsewhere, links, and things that are no files.
func TestHostileNames(t *testing.T) {
	a, _, target := pair(t)
	plant := func(name, content string) {
		file := filepath.Join(target, name)
		must(t, os.MkdirAll(filepath.Dir(file), 0o700))
		must(t, os.WriteFile(file, []byte(content), 0o600))
	}
	outside := filepath.Join(t.TempDir(), "outside")
	must(t, os.WriteFile(outside, []byte("secret"), 0o600))
	plant("local/device.key", "planted")
	plant("local/seen.log", "planted")
	plant("notes.txt", "x")
	plant("admin/..%2f..%2fevil", "x")
	plant("admin/0000000002-XXXXXXXXXXXXXXXX.json", "x")
	plant("ns/../../evil", "x")
	plant("ns/"+strings.Repeat("a", 26)+"/"+strings.Repeat("a", 26)+".1.01.vlog", "x")
	plant("slots/con.json", "x")
	plant("a\x1b[31mb", "x")
	must(t, os.Symlink(outside, filepath.Join(target, "admin", "0000000009-0123456789abcdef.json")))
	must(t, os.Symlink(filepath.Dir(outside), filepath.Join(target, "ns", strings.Repeat("b", 26))))
	before := files(t, a.path)
	local := readFile(t, filepath.Join(a.path, "local/device.key"))
	a.sync(target)
	sameFiles(t, before, files(t, a.path))
	if readFile(t, filepath.Join(a.path, "local/device.key")) != local {
		t.Error("local/device.key was replaced")
	}
	m := a.world.empty()
	m.sync(target)
	for name := range files(t, m.path) {
		if _, ok := vault.ParseFile(name); !ok {
			t.Errorf("%s was adopted", name)
		}
	}
}

// TestPartialCopy has a target to which somebody is still copying: each prefix of the files in the order
// of their names, and of logs each prefix of their bytes.
func TestPartialCopy(t *testing.T) {
	a, b, target := pair(t)
	a.set("p", "3")
	must(t, a.v.AddRole(t.Context(), a.keys, "ci"))
	a.sync(target)
	whole := files(t, target)
	var names []string
	for name := range whole {
		names = append(names, name)
	}
	slices.Sort(names)
	before := b.all()
	for n := range names {
		part := filepath.Join(t.TempDir(), "part")
		for _, name := range names[:n] {
			file := filepath.Join(part, filepath.FromSlash(name))
			must(t, os.MkdirAll(filepath.Dir(file), 0o700))
			must(t, os.WriteFile(file, []byte(whole[name]), 0o600))
		}
		c := a.world.empty()
		must(t, os.CopyFS(c.path, os.DirFS(b.path)))
		res, err := c.trySync(part, func(o *replica.Options) { o.Push = false })
		must(t, err)
		if err := res.Err(); err != nil && !errors.Is(err, replica.ErrIncomplete) {
			t.Fatalf("%d files: %v", n, err)
		}
		if got := c.all(); len(got) < len(before) {
			t.Fatalf("%d files: lost something:\n%s", n, got)
		}
		c.check()
	}
	log := glob(t, target, "ns/*/"+a.keys.DeviceID().String()+".1.1.vlog")[0]
	content := readFile(t, log)
	for n := 0; n <= len(content); n += 41 {
		must(t, os.WriteFile(log, []byte(content[:n]), 0o600))
		c := a.world.empty()
		must(t, os.CopyFS(c.path, os.DirFS(b.path)))
		res, err := c.trySync(target, func(o *replica.Options) { o.Push = false })
		must(t, err)
		if err := res.Err(); err != nil && !errors.Is(err, replica.ErrRolledBack) {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if got := c.all(); len(got) < len(before) {
			t.Fatalf("%d bytes: lost something:\n%s", n, got)
		}
	}
}

// dying is a file system that changes nothing any more after a number of changes, as when a process
// dies.
type dying struct {
	durable.FS
	left int
}

var errDied = errors.New("died")

func (d *dying) dies() bool { d.left--; return d.left < 0 }

func (d *dying) Open(name string, flag int, mode os.FileMode) (durable.File, error) {
	if flag&(os.O_CREATE|os.O_RDWR) != 0 && name != "local/lock" && name != "local/sync.lock" && d.dies() {
		return nil, errDied
	}
	return d.FS.Open(name, flag, mode)
}

func (d *dying) OpenUnnamed(dir string, mode os.FileMode) (durable.Unnamed, error) {
	if d.dies() {
		return nil, errDied
	}
	return d.FS.OpenUnnamed(dir, mode)
}

func (d *dying) Rename(from, to string) error {
	if d.dies() {
		return errDied
	}
	return d.FS.Rename(from, to)
}

func (d *dying) Remove(name string) error {
	if d.dies() {
		return errDied
	}
	return d.FS.Remove(name)
}

func (d *dying) Mkdir(name string, mode os.FileMode) error {
	if d.dies() {
		return errDied
	}
	return d.FS.Mkdir(name, mode)
}

// TestCrash stops a sync at each change in turn: the vault is whole at any time, and the next run comes
// to the end.
func TestCrash(t *testing.T) {
	a, b, target := pair(t)
	a.set("p", "3")
	must(t, a.v.AddRole(t.Context(), a.keys, "ci"))
	s, err := a.v.Space(a.keys, "default")
	must(t, err)
	_, err = s.Compact(t.Context(), vault.CompactOptions{})
	must(t, err)
	a.sync(target)
	want := a.all()
	stops := 0
	for left := 0; ; left += 2 {
		c := a.world.empty()
		must(t, os.CopyFS(c.path, os.DirFS(b.path)))
		r := c.remote(target)
		fs := &dying{FS: durable.Root(c.root), left: left}
		_, err := replica.Sync(t.Context(), fs, r, replica.Options{Target: target, Pull: true, Push: true, Vault: c.options()})
		r.Close()
		c.unlock() // whole
		c.check()
		if err == nil && fs.left >= 0 {
			break
		}
		stops++
		res, err := c.trySync(target)
		must(t, err)
		must(t, res.Err())
		if got := c.all(); got != want {
			t.Fatalf("stopped after %d changes:\n%s\nwant\n%s", left, got, want)
		}
		if testing.Short() {
			left += 10
		}
	}
	if stops < 3 {
		t.Errorf("stopped %d times only", stops)
	}
	fmt.Fprintln(t.Output(), stops, "stops")
}

// TestCrashAdopting is TestCrash in a home without a vault.
func TestCrashAdopting(t *testing.T) {
	a, _, target := pair(t)
	want := a.all()
	for left := 0; ; left += 7 {
		c := a.world.empty()
		r := c.remote(target)
		fs := &dying{FS: durable.Root(c.root), left: left}
		_, err := replica.Sync(t.Context(), fs, r, replica.Options{Target: target, Pull: true, Push: true, Vault: c.options(), Confirm: func(string) error { return nil }})
		r.Close()
		if _, openErr := vault.Open(c.dir(), c.options()); openErr == nil {
			c.unlock()
			c.check()
		} else if !errors.Is(openErr, vault.ErrNoVault) {
			t.Fatalf("stopped after %d changes: %v", left, openErr)
		}
		if err == nil && fs.left >= 0 {
			return
		}
		c.sync(target)
		if got := c.all(); got != want {
			t.Fatalf("stopped after %d changes:\n%s\nwant\n%s", left, got, want)
		}
		if testing.Short() {
			left += 40
		}
	}
}

// TestRepair has a vault here of which files are missing or damaged: the target's take their places.
func TestRepair(t *testing.T) {
	a, _, target := pair(t)
	want := a.all()
	for _, pattern := range []string{"slots/*.json", "slots/*.vrk", "devices/*.json", "ns/*/policy-*.json", "ns/*/1/vrk.nsk", "ns/*/1/*.csk", "ns/*/*.vlog"} {
		for _, name := range glob(t, a.path, pattern) {
			content := readFile(t, name)
			must(t, os.Remove(name))
			a.sync(target)
			if readFile(t, name) != content {
				t.Errorf("%s is not what it was", name)
			}
			if pattern == "slots/*.vrk" {
				continue // nobody lists its hash: only who opens it sees that it is damaged
			}
			damaged := []byte(content)
			damaged[len(damaged)/3] ^= 1
			must(t, os.WriteFile(name, damaged, 0o600))
			a.sync(target)
			if got := a.all(); got != want {
				t.Errorf("%s: %s", name, got)
			}
			a.check()
			must(t, os.Remove(name))
			a.sync(target)
			for _, beside := range must1(filepath.Glob(filepath.Join(filepath.Dir(name), "*-????????????????.?sk"))) {
				must(t, os.Remove(beside))
			}
			a.sync(target)
		}
	}
}
