package reference_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"kai/internal/vault/reference"
)

func TestParsePath(t *testing.T) {
	for _, c := range []struct{ text, full, field string }{
		{"ci/github", "ci/github", ""},
		{"ci/github#token", "ci/github", "token"},
		{"teams/web/deploy key#a_B.9-", "teams/web/deploy key", "a_B.9-"},
		{"n/a?version=3", "n/a?version=3", ""}, // only references have versions
		{"n/100%", "n/100%", ""},
		{"n/...", "n/...", ""},
		{"n/.hidden", "n/.hidden", ""},
		{"ge\u0308m/cafe\u0301#x", "gëm/café", "x"}, // form D
		{"n/\u212b", "n/Å", ""},                     // the ångström sign is a letter in form C
		{"n/" + strings.Repeat("x", 510), "n/" + strings.Repeat("x", 510), ""},
		{strings.Repeat("a/", 63) + "b", strings.Repeat("a/", 63) + "b", ""},
		// 254 decomposed letters are longer than a path may be, and 510 bytes in form C.
		{"n/" + strings.Repeat("e\u0301", 254), "n/" + strings.Repeat("é", 254), ""},
		{"n/p#" + strings.Repeat("f", 64), "n/p", strings.Repeat("f", 64)},
	} {
		p, err := reference.ParsePath(c.text)
		if err != nil || p.Full != c.full || p.Field != c.field {
			t.Errorf("%q: got %+v, %v", c.text, p, err)
			continue
		}
		if again, err := reference.ParsePath(p.String()); err != nil || again != p {
			t.Errorf("%q: read again: %+v, %v", c.text, again, err)
		}
	}
}

func TestParsePathRefuses(t *testing.T) {
	for _, c := range []struct{ text, reason string }{
		{"", "path: malformed: segment 1: empty"},
		{"ci", "path: malformed: no namespace, as in NAMESPACE/PATH"},
		{"ci#f", "path: malformed: no namespace, as in NAMESPACE/PATH"},
		{"/ci/x", "path: malformed: segment 1: empty"},
		{"ci//x", "path: malformed: segment 2: empty"},
		{"ci/x/", "path: malformed: segment 3: empty"},
		{"ci/./x", `path: malformed: segment 2: "."`},
		{"ci/../x", `path: malformed: segment 2: ".."`},
		{"ci/x#", "path: malformed: field: empty"},
		{"ci/x#a#b", "path: malformed: field: byte 1 is none of A-Z a-z 0-9 _ . -"},
		{"ci/x#a b", "path: malformed: field: byte 1 is none of A-Z a-z 0-9 _ . -"},
		{"ci/x#é", "path: malformed: field: byte 0 is none of A-Z a-z 0-9 _ . -"},
		{"ci/x#" + strings.Repeat("f", 65), "path: malformed: field: 65 bytes, at most 64"},
		{"ci/a\nb", "path: malformed: segment 2: control character"},
		{"ci/a\x00b", "path: malformed: segment 2: control character"},
		{"ci/a\u0085b", "path: malformed: segment 2: control character"},
		{"ci/\xff", "path: malformed: not UTF-8"},
		{"n/" + strings.Repeat("x", 511), "path: malformed: 513 bytes, at most 512"},
		{"n/" + strings.Repeat("x", 1<<20), "path: malformed: 1048578 bytes, at most 512"},
		{strings.Repeat("a/", 64) + "b", "path: malformed: 65 segments, at most 64"},
	} {
		p, err := reference.ParsePath(c.text)
		if !errors.Is(err, reference.ErrMalformed) || err.Error() != c.reason {
			t.Errorf("%.40q: got %v, want %s", c.text, err, c.reason)
		}
		if p != (reference.Path{}) {
			t.Errorf("%.40q: refused, and yet %+v", c.text, p)
		}
	}
}

