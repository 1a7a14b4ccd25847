package replica_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"kai/internal/durable"
	"kai/internal/vault"
	"kai/internal/vault/fields"
	"kai/internal/vault/objectid"
	"kai/internal/vault/remote"
	"kai/internal/vault/remote/directory"
	"kai/internal/vault/remote/git"
	"kai/internal/vault/replica"
	"kai/internal/vault/slot"
	"kai/internal/vault/vlog"
)

// world is a vault on several machines.
type world struct {
	testing.TB
	now  time.Time
	slot objectid.ID
	who  *age.HybridIdentity
}

// machine is one of them.
type machine struct {
	*world
	path  string
	root  *os.Root
	v     *vault.Vault
	keys  *vault.Keys
	warns []string
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newWorld(t testing.TB) *world {
	who, err := age.GenerateHybridIdentity()
	must(t, err)
	return &world{TB: t, now: time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC), who: who}
}

func (m *machine) options() vault.Options {
	return vault.Options{
		Now:    func() time.Time { m.now = m.now.Add(time.Millisecond); return m.now },
		Random: rand.Reader,
		Warn:   func(text string) { m.warns = append(m.warns, text) },
	}
}

func (w *world) empty() *machine {
	w.Helper()
	m := &machine{world: w, path: w.TempDir()}
	var err error
	m.root, err = os.OpenRoot(m.path)
	must(w, err)
	w.Cleanup(func() { m.root.Close() })
	return m
}

func (m *machine) dir() *durable.Dir { return durable.NewDir(m.root) }

// first makes the vault.
func (w *world) first() *machine {
	w.Helper()
	m := w.empty()
	var err error
	m.v, m.keys, err = vault.Create(w.Context(), m.dir(), m.options(), m.makeSlot(&w.slot))
	must(w, err)
	return m
}

// makeSlot makes a slot that the world's identity opens.
func (m *machine) makeSlot(id *objectid.ID) vault.MakeSlot {
	return func(v objectid.ID, root ed25519.PublicKey, _ func(string) ([]byte, error)) (*vault.NewSlot, error) {
		p := slot.Parameters{Vault: v, Root: root, Created: m.now, Factors: []slot.Factor{&slot.Age{Recipient: m.who.Recipient(), Text: m.who.Recipient().String()}}}
		made, err := slot.Create(m.Context(), p, rand.Reader)
		if err != nil {
			return nil, err
		}
		*id = made.ID
		return &vault.NewSlot{ID: made.ID, File: made.File, Recipient: made.Recipient}, nil
	}
}

// unlock opens it as a new process would.
func (m *machine) unlock() {
	m.Helper()
	must(m, m.tryUnlock())
}

func (m *machine) tryUnlock() (err error) {
	if m.v, err = vault.Open(m.dir(), m.options()); err != nil {
		return err
	}
	s, err := m.v.Slot(m.slot)
	if err != nil {
		return err
	}
	who, err := s.Open(m.Context(), m.v.ID(), m.v.Root(), slot.AgeOpener(func(context.Context, slot.Request, string) ([]age.Identity, error) {
		return []age.Identity{m.who}, nil
	}))
	if err != nil {
		return err
	}
	defer who.Wipe()
	m.keys, err = m.v.Unlock(m.slot, who)
	return err
}

// another is a machine that adopts the vault from a place and becomes a device.
func (w *world) another(target string) *machine {
	w.Helper()
	m := w.empty()
	m.sync(target)
	m.unlock()
	_, err := m.v.NewDevice(w.Context(), m.keys, nil, false)
	must(w, err)
	m.unlock()
	return m
}

// remote opens a place: a directory, or after "git:" a repository.
func (m *machine) remote(target string) remote.Remote {
	m.Helper()
	var r remote.Remote
	var err error
	if repository, ok := strings.CutPrefix(target, "git:"); ok {
		r, err = git.Open(m.Context(), git.Options{Dir: m.path, Remote: repository, Environ: os.Environ(), Now: m.options().Now})
	} else {
		r, err = directory.Open(target)
	}
	must(m, err)
	return r
}

