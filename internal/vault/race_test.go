package vault

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"kai/internal/durable"
	"kai/internal/durable/durabletest"
	"kai/internal/vault/authority"
	"kai/internal/vault/objectid"
)

// A vault is opened, somebody is asked for a password, and meanwhile others change the vault: that is no
// rollback, and what a removed slot opened it opens no more.
func TestChangedBeforeUnlock(t *testing.T) {
	b := newMemoryVault(t)
	open := func() (*Vault, *Keys) {
		v, keys, err := b.tryOpen(b.dir, b.slot)
		must(t, err)
		return v, keys
	}
	early, keys := open()
	must(t, b.v.AddNamespace(t.Context(), b.keys, "later", false))
	must(t, early.CheckMemory(keys)) // the keys of a session
	if names, err := early.Namespaces(keys); err != nil || len(names) != 2 {
		t.Errorf("namespaces %v, %v", names, err)
	}
	early, _ = open()
	second, err := b.v.AddSlot(t.Context(), b.keys, b.cheapSlot(new(objectid.ID)))
	must(t, err)
	_, err = b.v.RemoveSlot(t.Context(), b.keys, b.slot)
	must(t, err)
	_, err = early.Unlock(b.slot, newIdentity(t))
	wantErr(t, err, ErrNotFound)
	b.slot = second
	must(t, b.enter())
	// What is really older stays refused.
	saved := snapshot(t, b.path)
	must(t, b.v.AddNamespace(t.Context(), b.keys, "newest", false))
	saved[seenFile] = snapshot(t, b.path)[seenFile]
	restore(t, b.path, saved)
	wantErr(t, b.enter(), ErrRollback)
}

// What was seen is appended without sync: a block of it that did not come to the disk is a part that is
// not remembered, and anything else that is wrong is told.
func TestMemoryLosesABlock(t *testing.T) {
	b := newMemoryVault(t)
	for i := range 16 {
		must(t, setIn(b, put("a", KindAPIKeys, string(rune('a'+i)))))
	}
	whole := snapshot(t, b.path)
	data := whole[seenFile]
	if len(data) < 3*512 {
		t.Fatalf("%d bytes", len(data))
	}
	for sector := 512; sector < len(data); sector += 512 {
		lost := append([]byte{}, data...)
		clear(lost[sector:min(sector+512, len(lost))])
		whole[seenFile] = lost
		restore(t, b.path, whole)
		must(t, b.enter())
		must(t, setIn(b, put("b", KindAPIKeys, "value")))
		must(t, b.enter())
		b.want("default/a", "p")
		b.want("default/b", "value")
	}
	for at := range data {
		if at%7 != 0 {
			continue
		}
		bad := append([]byte{}, data...)
		bad[at] ^= 0x40
		whole[seenFile] = bad
		restore(t, b.path, whole)
		if err := b.enter(); !errors.Is(err, ErrTampered) && !errors.Is(err, ErrNewer) && at < len(data)-200 {
			t.Errorf("byte %d of %d: %v", at, len(data), err)
		}
	}
}

// Readers do not lock. A commit of which one has read a part, and that is whole and remembered when it
// looks what was remembered, is not tampering.
func TestReadDuringCommit(t *testing.T) {
	b := newMemoryVault(t)
	must(t, setIn(b, put("first", KindAPIKeys, "value")))
	before := snapshot(t, b.path)
	must(t, setIn(b, put("second", KindAPIKeys, "value"), put("third", KindCredentials, "value")))
	after := snapshot(t, b.path)
	keys, user := b.keys.Encode()
	names, err := b.space(DefaultNamespace).logNames()
	must(t, err)
	log := spaceFile(b.space(DefaultNamespace).id, names[0])
	root, err := os.OpenRoot(b.path)
	must(t, err)
	defer root.Close()
	write := func(files map[string][]byte, name string, size int) {
		must(t, os.WriteFile(filepath.Join(b.path, name), files[name][:size], 0o600))
	}
	noticed := 0
	for size := len(before[log]); size < len(after[log]); size += 13 {
		restore(t, b.path, before)
		write(after, log, size)
		must(t, b.resume(keys, user))
		reads := 0
		b.v.dir = durable.NewDirFS(durabletest.Wrap(durable.Root(root), func(c durabletest.Call) *durabletest.Fault {
			if c.Op == "read" && c.Name == log {
				reads++ // of the header, and of the records
			}
			if reads > 1 && c.Op == "open" && c.Name == seenFile {
				write(after, log, len(after[log]))
				write(after, seenFile, len(after[seenFile]))
				noticed++
			}
			return nil
		}))
		if n, err := b.readAll(); err != nil || n != 1 && n != 3 {
			t.Fatalf("%d of %d bytes were there: %d secrets, %v", size, len(after[log]), n, err)
		}
	}
	if noticed == 0 {
		t.Error("nobody looked what was remembered: the test is blind")
	}
}

// What was not published leaves nothing behind in the keys: somebody else makes the epoch that this
// process has tried to make.
func TestUnpublishedKeysAreForgotten(t *testing.T) {
	b := newMemoryVault(t)
	must(t, setIn(b, put("first", KindCredentials, "value")))
	who := authority.Principal("kai1somebody")
	must(t, b.v.Grant(t.Context(), b.keys, DefaultNamespace, Grant{Principal: who, Recipient: newIdentity(t).Recipient().String()}))
	second, err := b.v.AddSlot(t.Context(), b.keys, b.cheapSlot(new(objectid.ID)))
	must(t, err)
	root, err := os.OpenRoot(b.path)
	must(t, err)
	defer root.Close()
	for name, do := range map[string]func(v *Vault, keys *Keys) error{
		"revoke": func(v *Vault, keys *Keys) error {
			_, err := v.Revoke(t.Context(), keys, DefaultNamespace, who)
			return err
		},
		"remove slot": func(v *Vault, keys *Keys) error { _, err := v.RemoveSlot(t.Context(), keys, second); return err },
	} {
		full := true
		v, keys, err := b.tryOpen(durable.NewDirFS(durabletest.Wrap(durable.Root(root), func(c durabletest.Call) *durabletest.Fault {
			return when(full && c.Op == "unnamed" && c.Name == adminDir, syscall.ENOSPC, false, false)
		})), b.slot)
		must(t, err)
		wantErr(t, do(v, keys), syscall.ENOSPC)
		full = false
		must(t, b.enter())
		must(t, b.v.Grant(t.Context(), b.keys, DefaultNamespace, Grant{Principal: who + "2", Recipient: newIdentity(t).Recipient().String(), FromNow: true}))
		must(t, setIn(b, put("second", KindCredentials, name)))
		s, err := v.Space(keys, DefaultNamespace)
		must(t, err)
		_, err = s.Commit(t.Context(), []Change{put("third", KindCredentials, name)})
		must(t, err)
		x, err := s.Find("second")
		must(t, err)
		if got, err := s.text(x); err != nil || got != name {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		must(t, do(v, keys))
		must(t, b.enter())
		b.want("default/third", name)
		must(t, b.damage())
	}
}