func TestParseName(t *testing.T) {
	for text, want := range map[string]string{"ci": "ci", "a/b/c": "a/b/c", "cafe\u0301": "café"} {
		if got, err := reference.ParseName(text); err != nil || got != want {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "/", "a/", "a#b", "..", "a/../b", "a\tb", strings.Repeat("x", 513)} {
		if got, err := reference.ParseName(text); !errors.Is(err, reference.ErrMalformed) || got != "" {
			t.Errorf("%.40q: got %q, %v", text, got, err)
		}
	}
	if _, err := reference.ParseField("a/b"); !errors.Is(err, reference.ErrMalformed) {
		t.Errorf("field a/b: %v", err)
	}
}

func TestSplit(t *testing.T) {
	namespaces := []string{"ci", "ci/prod", "ci/production", "", "other", "ci/prod/eu/x"}
	for _, c := range []struct{ path, namespace, rest string }{
		{"ci/github", "ci", "github"},
		{"ci/prod/db", "ci/prod", "db"},
		{"ci/prod", "ci", "prod"}, // a namespace leaves a path
		{"ci/produce/x", "ci", "produce/x"},
		{"ci/production/x/y", "ci/production", "x/y"},
		{"ci/prod/eu/x", "ci/prod", "eu/x"},
		{"ci/prod/eu/x/y", "ci/prod/eu/x", "y"},
		{"cix/a", "", ""},
		{"nowhere/a", "", ""},
	} {
		p, err := reference.ParsePath(c.path)
		if err != nil {
			t.Fatal(err)
		}
		namespace, rest, ok := p.Split(namespaces)
		if namespace != c.namespace || rest != c.rest || ok != (c.namespace != "") {
			t.Errorf("%s: got %q, %q, %t", c.path, namespace, rest, ok)
		}
	}
}

func TestParseURI(t *testing.T) {
	for _, c := range []struct {
		text, path string
		version    uint64
		written    string // "" if like text
	}{
		{"kai://ci/github", "ci/github", 0, ""},
		{"kai://ci/github#token?version=3", "ci/github#token", 3, ""},
		{"kai://ci/github?version=9007199254740991", "ci/github", 1<<53 - 1, ""},
		{"kai://teams/web/deploy%20key#password", "teams/web/deploy key#password", 0, ""},
		{"kai://n/a%3Fversion=3", "n/a?version=3", 0, ""},
		{"kai://n/100%25", "n/100%", 0, ""},
		{"kai://n/%7b%7D%7c", "n/{}|", 0, "kai://n/%7B%7D%7C"},
		{"kai://n/café", "n/café", 0, "kai://n/caf%C3%A9"},
		{"kai://n/cafe%CC%81", "n/café", 0, "kai://n/caf%C3%A9"},
		{"kai://n/a!b'(c)*;&$d", "n/a!b'(c)*;&$d", 0, "kai://n/a%21b%27%28c%29%2A%3B%26%24d"},
		{"kai://n/a@b:c+d,e=f~g", "n/a@b:c+d,e=f~g", 0, ""},
	} {
		r, err := reference.ParseURI(c.text)
		if err != nil || r.Path.String() != c.path || r.Version != c.version {
			t.Errorf("%s: got %+v, %v", c.text, r, err)
			continue
		}
		written := c.written
		if written == "" {
			written = c.text
		}
		if r.String() != written {
			t.Errorf("%s: written %s, want %s", c.text, r, written)
		}
	}
	// The longest path in which everything is encoded, with the longest field and version.
	long := "kai://%01"[:6] + "n/" + strings.Repeat("%3D", 510) + "#" + strings.Repeat("f", 64) + "?version=9007199254740991"
	if _, err := reference.ParseURI(long); err != nil {
		t.Errorf("the longest reference: %v", err)
	}
}

func TestParseURIRefuses(t *testing.T) {
	const malformed = "reference: malformed: "
	for _, c := range []struct{ text, reason string }{
		{"", "does not begin with kai://"},
		{"ci/github", "does not begin with kai://"},
		{"KAI://ci/github", "does not begin with kai://"},
		{"kai:ci/github", "does not begin with kai://"},
		{"kai://", "segment 1: empty"},
		{"kai://ci", "no namespace, as in NAMESPACE/PATH"},
		{"kai:///ci/x", "segment 1: empty"},
		{"kai://ci/%2e%2E/x", `segment 2: ".."`},
		{"kai://ci/a%2Fb", "byte 10: '/' in a name"},
		{"kai://ci/a%23b", "byte 10: '#' in a name"},
		{"kai://ci/a%00b", "segment 2: control character"},
		{"kai://ci/a%FFb", "not UTF-8"},
		{"kai://ci/a\xffb", "not UTF-8"},
		{"kai://ci/a%", "byte 10: percent-encoding is cut off"},
		{"kai://ci/a%2", "byte 10: percent-encoding is cut off"},
		{"kai://ci/a%zz", "byte 10: percent-encoding needs two hexadecimal digits"},
		{"kai://ci/a%+1", "byte 10: percent-encoding needs two hexadecimal digits"},
		{"kai://ci/a b", "byte 10 must be percent-encoded: %20"},
		{"kai://ci/a}}", "byte 10 must be percent-encoded: %7D"},
		{"kai://ci/a|json", "byte 10 must be percent-encoded: %7C"},
		{"kai://ci/a\n", "byte 10 must be percent-encoded: %0A"},
		{"kai://ci/x#", "field: empty"},
		{"kai://ci/x#a%20", "field: byte 1 is none of A-Z a-z 0-9 _ . -"},
		{"kai://ci/x?version=1#f", "the field stands before the version, as in #FIELD?version=N"},
		{"kai://ci/x?", "nothing but ?version=N may be asked"},
		{"kai://ci/x?v=1", "nothing but ?version=N may be asked"},
		{"kai://ci/x?version=", "version: not a number from 1 to 9007199254740991"},
		{"kai://ci/x?version=0", "version: not a number from 1 to 9007199254740991"},
		{"kai://ci/x?version=01", "version: not a number from 1 to 9007199254740991"},
		{"kai://ci/x?version=+1", "version: not a number from 1 to 9007199254740991"},
		{"kai://ci/x?version=1&version=2", "version: not a number from 1 to 9007199254740991"},
		{"kai://ci/x?version=9007199254740992", "version: not a number from 1 to 9007199254740991"},
		{"kai://n/" + strings.Repeat("x", 511), "513 bytes, at most 512"},
		{"kai://n/" + strings.Repeat("x", 2000), "2008 bytes, at most 1632"},
	} {
		r, err := reference.ParseURI(c.text)
		if !errors.Is(err, reference.ErrMalformed) || err.Error() != malformed+c.reason {
			t.Errorf("%.40q: got %v, want %s", c.text, err, c.reason)
		}
		if r != (reference.Reference{}) {
			t.Errorf("%.40q: refused, and yet %+v", c.text, r)
		}
	}
}

func FuzzParsePath(f *testing.F) {
	for _, s := range []string{"ci/github", "ci/github#token", "a/../b", "n/e\u0301", "n/\u0344#x", "\x00/\xff", strings.Repeat("a/", 70)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := reference.ParsePath(text)
		if err != nil {
			return
		}
		if len(p.Full) > reference.MaxPath || !utf8.ValidString(p.Full) || strings.Count(p.Full, "/") == 0 {
			t.Fatalf("%q was accepted as %+v", text, p)
		}
		if again, err := reference.ParsePath(p.String()); err != nil || again != p {
			t.Fatalf("%q: read again: %+v, %v", text, again, err)
		}
		uri := reference.Reference{Path: p, Version: 7}
		if again, err := reference.ParseURI(uri.String()); err != nil || again != uri {
			t.Fatalf("%q: as %s: %+v, %v", text, uri, again, err)
		}
	})
}

func FuzzParseURI(f *testing.F) {
	for _, s := range []string{"kai://ci/github", "kai://ci/g#t?version=3", "kai://n/%C3%A9", "kai://n/a%2Fb", "kai://n/%", "kai://n/a?version=99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := reference.ParseURI(text)
		if err != nil {
			return
		}
		written := r.String()
		if again, err := reference.ParseURI(written); err != nil || again != r {
			t.Fatalf("%q: written %s, read %+v, %v", text, written, again, err)
		}
		if strings.ContainsFunc(written, func(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune("{}|\"", c) }) {
			t.Fatalf("%q: written %q", text, written)
		}
	})
}
