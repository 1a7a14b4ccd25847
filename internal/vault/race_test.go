package vault

import (
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
