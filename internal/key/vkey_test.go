package key_test

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"kai/internal/key"
)

// The key of the Go checksum database.
const sumdb = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"

func TestVKeys(t *testing.T) {
	name, p, err := key.ParseVKey(sumdb)
	if err != nil || name != "sum.golang.org" || p.Type() != key.Ed25519 {
		t.Fatalf("%s, %v, %v", name, p, err)
	}
	if again, err := p.VKey(name); err != nil || again != sumdb {
		t.Errorf("written as %s, %v", again, err)
	}
	text, err := generate(t, key.Ed25519).Public().VKey("example.com/log")
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(text)
	if err != nil || v.Name() != "example.com/log" {
		t.Errorf("%s: %v", text, err)
	}
	for _, name := range []string{"", "a b", "a+b", "a\nb", "a\u00a0b", "\xff", strings.Repeat("x", key.MaxComment+1)} {
		if text, err := p.VKey(name); !errors.Is(err, key.ErrComment) {
			t.Errorf("name %q: %s, %v", name, text, err)
		}
	}
	for _, text := range []string{
		"", "x", "a+b", sumdb[1:], sumdb + "A", strings.ToUpper(sumdb), strings.Replace(sumdb, "033de0ae", "033DE0AE", 1),
		strings.Replace(sumdb, "+033", "+133", 1), strings.Replace(sumdb, "sum", "s m", 1),
	} {
		if _, _, err := key.ParseVKey(text); !errors.Is(err, key.ErrMalformed) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := generate(t, key.X25519).Public().VKey("x"); !errors.Is(err, key.ErrType) {
		t.Errorf("x25519: %v", err)
	}
}

func FuzzParseVKey(f *testing.F) {
	f.Add(sumdb)
	f.Fuzz(func(t *testing.T, text string) {
		name, p, err := key.ParseVKey(text)
		if err != nil || key.CheckComment(name) != nil {
			return
		}
		if again, err := p.VKey(name); err != nil || again != text {
			t.Errorf("%q is written again as %q, %v", text, again, err)
		}
	})
}
