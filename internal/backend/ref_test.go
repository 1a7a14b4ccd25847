package backend_test

import (
	"errors"
	"strings"
	"testing"

	"kai/internal/backend"
)

var schemes = []backend.Syntax{
	{Scheme: "file", Main: "path", Opaque: true},
	{Scheme: "agent", Main: "fingerprint", Attributes: []string{"comment"}, Query: []string{"socket"}},
}

func TestParseRef(t *testing.T) {
	for _, c := range []struct{ text, name, value, again string }{
		{"file:/home/ada/.ssh/id_ed25519", "path", "/home/ada/.ssh/id_ed25519", "file:/home/ada/.ssh/id_ed25519"},
		{"file:a=b;c", "path", "a=b;c", "file:a%3Db%3Bc"},
		{"file:a%20b%3F", "path", "a b?", "file:a%20b%3F"},
		{"agent:SHA256:ab/+c", "fingerprint", "SHA256:ab/+c", "agent:fingerprint=SHA256:ab/+c"},
		{"agent:comment=ada@laptop?socket=/run/a", "comment", "ada@laptop", "agent:comment=ada@laptop?socket=/run/a"},
	} {
		ref, err := backend.ParseRef(c.text, schemes)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got := ref.Get(c.name); got != c.value {
			t.Errorf("%s: %s is %q, want %q", c.text, c.name, got, c.value)
		}
		if ref.String() != c.again {
			t.Errorf("%s is written as %s, want %s", c.text, ref, c.again)
		}
	}
}

func TestBadRefs(t *testing.T) {
	for _, text := range []string{
		"", "file", "file:", "ftp:x", "file:a\nb", "file:%zz", "file:a%00b", "agent:comment=a;comment=b",
		"agent:SHA256:x;color=red", "agent:comment=a?pin-value=1", "agent:comment=", "file:a?b=c", "file:\xff",
		"file:" + strings.Repeat("x", 1024),
	} {
		if ref, err := backend.ParseRef(text, schemes); !errors.Is(err, backend.ErrRef) {
			t.Errorf("%q: accepted as %v, %v", text, ref, err)
		}
	}
}

func FuzzParseRef(f *testing.F) {
	for _, s := range []string{"file:/a", "agent:comment=a?socket=/b", "agent:SHA256:x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ref, err := backend.ParseRef(text, schemes)
		if err != nil {
			return
		}
		again, err := backend.ParseRef(ref.String(), schemes)
		if err != nil || again.String() != ref.String() {
			t.Errorf("%q → %q: %v", text, ref, err)
		}
	})
}