// gitStatus is what git status says, in short.
func (m *machine) gitStatus() string {
	m.Helper()
	out, err := exec.Command("git", "-C", m.path, "status", "--porcelain").CombinedOutput()
	must(m, err)
	return string(out)
}

// bare makes an empty repository.
func bare(t testing.TB) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir := t.TempDir()
	out, err := exec.Command("git", "init", "--quiet", "--bare", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return "git:" + dir
}

func (m *machine) trySync(target string, change ...func(*replica.Options)) (*replica.Result, error) {
	m.Helper()
	r := m.remote(target)
	defer r.Close()
	o := replica.Options{Target: target, Pull: true, Push: true, Vault: m.options(), Confirm: func(string) error { return nil }}
	for _, f := range change {
		f(&o)
	}
	return replica.Sync(m.Context(), durable.Root(m.root), r, o)
}

// sync must succeed and find nothing wrong.
func (m *machine) sync(target string, change ...func(*replica.Options)) *replica.Result {
	m.Helper()
	res, err := m.trySync(target, change...)
	must(m, err)
	must(m, res.Err())
	return res
}

func (m *machine) set(path, value string) {
	m.Helper()
	s, err := m.v.Space(m.keys, "default")
	must(m, err)
	_, err = s.Commit(m.Context(), []vault.Change{{
		Type: vlog.Put, Meta: vault.Meta{Path: path, Kind: vault.KindCertificate}, Fields: []fields.Field{{Name: "value", Value: []byte(value)}},
	}})
	must(m, err)
}

// all are all secrets with their values, and conflicts.
func (m *machine) all() string {
	m.Helper()
	m.unlock()
	var out []string
	names, err := m.v.Namespaces(m.keys)
	must(m, err)
	for _, name := range names {
		s, err := m.v.Space(m.keys, name)
		must(m, err)
		list, err := s.List(true)
		must(m, err)
		for _, x := range list {
			versions, err := s.History(x.Path)
			must(m, err)
			for _, v := range versions {
				if v.Deleted {
					out = append(out, fmt.Sprintf("%s/%s v%d deleted", name, x.Path, v.Version))
					continue
				}
				values, buf, err := s.Value(v)
				must(m, err)
				value, _ := fields.Find(values, "value")
				out = append(out, fmt.Sprintf("%s/%s v%d %s=%s", name, x.Path, v.Version, v.Record, value))
				buf.Wipe()
			}
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// check finds nothing damaged.
func (m *machine) check() {
	m.Helper()
	must(m, m.v.Check(m.keys, true, func(f vault.Finding) {
		if f.Severity == vault.Damaged {
			m.Errorf("%s %s: %s", f.Finding, f.Path, f.Text)
		}
	}))
}

// files are the names of all files below a directory, without local/, and their contents.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		must(t, err)
		rel, err := filepath.Rel(dir, path)
		must(t, err)
		rel = filepath.ToSlash(rel)
		if d.IsDir() && (rel == "local" || rel == ".git") {
			return filepath.SkipDir
		}
		if !d.IsDir() && !strings.HasPrefix(d.Name(), ".") {
			data, err := os.ReadFile(path)
			must(t, err)
			out[rel] = string(data)
		}
		return nil
	}))
	return out
}

func sameFiles(t testing.TB, a, b map[string]string) {
	t.Helper()
	for name := range a {
		if a[name] != b[name] {
			t.Errorf("%s differs: %d and %d bytes", name, len(a[name]), len(b[name]))
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			t.Errorf("%s is only in the second", name)
		}
	}
}

func glob(t testing.TB, dir, pattern string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
	must(t, err)
	if len(list) == 0 {
		t.Fatalf("nothing matches %s", pattern)
	}
	return list
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

// rekey gives the vault a new root key, as removing a slot does.
func (m *machine) rekey() {
	m.Helper()
	var made objectid.ID
	id, err := m.v.AddSlot(m.Context(), m.keys, m.makeSlot(&made))
	must(m, err)
	_, err = m.v.RemoveSlot(m.Context(), m.keys, id)
	must(m, err)
	m.unlock()
}
