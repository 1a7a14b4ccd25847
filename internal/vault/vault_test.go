package vault

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"kai/internal/durable"
	"kai/internal/vault/fields"
	"kai/internal/vault/objectid"
	"kai/internal/vault/reference"
	"kai/internal/vault/vlog"
)

// testVault is a vault in a directory of its own, with a clock that goes on by itself.
type testVault struct {
	testing.TB
	path  string
	dir   *durable.Dir
	now   time.Time
	slot  objectid.ID
	who   *age.HybridIdentity
	v     *Vault
	keys  *Keys
	warns []string
}

func (b *testVault) options() Options {
	return Options{
		Now:    func() time.Time { b.now = b.now.Add(time.Millisecond); return b.now },
		Random: rand.Reader,
		Warn:   func(text string) { b.warns = append(b.warns, text) },
	}
}

// slotFor makes a slot without a factor: its identity is the test's.
func slotFor(id objectid.ID, who *age.HybridIdentity) MakeSlot {
	return func(vault objectid.ID, _ ed25519.PublicKey, _ func(string) ([]byte, error)) (*NewSlot, error) {
		return &NewSlot{ID: id, File: []byte("slot of " + vault.String()), Recipient: who.Recipient().String()}, nil
	}
}

func newIdentity(t testing.TB) *age.HybridIdentity {
	t.Helper()
	who, err := age.GenerateHybridIdentity()
	must(t, err)
	return who
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

// newVaultDir is an empty directory for one.
func newVaultDir(t testing.TB) *testVault {
	t.Helper()
	b := &testVault{TB: t, path: t.TempDir(), now: time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC), who: newIdentity(t)}
	root, err := os.OpenRoot(b.path)
	must(t, err)
	t.Cleanup(func() { root.Close() })
	b.dir = durable.NewDir(root)
	return b
}

func newVault(t testing.TB) *testVault {
	t.Helper()
	b := newVaultDir(t)
	var err error
	b.slot, err = objectid.New(rand.Reader)
	must(t, err)
	b.v, b.keys, err = Create(t.Context(), b.dir, b.options(), slotFor(b.slot, b.who))
	must(t, err)
	return b
}

// reopen opens and unlocks it as a new process would.
func (b *testVault) reopen() {
	b.Helper()
	var err error
	b.v, err = Open(b.dir, b.options())
	must(b, err)
	b.keys, err = b.v.Unlock(b.slot, b.who)
	must(b, err)
}

func (b *testVault) resolve(path string) (*Space, string) {
	b.Helper()
	p, err := reference.ParsePath(path)
	must(b, err)
	s, rest, err := b.v.Resolve(b.keys, p)
	must(b, err)
	return s, rest
}

func put(path, kind, value string) Change {
	return Change{Type: vlog.Put, Meta: Meta{Path: path, Kind: kind}, Fields: []fields.Field{{Name: "value", Value: []byte(value)}}}
}

func (b *testVault) set(path, kind, value string) *Committed {
	b.Helper()
	s, rest := b.resolve(path)
	c, err := s.Commit(b.Context(), []Change{put(rest, kind, value)})
	must(b, err)
	return c
}

func (b *testVault) tryGet(path string) (string, error) {
	p, err := reference.ParsePath(path)
	must(b, err)
	s, rest, err := b.v.Resolve(b.keys, p)
	if err != nil {
		return "", err
	}
	v, err := s.Find(rest)
	if err != nil {
		return "", err
	}
	list, buf, err := s.Value(v)
	if err != nil {
		return "", err
	}
	defer buf.Wipe()
	value, _ := fields.Find(list, "value")
	return string(value), nil
}

func (b *testVault) want(path, value string) {
	b.Helper()
	got, err := b.tryGet(path)
	if err != nil || got != value {
		b.Errorf("%s: %q, %v, want %q", path, got, err, value)
	}
}

