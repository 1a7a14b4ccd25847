package audit

import (
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"kai/internal/audit/event"
	"kai/internal/canon"
)

// vector is the one of kai-audit(5): three events under the key 00 01 … 1f.
var vector = []struct {
	act     string
	outcome event.Outcome
	leaf    string // its first 8 bytes
	mac     string
}{
	{"audit.created", event.OK, "1d7295ca67bd269f", "eewqFheFq_7sGm3YpE4ebQ"},
	{"vault_unlock_failed", event.Fail, "3206cb89a5a99fd2", "Lf2VL6uDYhwn7U-EHk3cKg"},
	{"secret_retrieved", event.OK, "9117c4396cd8771b", "mbghPGx067-CaijDD2IUHw"},
}

// newVector makes an empty log whose first key is 00 01 … 1f.
func newVector(t *testing.T) (*place, *Log) {
	t.Helper()
	p := newPlace(t)
	for _, sub := range []string{"seg", "epochs", "checkpoints"} {
		must(t, p.dir.Mkdir(sub, 0o700))
	}
	const id = "01JGK3F0Q0000000000000000A"
	text, err := canon.Marshal(Info{LogID: id, Origin: OriginPrefix + id, Seg: SegmentEvents, V: 1})
	must(t, err)
	must(t, p.dir.CreateNew(infoFile, text, 0o600))
	var st state
	doc := epochDocument{LogID: id, V: 1}
	for i := range st.key {
		st.key[i] = byte(i)
	}
	doc.K0 = text32(st.key)
	_, file, err := sealEpoch(&doc, nil)
	must(t, err)
	must(t, p.dir.CreateNew(clearName(0), file, 0o600))
	must(t, writeState(p.dir, &st, true))
	return p, p.open()
}

func TestVector(t *testing.T) {
	p, l := newVector(t)
	var last Receipt
	for i, want := range vector {
		r, err := l.Append(t.Context(), Draft{Act: want.act, Outcome: want.outcome})
		must(t, err)
		got := r.Events[0]
		if leaf := hex.EncodeToString(got.Leaf[:8]); leaf != want.leaf {
			t.Errorf("event %d: leaf %s, want %s", i, leaf, want.leaf)
		}
		if mac := base64.RawURLEncoding.EncodeToString(got.Event.MAC[:]); mac != want.mac {
			t.Errorf("event %d: m %s, want %s", i, mac, want.mac)
		}
		last = r
	}
	if root := base64.StdEncoding.EncodeToString(last.Head.Root[:]); root != "jZENs/Wir77dFpoSGyvXAeH1ELT9nvwlJI+gwD3xmXU=" {
		t.Errorf("root %s", root)
	}
	st, err := readState(p.dir)
	must(t, err)
	if key := hex.EncodeToString(st.key[:]); key != "0c0dff0c9bc54a6243ada53c8aa43403f280c2e6332614dda9e0a685d5440fd8" {
		t.Errorf("K_3 %s", key)
	}
	info, err := os.Stat(filepath.Join(p.path, treeFile))
	must(t, err)
	if info.Size() != 128 {
		t.Errorf("tree has %d bytes, want 128", info.Size())
	}
}
