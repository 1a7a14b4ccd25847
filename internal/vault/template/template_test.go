package template_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"kai/internal/secret"
	"kai/internal/vault/reference"
	"kai/internal/vault/template"
)

var errMissing = errors.New("no such secret")

// vault looks values up in a map from references.
func vault(values map[string]string) func(reference.Reference) (*secret.Bytes, error) {
	return func(r reference.Reference) (*secret.Bytes, error) {
		value, ok := values[r.String()]
		if !ok {
			return nil, errMissing
		}
		return secret.Take([]byte(value)), nil
	}
}

// render fills a template.
func render(t testing.TB, text string, values map[string]string) (string, error) {
	t.Helper()
	parsed, err := template.Parse([]byte(text))
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = parsed.Render(&out, vault(values))
	if err != nil && out.Len() > 0 {
		t.Errorf("%q: %v, and yet %q was written", text, err, out.String())
	}
	return out.String(), err
}

func TestRender(t *testing.T) {
	values := map[string]string{
		"kai://n/a":             "A",
		"kai://n/b#f?version=2": "B\"'\\\n",
		"kai://n/deploy%20key":  "key",
		"kai://n/again":         "{{ kai://n/a }}",
		"kai://n/empty":         "",
		"kai://n/half":          "{{ kai://n/",
	}
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"no references", "no references"},
		{"{{ kai://n/a }}", "A"},
		{"{{kai://n/a}}", "A"},
		{"x{{\tkai://n/a \t}}y{{ kai://n/a }}", "xAyA"},
		{"{{ kai://n/b#f?version=2 }}", "B\"'\\\n"},
		{"{{ kai://n/b#f?version=2 | json }}", `"B\"'\\\n"`},
		{"{{ kai://n/b#f?version=2|yaml}}", `"B\"'\\\n"`},
		{"{{ kai://n/b#f?version=2 |shell }}", `'B"'\''` + "\\\n'"},
		{"{{ kai://n/b#f?version=2| base64 }}", "QiInXAo="},
		{"{{ kai://n/deploy%20key }}", "key"},
		{"<{{ kai://n/empty }}{{ kai://n/empty | json }}{{ kai://n/empty | shell }}{{ kai://n/empty | base64 }}>", `<""''>`},
		{"{{ kai://n/again }}", "{{ kai://n/a }}"},
		{"{{ kai://n/half }}a }}", "{{ kai://n/a }}"},
		{"{{{ kai://n/a }}}", "{A}"},
		{"{{ {{ kai://n/a }} }}", "{{ A }}"},
		{"{{ .Values.x }} {{ x | json }} {{- kai://n/a }} {{ KAI://n/a }} {{\nkai://n/a }} {{}} {{", "{{ .Values.x }} {{ x | json }} {{- kai://n/a }} {{ KAI://n/a }} {{\nkai://n/a }} {{}} {{"},
		{"kai://n/a { { kai://n/a }}", "kai://n/a { { kai://n/a }}"},
		{"\x00\xff{{ kai://n/a }}\r\n", "\x00\xffA\r\n"},
	} {
		if got, err := render(t, c.text, values); err != nil || got != c.want {
			t.Errorf("%q became %q, %v; want %q", c.text, got, err, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ text, reason string }{
		{"{{ kai://n/a", "malformed template: line 1: reference without its }}"},
		{"{{ kai://n/a }", "malformed template: line 1: reference without its }}"},
		{"a\nb\n{{ kai://n }}", "malformed template: line 3: reference: malformed: no namespace, as in NAMESPACE/PATH"},
		{"{{ kai://n/a | jsn }}", "malformed template: line 1: filter is none of json, shell, yaml, base64"},
		{"{{ kai://n/a | }}", "malformed template: line 1: filter is none of json, shell, yaml, base64"},
		{"{{ kai://n/a | json | shell }}", "malformed template: line 1: filter is none of json, shell, yaml, base64"},
		{"{{ kai://n/a json }}", "malformed template: line 1: reference: malformed: byte 9 must be percent-encoded: %20"},
		{"{{ kai://n/a\n}}", "malformed template: line 1: reference: malformed: byte 9 must be percent-encoded: %0A"},
		{"{{ kai://n/a" + strings.Repeat(" ", 5000) + "}}", "malformed template: line 1: reference without its }}"},
		{strings.Repeat("{{ kai://n/a }}", 10_001), "malformed template: more than 10000 references"},
	} {
		if _, err := template.Parse([]byte(c.text)); !errors.Is(err, template.ErrMalformed) || err.Error() != c.reason {
			t.Errorf("%.60q: %v, want %s", c.text, err, c.reason)
		}
	}
	if _, err := template.Parse(make([]byte, template.MaxTemplate+1)); !errors.Is(err, template.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	if _, err := template.Read(io.LimitReader(zeros{}, template.MaxTemplate+1)); !errors.Is(err, template.ErrTooLarge) {
		t.Errorf("too large a stream: %v", err)
	}
	if _, err := template.Read(io.LimitReader(zeros{}, template.MaxTemplate)); err != nil {
		t.Errorf("as large as can be: %v", err)
	}
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// Nothing is written when a reference is missing or a value does not fit.
func TestRenderRefuses(t *testing.T) {
	values := map[string]string{"kai://n/a": "A", "kai://n/binary": "canary\xff", "kai://n/zero": "canary\x00"}
	for _, c := range []struct {
		text, reason string
		is           error
	}{
		{"x\n{{ kai://n/a }}\n{{ kai://n/none }}", "template: line 3: no such secret", errMissing},
		{"x{{ kai://n/a }}{{ kai://n/binary | json }}", "template: line 1: value does not fit the filter: not UTF-8; use base64", template.ErrValue},
		{"x{{ kai://n/a }}{{ kai://n/binary | yaml }}", "template: line 1: value does not fit the filter: not UTF-8; use base64", template.ErrValue},
		{"x{{ kai://n/a }}{{ kai://n/zero | shell }}", "template: line 1: value does not fit the filter: zero byte; use base64", template.ErrValue},
	} {
		if _, err := render(t, c.text, values); !errors.Is(err, c.is) || err.Error() != c.reason {
			t.Errorf("%q: %v", c.text, err)
		}
	}
}

func TestReferences(t *testing.T) {
	parsed, err := template.Parse([]byte("{{ kai://n/b }}{{ kai://n/a#x }}{{ kai://n/b | json }}{{ kai://n/b?version=1 }}{{ kai://n/%61#x }}"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range parsed.References() {
		got = append(got, r.String())
	}
	if want := "kai://n/b kai://n/a#x kai://n/b?version=1"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %s", got, want)
	}
	calls := 0
	if err := parsed.Render(io.Discard, func(reference.Reference) (*secret.Bytes, error) {
		calls++
		return secret.New(1), nil
	}); err != nil || calls != 3 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

var errBroken = errors.New("broken")

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestWriteError(t *testing.T) {
	parsed, err := template.Parse([]byte("{{ kai://n/a | json }}"))
	if err != nil {
		t.Fatal(err)
	}
	if err := parsed.Render(brokenWriter{}, vault(map[string]string{"kai://n/a": "A"})); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
}

// awkwardValues hold what each format has trouble with.
func awkwardValues() []string {
	var all strings.Builder
	for r := rune(1); r < 0x3000; r++ {
		all.WriteRune(r)
	}
	all.WriteString("\ufeff\ufffd\uffff😀\U0010ffff")
	return []string{
		"", "plain", "'", "''", "$(id) `id` $HOME \\", "-n", "~", "null", "true", "123", "---", "a: b", "# x", "* &a !t", "\n\nx\n\n", " x ", "\t",
		"\r\n", "\u0085\u2028\u2029", "é😀", "\x7f", strings.Repeat("'", 5000), strings.Repeat("😀é\"", 3000), all.String(),
	}
}

// What the filters write is read back by the programs and libraries that people use.
func TestFiltersRoundTrip(t *testing.T) {
	for _, value := range awkwardValues() {
		fill := func(filter string) string {
			text, err := render(t, "{{ kai://n/v | "+filter+" }}", map[string]string{"kai://n/v": value})
			if err != nil {
				t.Fatalf("%.40q | %s: %v", value, filter, err)
			}
			return text
		}
		check := func(what, got string, err error) {
			t.Helper()
			if err != nil || got != value {
				t.Errorf("%s: %.60q became %.60q: %v", what, value, got, err)
			}
		}
		var got string
		err := json.Unmarshal([]byte(fill("json")), &got)
		check("encoding/json", got, err)

		var mapping map[string]string
		err = yaml.Unmarshal([]byte("key: "+fill("yaml")+"\n"), &mapping)
		check("yaml", mapping["key"], err)
		err = yaml.Unmarshal([]byte("{key: "+fill("yaml")+"}\n"), &mapping)
		check("yaml, flow", mapping["key"], err)

		decoded, err := base64.StdEncoding.DecodeString(fill("base64"))
		check("base64", string(decoded), err)
		check("sh", program(t, "printf %s "+fill("shell"), "sh"), nil)
		check("jq", program(t, fill("json"), "jq", "-j", "."), nil)
		check("base64 -d", program(t, fill("base64"), "base64", "-d"), nil)
	}
	if got, err := render(t, "{{ kai://n/v | base64 }}", map[string]string{"kai://n/v": "\x00\xff"}); err != nil || got != "AP8=" {
		t.Errorf("binary: %q, %v", got, err)
	}
}

// program runs a program that reads stdin. An absent one skips the rest of the test.
func program(t *testing.T, stdin, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	cmd := exec.Command(path, args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	return string(out)
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"", "a {{ kai://n/a }} b", "{{ kai://n/a | json }}", "{{kai://n/b#f?version=1|shell}}{{", "{{{ kai://n/a|yaml }}}", "{{ kai://n/a | base64 }}", "{{ kai://"} {
		f.Add([]byte(s), []byte("it's \"a\" {{ kai://n/x }}\x00\xff"))
	}
	f.Fuzz(func(t *testing.T, text, value []byte) {
		parsed, err := template.Parse(bytes.Clone(text))
		if err != nil {
			return
		}
		references := len(parsed.References())
		var out bytes.Buffer
		err = parsed.Render(&out, func(reference.Reference) (*secret.Bytes, error) { return secret.Take(bytes.Clone(value)), nil })
		switch {
		case errors.Is(err, template.ErrValue):
			if out.Len() > 0 || utf8.Valid(value) && bytes.IndexByte(value, 0) < 0 {
				t.Fatalf("%q with %q: %v after %q", text, value, err, out.Bytes())
			}
		case err != nil:
			t.Fatal(err)
		case references == 0 && !bytes.Equal(out.Bytes(), text):
			t.Fatalf("%q became %q", text, out.Bytes())
		}
		if references == 0 {
			return
		}
		out.Reset()
		if err := parsed.Render(&out, func(reference.Reference) (*secret.Bytes, error) { return nil, errMissing }); !errors.Is(err, errMissing) || out.Len() > 0 {
			t.Fatalf("missing: %v after %q", err, out.Bytes())
		}
	})
}