func TestSetAndGet(t *testing.T) {
	b := newVault(t)
	b.set("default/a", KindCredentials, "one")
	b.set("default/b", KindAPIKeys, "two")
	b.want("default/a", "one")
	b.reopen()
	b.want("default/a", "one")
	b.want("default/b", "two")
	b.set("default/a", KindCredentials, "three")
	b.want("default/a", "three")
	b.reopen()
	b.want("default/a", "three")
	_, err := b.tryGet("default/c")
	wantErr(t, err, ErrNotFound)
	s, _ := b.resolve("default/x")
	list, err := s.List(false)
	must(t, err)
	if len(list) != 2 || list[0].Path != "a" || list[0].Version != 2 || list[1].Path != "b" {
		t.Errorf("%+v", list)
	}
	h, err := s.History("a")
	must(t, err)
	if len(h) != 2 || h[0].Version != 1 || h[1].Version != 2 {
		t.Errorf("%+v", h)
	}
	old, err := s.Version("a", 1)
	must(t, err)
	fs, buf, err := s.Value(old)
	must(t, err)
	if v, _ := fields.Find(fs, "value"); string(v) != "one" {
		t.Errorf("version 1 is %q", v)
	}
	buf.Wipe()
	if len(b.warns) > 0 {
		t.Errorf("%q", b.warns)
	}
}

// The index finds what the logs hold, however many updates came since.
func TestIndex(t *testing.T) {
	b := newVault(t)
	s, _ := b.resolve("default/x")
	want := map[string]string{}
	for round := range 4 {
		var changes []Change
		for i := range 700 {
			p, v := fmt.Sprintf("dir/%d", (i*7+round*31)%1500), fmt.Sprintf("%d.%d", round, i)
			changes = append(changes, put(p, KindAPIKeys, v))
			want[p] = v
		}
		_, err := s.Commit(t.Context(), changes)
		must(t, err)
		for i := 0; i < 1500; i += 97 {
			p := fmt.Sprintf("dir/%d", i)
			v, ok := want[p]
			if !ok {
				_, err := b.tryGet("default/" + p)
				wantErr(t, err, ErrNotFound)
				continue
			}
			b.want("default/"+p, v)
		}
	}
	if _, err := os.Stat(filepath.Join(b.path, s.indexName())); err != nil {
		t.Fatal(err)
	}
	s, _ = b.resolve("default/x")
	must(t, s.open())
	ix, err := s.openIndex()
	must(t, err)
	if ix == nil || ix.entries != len(want) {
		t.Fatalf("index %v, want %d entries", ix, len(want))
	}
	ix.rest()
	for p, v := range want {
		b.want("default/"+p, v)
	}
	// Each bit of it may be wrong.
	name := filepath.Join(b.path, s.indexName())
	whole, err := os.ReadFile(name)
	must(t, err)
	for at := 0; at < len(whole); at += 997 {
		bad := append([]byte{}, whole...)
		bad[at] ^= 4
		must(t, os.WriteFile(name, bad, 0o600))
		b.want("default/dir/7", want["dir/7"])
	}
}

func TestNothingShows(t *testing.T) {
	b := newVault(t)
	b.set("default/canary-path", KindCredentials, "canary-value")
	s, _ := b.resolve("default/x")
	c := put("other", KindAPIKeys, "canary-second")
	c.Meta.Tags, c.Meta.Scope = []string{"canary-tag"}, Scope{Service: "canary-service"}
	_, err := s.Commit(t.Context(), []Change{c})
	must(t, err)
	files := 0
	must(t, filepath.WalkDir(b.path, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		if strings.Contains(string(data)+path, "canary") || strings.Contains(string(data), "default") {
			t.Errorf("%s shows a name or value", path)
		}
		return err
	}))
	if files < 8 {
		t.Errorf("only %d files looked at", files)
	}
}

// Who only writes has an index too, so that each change does not read all the others.
func TestIndexOfWhoOnlyWrites(t *testing.T) {
	b := newVault(t)
	s, _ := b.resolve("default/x")
	for i := range indexTail + 20 {
		_, err := s.Commit(t.Context(), []Change{put(fmt.Sprint("a/", i), KindAPIKeys, fmt.Sprint(i))})
		must(t, err)
	}
	must(t, s.open())
	ix, err := s.openIndex()
	must(t, err)
	if ix == nil || ix.entries < indexTail {
		t.Fatalf("index %v", ix)
	}
	ix.rest()
	for i := 0; i < indexTail+20; i += 13 {
		b.want(fmt.Sprint("default/a/", i), fmt.Sprint(i))
	}
}
