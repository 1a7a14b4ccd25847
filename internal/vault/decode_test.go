package vault

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"kai/internal/vault/vlog"
	"kai/internal/vault/xaes"
)

// Records of a key that came after the namespace was opened are read, in any number; those of a key that
// there is not, which anybody can append, are not even looked at. Records may be longer than the pieces
// that a log is read in.
func TestRecordsOfNewerKeys(t *testing.T) {
	b := newVault(t)
	b.set("default/a", KindAPIKeys, "before")
	before, _ := b.resolve("default/x")

	b.reopen()
	_, err := b.v.RotateNamespace(t.Context(), b.keys, "default")
	must(t, err)
	s, _ := b.resolve("default/x")
	changes := []Change{put("a", KindAPIKeys, "after"), put("large", KindAPIKeys, strings.Repeat("x", 3*readPiece))}
	for i := range 3 * decodeBatch {
		changes = append(changes, put(fmt.Sprintf("many/%d", i), KindAPIKeys, "x"))
	}
	_, err = s.CommitSeq(t.Context(), sequence(changes, nil))
	must(t, err)
	b.want("default/large", strings.Repeat("x", 3*readPiece))

	name := b.ownLog()
	data := b.file(name)
	h, err := vlog.ParseHeader(data)
	must(t, err)
	end, err := vlog.Scan(data[vlog.HeaderSize:], h.Start(), nil)
	must(t, err)
	forged := vlog.NewBuilder(&h, end.Chain, end.Next)
	key, err := xaes.New(bytes.Repeat([]byte{7}, xaes.KeySize))
	must(t, err)
	for range 2 * decodeBatch {
		_, err := forged.Add(&vlog.Draft{Type: vlog.Put, Epoch: 99, Meta: []byte("{}"), MetaKey: key, ValueKey: key}, rand.Reader)
		must(t, err)
	}
	b.write(name, append(data, forged.Bytes()...))

	list, err := before.List(false)
	must(t, err)
	if len(list) != 3*decodeBatch+2 {
		t.Errorf("%d secrets", len(list))
	}
	for _, v := range list {
		if v.Path == "a" && (v.Version != 2 || v.Epoch != 2) {
			t.Errorf("%+v", v)
		}
	}
	if !before.view.logs[0].torn {
		t.Error("what follows the last checkpoint was taken for something else")
	}
}
