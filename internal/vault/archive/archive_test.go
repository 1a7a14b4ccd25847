package archive_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"kai/internal/durable"
	"kai/internal/vault"
	"kai/internal/vault/archive"
	"kai/internal/vault/fields"
	"kai/internal/vault/objectid"
	"kai/internal/vault/slot"
	"kai/internal/vault/vlog"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type machine struct {
	testing.TB
	path string
	root *os.Root
	slot objectid.ID
	who  *age.HybridIdentity
	v    *vault.Vault
	keys *vault.Keys
}

var options = vault.Options{Now: func() time.Time { return time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC) }, Random: rand.Reader}

func newDir(t testing.TB) *machine {
	m := &machine{TB: t, path: t.TempDir()}
	var err error
	m.root, err = os.OpenRoot(m.path)
	must(t, err)
	t.Cleanup(func() { m.root.Close() })
	return m
}

func (m *machine) dir() *durable.Dir { return durable.NewDir(m.root) }

func newVault(t testing.TB) *machine {
	m := newDir(t)
	var err error
	m.who, err = age.GenerateHybridIdentity()
	must(t, err)
	m.v, m.keys, err = vault.Create(t.Context(), m.dir(), options, func(id objectid.ID, root ed25519.PublicKey, _ func(string) ([]byte, error)) (*vault.NewSlot, error) {
		p := slot.Parameters{Vault: id, Root: root, Created: options.Now(), Factors: []slot.Factor{&slot.Age{Recipient: m.who.Recipient(), Text: m.who.Recipient().String()}}}
		made, err := slot.Create(t.Context(), p, rand.Reader)
		if err != nil {
			return nil, err
		}
		m.slot = made.ID
		return &vault.NewSlot{ID: made.ID, File: made.File, Recipient: made.Recipient}, nil
	})
	must(t, err)
	return m
}

// unlock opens a vault with the identity of the machine.
func (m *machine) unlock(v *vault.Vault) (*vault.Keys, error) {
	m.Helper()
	s, err := v.Slot(m.slot)
	must(m, err)
	who, err := s.Open(m.Context(), v.ID(), v.Root(), slot.AgeOpener(func(context.Context, slot.Request, string) ([]age.Identity, error) {
		return []age.Identity{m.who}, nil
	}))
	must(m, err)
	defer who.Wipe()
	return v.Unlock(m.slot, who)
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

func (m *machine) get(path string) string {
	m.Helper()
	s, err := m.v.Space(m.keys, "default")
	must(m, err)
	v, err := s.Find(path)
	must(m, err)
	list, buf, err := s.Value(v)
	must(m, err)
	defer buf.Wipe()
	value, _ := fields.Find(list, "value")
	return string(value)
}

func (m *machine) backup() []byte {
	m.Helper()
	var out bytes.Buffer
	_, err := archive.Create(m.Context(), &out, m.dir(), m.v, m.keys, options.Now())
	must(m, err)
	return out.Bytes()
}

// verify opens and checks an archive.
func verify(t testing.TB, data []byte) (*archive.Archive, *vault.Vault, error) {
	t.Helper()
	a, err := archive.Open(t.Context(), bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, nil, err
	}
	v, err := a.Verify(options)
	return a, v, err
}

func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	must(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		must(t, err)
		if d.IsDir() {
			if d.Name() == "local" {
				return filepath.SkipDir
			}
			return nil
		}
		data, err := os.ReadFile(p)
		must(t, err)
		rel, _ := filepath.Rel(dir, p)
		out[filepath.ToSlash(rel)] = string(data)
		return nil
	}))
	return out
}

