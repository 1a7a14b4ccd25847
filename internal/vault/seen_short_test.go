package vault

import (
	"os"
	"path/filepath"
	"testing"
)

// Unlocking shortens what was seen to what counts, and nothing of that is forgotten.
func TestUnlockShortensMemory(t *testing.T) {
	b := newMemoryVault(t)
	size := func() int64 {
		t.Helper()
		info, err := os.Stat(filepath.Join(b.path, seenFile))
		must(t, err)
		return info.Size()
	}
	for size() <= seenShort {
		must(t, setIn(b, put("a", KindAPIKeys, "value")))
	}
	before, err := b.v.recall(b.keys.local)
	must(t, err)
	must(t, b.enter())
	if size() > 1024 {
		t.Errorf("%d bytes are left", size())
	}
	after, err := b.v.recall(b.keys.local)
	must(t, err)
	if after.rev != before.rev || after.epoch != before.epoch || after.digest != before.digest || len(after.places) != len(before.places) {
		t.Errorf("remembered %+v, before %+v", after, before)
	}
	for id, p := range before.places {
		if after.places[id] != p {
			t.Errorf("%v: %v, before %v", id, after.places[id], p)
		}
	}
	must(t, setIn(b, put("b", KindAPIKeys, "value")))
}
