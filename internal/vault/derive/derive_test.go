package derive

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"testing"

	"kai/internal/vault/objectid"
)

// The same from HMAC alone, as RFC 5869 §2 defines it.
func TestKeyIsHKDF(t *testing.T) {
	k := bytes.Repeat([]byte{7}, 32)
	vault := objectid.ID{1, 2, 3}
	mac := func(key, data []byte) []byte {
		h := hmac.New(sha256.New, key)
		h.Write(data)
		return h.Sum(nil)
	}
	for _, c := range []struct {
		use  string
		ctx  []string
		info string
	}{
		{"mac", nil, "kai/vault/v1/mac\x00"},
		{"value", []string{"apiKeys", "", "github", ""}, "kai/vault/v1/value\x00apiKeys\x00\x00github\x00"},
	} {
		want := mac(mac(vault[:], k), append([]byte(c.info), 1))
		if got := Key(k, vault, c.use, c.ctx...); !bytes.Equal(got, want) {
			t.Errorf("%s: %x, want %x", c.use, got, want)
		}
	}
	seen := map[[Size]byte]bool{}
	for _, ctx := range [][]string{nil, {"a"}, {"a", ""}, {"", "a"}, {"a", "b"}, {"ab"}} {
		seen[Commit(k, vault, ctx...)] = true
	}
	if len(seen) != 6 {
		t.Errorf("%d keys of 6 contexts", len(seen))
	}
	defer func() {
		if recover() == nil {
			t.Error("a context with a zero byte")
		}
	}()
	Key(k, vault, "value", "a\x00b")
}

// The same as the library's, for every length of a key that fits and of a context.
func TestKeyIsTheLibrarys(t *testing.T) {
	vault := objectid.ID{9, 8, 7}
	for n := range maxSecret + 1 {
		k := bytes.Repeat([]byte{byte(n)}, n)
		ctx := strings.Repeat("x", 5*n)
		want, err := hkdf.Key(sha256.New, k, vault[:], "kai/vault/v1/use\x00"+ctx, Size)
		if err != nil {
			t.Fatal(err)
		}
		if got := Key(k, vault, "use", ctx); !bytes.Equal(got, want) {
			t.Errorf("%d bytes: %x, want %x", n, got, want)
		}
	}
}

func BenchmarkKey(b *testing.B) {
	k, vault := make([]byte, 32), objectid.ID{1}
	b.ReportAllocs()
	for b.Loop() {
		Key(k, vault, "value", "apiKeys", "", "github", "")
	}
}