func TestBackupAndRestore(t *testing.T) {
	m := newVault(t)
	m.set("p", "value one")
	must(t, m.v.AddRole(t.Context(), m.keys, "ci"))
	must(t, m.v.AddNamespace(t.Context(), m.keys, "web", false))
	data := m.backup()
	if again := m.backup(); !bytes.Equal(again, data) {
		t.Error("two backups of one state differ")
	}
	for _, word := range []string{"value one", "default", "local/"} {
		if bytes.Contains(data, []byte(word)) {
			t.Errorf("the backup holds %q", word)
		}
	}
	a, v, err := verify(t, data)
	must(t, err)
	if a.Counts.Slots != 1 || a.Counts.Devices != 1 || a.Counts.Namespaces != 2 || a.Counts.Records != 2 {
		t.Errorf("%+v", a.Counts)
	}
	// The vault in it can be opened where it lies.
	keys, err := m.unlock(v)
	must(t, err)
	must(t, v.Check(keys, true, func(f vault.Finding) { t.Errorf("%+v", f) }))

	n := newDir(t)
	must(t, a.Restore(t.Context(), n.dir()))
	before, after := tree(t, m.path), tree(t, n.path)
	for name := range before {
		if before[name] != after[name] {
			t.Errorf("%s differs", name)
		}
		delete(after, name)
	}
	if len(after) > 0 {
		t.Errorf("more than there was: %v", after)
	}
	n.v, err = vault.Open(n.dir(), options)
	must(t, err)
	n.keys, err = m.unlock(n.v)
	must(t, err)
	if n.get("p") != "value one" {
		t.Error("the value")
	}
	if n.keys.CanWrite() {
		t.Error("the restored vault has the device of the old machine")
	}
	_, err = n.v.NewDevice(t.Context(), n.keys, nil, false)
	must(t, err)
	n.set("q", "2")
	if err := a.Restore(t.Context(), n.dir()); !errors.Is(err, vault.ErrExists) {
		t.Errorf("over a vault: %v", err)
	}
	if n.get("q") != "2" {
		t.Error("the vault was touched")
	}
}

// TestGrowing has a log grow, and a commit that was cut short at its end.
func TestGrowing(t *testing.T) {
	m := newVault(t)
	m.set("p", "1")
	names, err := filepath.Glob(filepath.Join(m.path, "ns", "*", "*.vlog"))
	must(t, err)
	f, err := os.OpenFile(names[0], os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = f.Write(make([]byte, 50))
	must(t, err)
	must(t, f.Close())
	_, _, err = verify(t, m.backup())
	must(t, err)
}

// TestBytes changes bytes all over a backup, and cuts it at many places: it is refused, or it is the
// same backup, as with padding that nobody reads.
func TestBytes(t *testing.T) {
	m := newVault(t)
	m.set("p", "1")
	data := m.backup()
	step := 5 // each byte takes a minute and a half, and was tried
	if testing.Short() {
		step = 97
	}
	want := contents(t, data)
	for i := 0; i < len(data); i += step {
		changed := bytes.Clone(data)
		changed[i] ^= 1 << (i % 8)
		if a, _, err := verify(t, changed); err == nil {
			if got := contents(t, changed); got != want || a.Vault != m.v.ID() {
				t.Fatalf("byte %d was changed, and nobody noticed", i)
			}
		}
	}
	for i := 0; i < len(data); i += max(step, 13) {
		if _, _, err := verify(t, data[:i]); err == nil && contents(t, data[:i]) != want {
			t.Fatalf("cut at %d, and nobody noticed", i)
		}
	}
}

func contents(t testing.TB, data []byte) string {
	t.Helper()
	var out strings.Builder
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if err != nil {
			return out.String()
		}
		body, err := io.ReadAll(r)
		if err != nil {
			return out.String()
		}
		fmt.Fprintf(&out, "%s %d %x\n", h.Name, len(body), body)
	}
}

// entry is a file of an archive that is written anew.
type entry struct {
	tar.Header
	body string
}

func unpack(t testing.TB, data []byte) []entry {
	t.Helper()
	var out []entry
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return out
		}
		must(t, err)
		body, err := io.ReadAll(r)
		must(t, err)
		out = append(out, entry{*h, string(body)})
	}
}

func pack(t testing.TB, list []entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range list {
		h := e.Header
		h.Size = int64(len(e.body))
		h.Format = tar.FormatUnknown
		if h.Typeflag != tar.TypeReg {
			h.Size = 0
		}
		must(t, w.WriteHeader(&h))
		if h.Size > 0 {
			_, err := io.WriteString(w, e.body)
			must(t, err)
		}
	}
	must(t, w.Close())
	return out.Bytes()
}

