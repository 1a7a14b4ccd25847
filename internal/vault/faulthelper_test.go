package vault

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"kai/internal/durable"
	"kai/internal/secret"
	"kai/internal/vault/fields"
	"kai/internal/vault/objectid"
	"kai/internal/vault/slot"
)

// memoryDir is a directory whose syncs cost nothing, where there is one.
func memoryDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "kai-vault-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// newPlace is a place for a vault, in memory, in which there is none yet.
func newPlace(t testing.TB) *testVault {
	t.Helper()
	b := &testVault{TB: t, path: memoryDir(t), now: time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC), who: newIdentity(t)}
	root, err := os.OpenRoot(b.path)
	must(t, err)
	t.Cleanup(func() { root.Close() })
	b.dir = durable.NewDir(root)
	return b
}

// newMemoryVault is a vault in memory, whose slot is a real one with a cheap factor.
func newMemoryVault(t testing.TB) *testVault {
	t.Helper()
	b := newPlace(t)
	var err error
	b.v, b.keys, err = Create(t.Context(), b.dir, b.options(), b.cheapSlot(&b.slot))
	must(t, err)
	return b
}

// cheapSlot makes a slot that the identity of the test opens.
func (b *testVault) cheapSlot(id *objectid.ID) MakeSlot {
	return func(vault objectid.ID, root ed25519.PublicKey, _ func(string) ([]byte, error)) (*NewSlot, error) {
		factor := &slot.Age{Recipient: b.who.Recipient(), Text: "a test"}
		made, err := slot.Create(context.Background(), slot.Parameters{Vault: vault, Root: root, Created: b.now, Factors: []slot.Factor{factor}}, rand.Reader)
		if err != nil {
			return nil, err
		}
		*id = made.ID
		return &NewSlot{ID: made.ID, File: made.File, Recipient: made.Recipient}, nil
	}
}

// tryOpen opens and unlocks a vault as a new process would, by a slot.
func (b *testVault) tryOpen(dir *durable.Dir, id objectid.ID) (*Vault, *Keys, error) {
	v, err := Open(dir, b.options())
	if err != nil {
		return nil, nil, err
	}
	s, err := v.Slot(id)
	if err != nil {
		return nil, nil, err
	}
	who, err := s.Open(context.Background(), v.ID(), v.Root(), slot.AgeOpener(
		func(context.Context, slot.Request, string) ([]age.Identity, error) { return []age.Identity{b.who}, nil }))
	if err != nil {
		return nil, nil, err
	}
	defer who.Wipe()
	keys, err := v.Unlock(id, who)
	return v, keys, err
}

// enter is tryOpen of the vault as it is on the disk, for the following calls.
func (b *testVault) enter() error {
	v, keys, err := b.tryOpen(b.dir, b.slot)
	if err == nil {
		b.keys.Wipe()
		b.v, b.keys = v, keys
	}
	return err
}

// resume opens the vault as a process would that has the keys of a session.
func (b *testVault) resume(keys, user *secret.Bytes) error {
	v, err := Open(b.dir, b.options())
	if err != nil {
		return err
	}
	k, err := DecodeKeys(keys, user)
	if err != nil {
		return err
	}
	b.keys.Wipe()
	b.v, b.keys = v, k
	return v.CheckMemory(k)
}

// snapshot are the files below a directory, and its directories, which end in a slash.
func snapshot(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	must(t, filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil || e.IsDir() {
			files[rel+"/"] = nil
			return err
		}
		files[rel], err = os.ReadFile(name)
		return err
	}))
	return files
}

// restore puts a directory back to what it was. The lock's file stays the same.
func restore(t testing.TB, dir string, files map[string][]byte) {
	t.Helper()
	var gone []string
	must(t, filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		if e.IsDir() {
			rel += "/"
		}
		if _, ok := files[rel]; !ok {
			gone = append(gone, name)
		}
		return nil
	}))
	for _, name := range slices.Backward(gone) {
		must(t, os.Remove(name))
	}
	for name := range files {
		if strings.HasSuffix(name, "/") {
			must(t, os.MkdirAll(filepath.Join(dir, name), 0o700))
		}
	}
	for name, data := range files {
		if strings.HasSuffix(name, "/") || name == lockFile {
			continue
		}
		full := filepath.Join(dir, name)
		if now, err := os.ReadFile(full); err == nil && string(now) == string(data) {
			continue
		}
		_ = os.Remove(full) // not what it is now: another process may have it open, and it may be read-only
		must(t, os.WriteFile(full, data, 0o600))
	}
}

// describe says all that a vault holds, but nothing that is random: who may do what, and every secret
// with its value.
func (b *testVault) describe() (string, error) {
	var out strings.Builder
	m := b.v.manifest
	fmt.Fprintf(&out, "root epoch %d, %d slots, %d devices\n", m.Last().E, len(m.Slots), len(m.Devices))
	roles, err := b.v.Roles(b.keys)
	if err != nil {
		return "", err
	}
	for _, r := range roles {
		fmt.Fprintf(&out, "role %s: %d members\n", r.Name, len(r.Members))
	}
	names, err := b.v.Namespaces(b.keys)
	if err != nil {
		return "", err
	}
	if len(names) != len(m.NS) {
		return "", fmt.Errorf("%d of %d namespaces open", len(names), len(m.NS))
	}
	for _, name := range names {
		s, err := b.v.Space(b.keys, name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&out, "namespace %s, epoch %d", name, s.policy.Last().E)
		for _, r := range s.policy.Readers {
			principal := r.Principal
			if _, ok := principal.Role(); ok {
				principal = "role"
			}
			fmt.Fprintf(&out, ", %s from %d, user %v", principal, r.From, r.User)
		}
		fmt.Fprintf(&out, ", %d writers\n", len(s.policy.Writers))
		list, err := s.List(true)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&out, "  %d secrets\n", len(list))
		for i, x := range list {
			value := ""
			if len(list) > 100 && i%40 != 0 {
				continue
			}
			if !x.Deleted {
				if value, err = s.text(x); err != nil {
					return "", err
				}
			}
			fmt.Fprintf(&out, "  %s v%d %v %v %s=%.20s (%d)\n", x.Path, x.Version, x.Deleted, x.CompromisedSince != 0, x.Kind, value, len(value))
		}
	}
	return out.String(), nil
}

// text is the value of a version.
func (s *Space) text(x *Version) (string, error) {
	list, buf, err := s.Value(x)
	if err != nil {
		return "", err
	}
	defer buf.Wipe()
	value, _ := fields.Find(list, "value")
	return string(value), nil
}

// damage is what a check finds that is more than a notice.
func (b *testVault) damage() error {
	var first error
	err := b.v.Check(b.keys, false, func(f Finding) {
		if f.Severity == Damaged && first == nil {
			first = fmt.Errorf("%s: %s", f.Path, f.Text)
		}
	})
	if err != nil {
		return err
	}
	return first
}
