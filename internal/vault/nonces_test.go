package vault

import (
	"bytes"
	"crypto/rand"
	"slices"
	"testing"

	"kai/internal/vault/derive"
	"kai/internal/vault/objectid"
	"kai/internal/vault/vlog"
	"kai/internal/vault/xaes"
)

// Nonces never repeat under a key: a million of records, as commits seal them, and a million of what is
// sealed by itself, as wraps and seeds are.
func TestNoncesAreDistinct(t *testing.T) {
	count := 1_000_000
	if testing.Short() {
		count = 50_000
	}
	distinct := func(t *testing.T, all [][xaes.NonceSize]byte) {
		slices.SortFunc(all, func(a, b [xaes.NonceSize]byte) int { return bytes.Compare(a[:], b[:]) })
		if n := len(slices.Compact(all)); n != count {
			t.Errorf("%d nonces of %d", n, count)
		}
	}
	t.Run("records", func(t *testing.T) {
		t.Parallel()
		key := randomBytes(derive.Size)
		meta, err := aeadUnder(cloneSecret(key), objectid.ID{1}, "meta")
		must(t, err)
		value, err := aeadUnder(cloneSecret(key), objectid.ID{1}, "value", KindAPIKeys, "", "", "")
		must(t, err)
		h := &vlog.Header{Vault: objectid.ID{1}, Namespace: objectid.ID{2}, Device: objectid.ID{3}, Generation: 1, First: 1}
		b, from := vlog.NewBuilder(h, h.Chain(), 1), h.Start()
		d := &vlog.Draft{Type: vlog.Put, Epoch: 1, Meta: []byte("{}"), Value: []byte("value"), MetaKey: meta, ValueKey: value}
		all := make([][xaes.NonceSize]byte, 0, count)
		for i := range count {
			_, err := b.Add(d, rand.Reader)
			must(t, err)
			if len(b.Bytes()) < flushSize && i < count-1 {
				continue
			}
			data := b.Bytes()
			if len(all) == 0 {
				data = data[vlog.HeaderSize:]
			}
			from, err = vlog.Scan(data, from, func(f *vlog.Frame, _ vlog.Position) error {
				all = append(all, f.Nonce)
				return nil
			})
			must(t, err)
			b.Flushed()
		}
		distinct(t, all)
	})
	t.Run("sealed", func(t *testing.T) {
		t.Parallel()
		key, plain := randomBytes(derive.Size), randomBytes(derive.Size)
		all := make([][xaes.NonceSize]byte, 0, count)
		var sealed []byte
		for range count {
			var err error
			sealed, err = xaes.Seal(key, rand.Reader, sealed[:0], plain, nil)
			must(t, err)
			all = append(all, [xaes.NonceSize]byte(sealed))
		}
		distinct(t, all)
	})
}