// TestHostileArchives has archives that were made to lead elsewhere.
func TestHostileArchives(t *testing.T) {
	m := newVault(t)
	m.set("p", "1")
	good := unpack(t, m.backup())
	extra := func(name string, flag byte, link string) func([]entry) []entry {
		return func(l []entry) []entry {
			return append(l, entry{tar.Header{Name: name, Typeflag: flag, Linkname: link, Mode: 0o600}, "x"})
		}
	}
	manifest := func(change func(map[string]any)) func([]entry) []entry {
		return func(l []entry) []entry {
			var doc map[string]any
			must(t, json.Unmarshal([]byte(l[0].body), &doc))
			change(doc["body"].(map[string]any))
			text, err := json.Marshal(doc)
			must(t, err)
			l[0].body = string(text)
			return l
		}
	}
	for name, change := range map[string]func([]entry) []entry{
		"parent":     extra("../evil", tar.TypeReg, ""),
		"absolute":   extra("/etc/evil", tar.TypeReg, ""),
		"link":       extra("admin/link", tar.TypeSymlink, "/etc"),
		"hard link":  extra("admin/link", tar.TypeLink, "vault.json"),
		"device":     extra("admin/null", tar.TypeChar, ""),
		"directory":  extra("admin", tar.TypeDir, ""),
		"local":      extra("local/device.key", tar.TypeReg, ""),
		"unknown":    extra("notes.txt", tar.TypeReg, ""),
		"duplicate":  func(l []entry) []entry { return append(l, l[1]) },
		"order":      func(l []entry) []entry { l[1], l[2] = l[2], l[1]; return l },
		"missing":    func(l []entry) []entry { return append(l[:2], l[3:]...) },
		"no list":    func(l []entry) []entry { return l[1:] },
		"empty":      func(l []entry) []entry { return nil },
		"list twice": func(l []entry) []entry { return append(l[:1], l...) },
		"linked":     func(l []entry) []entry { l[1].Typeflag, l[1].Linkname = tar.TypeSymlink, "/etc/passwd"; return l },
		"list leads elsewhere": manifest(func(b map[string]any) {
			b["files"].([]any)[0].(map[string]any)["path"] = "../admin"
		}),
		"list says local": manifest(func(b map[string]any) {
			b["files"].([]any)[0].(map[string]any)["path"] = "local/seen.log"
		}),
		"huge": manifest(func(b map[string]any) {
			b["files"].([]any)[0].(map[string]any)["size"] = int64(1) << 50
		}),
		"negative": manifest(func(b map[string]any) { b["files"].([]any)[0].(map[string]any)["size"] = -1 }),
		"time":     manifest(func(b map[string]any) { b["at"] = 5 }),
		"version":  manifest(func(b map[string]any) { b["v"] = 2 }),
		"vault":    manifest(func(b map[string]any) { b["vault"] = b["dev"] }),
		"device id": manifest(func(b map[string]any) {
			b["dev"] = b["vault"]
		}),
	} {
		list := append([]entry(nil), good...)
		data := pack(t, change(list))
		a, _, err := verify(t, data)
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if !errors.Is(err, archive.ErrMalformed) && !errors.Is(err, archive.ErrDamaged) && !errors.Is(err, archive.ErrNewer) && !errors.Is(err, vault.ErrTampered) {
			t.Errorf("%s: %v", name, err)
		}
		_ = a
	}
	if _, _, err := verify(t, pack(t, good)); err != nil {
		t.Errorf("unchanged: %v", err)
	}
}

// TestSignature has an archive whose list was written anew by somebody without the device's key: files of an
// older state, or fewer of them.
func TestSignature(t *testing.T) {
	m := newVault(t)
	m.set("p", "1")
	old := unpack(t, m.backup())
	m.set("p", "2")
	list := unpack(t, m.backup())
	// The list of the newer, the files of the older, and the other way round.
	mixed := append([]entry{list[0]}, old[1:]...)
	if _, _, err := verify(t, pack(t, mixed)); !errors.Is(err, archive.ErrDamaged) {
		t.Errorf("%v", err)
	}
	mixed = append([]entry{old[0]}, list[1:]...)
	if _, _, err := verify(t, pack(t, mixed)); !errors.Is(err, archive.ErrDamaged) {
		t.Errorf("%v", err)
	}
	// A vault of somebody else, signed by themselves.
	other := newVault(t)
	other.set("p", "1")
	foreign := unpack(t, other.backup())
	mixed = append([]entry{foreign[0]}, list[1:]...)
	if _, _, err := verify(t, pack(t, mixed)); err == nil {
		t.Error("accepted")
	}
}

