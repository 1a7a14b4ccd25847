package vault

import (
	"errors"
	"testing"

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