// TestRollback has a machine that has seen more than the backup holds.
func TestRollback(t *testing.T) {
	m := newVault(t)
	m.set("p", "1")
	data := m.backup()
	m.set("p", "2")
	must(t, os.Remove(filepath.Join(m.path, "vault.json")))
	a, _, err := verify(t, data)
	must(t, err)
	unlock := func(forget bool) error {
		v, err := vault.Open(durable.NewDirFS(a.Over(durable.Root(m.root), forget)), options)
		must(t, err)
		keys, err := m.unlock(v)
		keys.Wipe()
		return err
	}
	if err := unlock(false); !errors.Is(err, vault.ErrRollback) {
		t.Errorf("%v, want a rollback", err)
	}
	must(t, unlock(true))
	must(t, a.Restore(t.Context(), m.dir()))
	// What was there is kept.
	kept, err := filepath.Glob(filepath.Join(m.path, "local/quarantine/before-restore-1/ns/*/*.vlog"))
	must(t, err)
	if len(kept) != 1 {
		t.Error("the records that were there are gone")
	}
	v, err := vault.Open(m.dir(), options)
	must(t, err)
	keys, err := m.unlock(v)
	must(t, err)
	if keys.CanWrite() {
		t.Error("the old device key is still in place")
	}
}

// TestUnfinished stops a restore at any moment: the next one comes to its end.
func TestUnfinished(t *testing.T) {
	m := newVault(t)
	m.set("p", "1")
	a, _, err := verify(t, m.backup())
	must(t, err)
	for stop := range 40 {
		n := newDir(t)
		failing := &stopping{FS: durable.Root(n.root), left: stop * 6}
		err := a.Restore(t.Context(), durable.NewDirFS(failing))
		if err == nil && failing.left < 0 {
			t.Fatal("an error was not told")
		}
		if _, openErr := vault.Open(n.dir(), options); err != nil && openErr == nil {
			// Everything was in place; what failed is tidying up.
			v, err := vault.Open(n.dir(), options)
			must(t, err)
			_, err = m.unlock(v)
			must(t, err)
			continue
		} else if err != nil && !errors.Is(openErr, vault.ErrNoVault) {
			t.Fatalf("half a vault: %v", openErr)
		}
		if err != nil {
			must(t, a.Restore(t.Context(), n.dir()))
		}
		v, err := vault.Open(n.dir(), options)
		must(t, err)
		keys, err := m.unlock(v)
		must(t, err)
		must(t, v.Check(keys, true, func(f vault.Finding) { t.Errorf("%+v", f) }))
	}
}

// stopping is a file system that changes nothing any more after a number of changes, as when a process
// dies.
type stopping struct {
	durable.FS
	left int
}

var errStopped = errors.New("stopped")

func (s *stopping) stop() bool { s.left--; return s.left < 0 }

func (s *stopping) Open(name string, flag int, mode fs.FileMode) (durable.File, error) {
	if flag&os.O_CREATE != 0 && s.stop() {
		return nil, errStopped
	}
	return s.FS.Open(name, flag, mode)
}

func (s *stopping) OpenUnnamed(dir string, mode fs.FileMode) (durable.Unnamed, error) {
	if s.stop() {
		return nil, errStopped
	}
	return s.FS.OpenUnnamed(dir, mode)
}

func (s *stopping) Rename(from, to string) error {
	if s.stop() {
		return errStopped
	}
	return s.FS.Rename(from, to)
}

func (s *stopping) Remove(name string) error {
	if s.stop() {
		return errStopped
	}
	return s.FS.Remove(name)
}

func (s *stopping) Mkdir(name string, mode fs.FileMode) error {
	if s.stop() {
		return errStopped
	}
	return s.FS.Mkdir(name, mode)
}

func FuzzOpen(f *testing.F) {
	m := newVault(f)
	m.set("p", "1")
	f.Add(m.backup())
	f.Add([]byte{})
	f.Add(pack(f, []entry{{tar.Header{Name: "MANIFEST.json", Typeflag: tar.TypeReg}, "{}"}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := archive.Open(t.Context(), bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		// Whatever is accepted lies where it says.
		for _, file := range a.Files {
			got, err := durable.NewDirFS(a).ReadFile(file.Path, file.Size)
			if err != nil || int64(len(got)) != file.Size {
				t.Errorf("%s: %d bytes, %v", file.Path, len(got), err)
			}
			if _, ok := vault.ParseFile(file.Path); !ok {
				t.Errorf("%q was accepted", file.Path)
			}
		}
	})
}
