package dotenv_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kai/internal/vault/transfer"
	"kai/internal/vault/transfer/dotenv"
	"kai/internal/vault/transfer/transfertest"
	"kai/internal/vectortest"
)

func TestRead(t *testing.T) {
	const text = "\ufeff# a comment\r\n" +
		"\r\n" +
		"  # another\n" +
		"A=bare\n" +
		"B= spaced out \t # comment\n" +
		"C=with#hash\n" +
		"D=\n" +
		"E=''\n" +
		"export F='it''\n" +
		""
	// F is wrong: text after the quote.
	transfertest.Refused(t, dotenv.Read, text, transfer.Options{}, transfer.ErrMalformed, `"file" line 9: text after the value`)

	good := strings.Replace(text, "'it''", "'it \"is\" $5 \\n'  # said he", 1) +
		"G=\"a\\n\\t\\r\\\\\\\"\\$\\`b\"\n" +
		"export\tH.x-1_=\"line 1\nline 'two'\n\"\n" +
		"I=$HOME/x\n" +
		"_=last"
	got, store := transfertest.Read(t, dotenv.Read, good, transfer.Options{})
	transfertest.Equal(t, got, map[string]string{
		"A#value": "bare", "B#value": "spaced out", "C#value": "with#hash", "D#value": "", "E#value": "",
		"F#value": `it "is" $5 \n`, "G#value": "a\n\t\r\\\"$`b", "H.x-1_#value": "line 1\nline 'two'\n",
		"I#value": "$HOME/x", "_#value": "last",
	})
	lines := make(map[string]int)
	for item := range store.All() {
		lines[item.Path] = item.Line
	}
	if lines["A"] != 4 || lines["H.x-1_"] != 11 || lines["I"] != 14 {
		t.Errorf("lines are %v", lines)
	}
	var notes []string
	for _, note := range store.Notes {
		notes = append(notes, note.Path)
	}
	if strings.Join(notes, " ") != "I" {
		t.Errorf("notes about %q, want only I", notes)
	}
}

func TestRefuse(t *testing.T) {
	for text, want := range map[string]string{
		"A=1\nc4n4ry\n":           `line 2: no "=" after the name`,
		"A: c4n4ry":               `line 1: no "=" after the name`,
		"1A=c4n4ry":               "line 1: no name",
		"=c4n4ry":                 "line 1: no name",
		"A =c4n4ry":               `no "=" after the name`,
		"export A\n":              `no "="`,
		"A='c4n4ry\n\n":           "line 1: quote without an end",
		"A=\"c4n4ry\n\nB=1":       "line 1: quote without an end",
		`A="c4n4ry\`:              "line 1: unknown escape",
		`A="c4n4ry\x41"`:          "unknown escape",
		`A="c4n4ry"x`:             "text after the value",
		`A="c4n4ry"#x`:            "text after the value",
		`A=c4n"4ry"`:              "quote or backslash",
		`A=c4n4ry\n`:              "quote or backslash",
		"A=`c4n4ry`":              "quote or backslash",
		"A=c4n4ry\x00":            "control character",
		"A='c4n4ry\x00'":          "zero byte",
		"A=c4n4ry\xff":            "invalid UTF-8",
		"\nA='c4n4ry\n\xff'\nB=1": "line 2: invalid UTF-8",
		"A=c4n4ry\rB=1":           "control character",
	} {
		transfertest.Refused(t, dotenv.Read, text, transfer.Options{}, transfer.ErrMalformed, want)
	}
	transfertest.Refused(t, dotenv.Read, "A=c4n4ry\nB=2\nA=3\n", transfer.Options{}, transfer.ErrPath, `line 3: bad path: a second item of the path "A"`)
}

// build makes a store with one value an item.
func build(t testing.TB, values map[string]string) *transfer.Store {
	t.Helper()
	b := transfer.NewBuilder("test", false)
	for name, value := range values {
		path, field, _ := strings.Cut(name, "#")
		fields := []transfer.Field{{Name: field, Value: b.Arena().Copy([]byte(value))}}
		if err := b.Add(transfer.Item{Fields: fields}, strings.Split(path, "/"), "x"); err != nil {
			t.Fatal(err)
		}
	}
	store := b.Done()
	t.Cleanup(store.Wipe)
	return store
}

var awkward = map[string]string{
	"a#value": "plain", "b#value": "", "c#value": "it's", "d#value": "'", "e#value": "\n\n", "f#value": "$HOME `id` \\n \" '",
	"g#value": "a'\\", "h#value": "\\", "i#value": "tab\tand cr\r", "j#value": "é€😀", "k#value": "# no comment", "l#value": " ' ",
}

func TestWriteRead(t *testing.T) {
	var out bytes.Buffer
	if err := dotenv.Write(&out, build(t, awkward).All()); err != nil {
		t.Fatal(err)
	}
	got, _ := transfertest.Read(t, dotenv.Read, out.String(), transfer.Options{})
	want := make(map[string]string)
	for name, value := range awkward {
		want[name[:1]+"_x#value"] = value
	}
	transfertest.Equal(t, got, want)
}

// TestShell has a shell read what is written.
func TestShell(t *testing.T) {
	sh := vectortest.Peer(t, "sh")
	var out bytes.Buffer
	if err := dotenv.Write(&out, build(t, awkward).All()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range awkward {
		got := vectortest.Run(t, nil, sh, "-c", `set -a; . "$1"; printf '%s' "$`+name[:1]+`_x"`, "sh", file)
		if string(got) != value {
			t.Errorf("sh reads %q as %q", value, got)
		}
	}
}

func TestWriteRefuse(t *testing.T) {
	for _, test := range []struct {
		values map[string]string
		kind   error
		want   string
	}{
		{map[string]string{"a#value": "c4n4ry\x00"}, transfer.ErrNotText, `"a/x" field "value"`},
		{map[string]string{"a#value": "c4n4ry\xff"}, transfer.ErrNotText, `"a/x" field "value"`},
		{map[string]string{"a-b#value": "1", "a_b#value": "2"}, transfer.ErrPath, "both become the variable a_b_x"},
	} {
		var out bytes.Buffer
		err := dotenv.Write(&out, build(t, test.values).All())
		if !errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), transfertest.Canary) {
			t.Errorf("%v: error %v", test.values, err)
		}
	}
}

func TestNames(t *testing.T) {
	b := transfer.NewBuilder("test", false)
	fields := []transfer.Field{{Name: "token"}, {Name: "value"}}
	item := transfer.Item{Fields: fields, Namespace: "9ci"}
	if err := b.Add(item, []string{"git hub"}, "é"); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := dotenv.Write(&out, b.Done().All()); err != nil {
		t.Fatal(err)
	}
	if want := "_9ci_git_hub___token=''\n_9ci_git_hub__=''\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"", "A=1\n", "export A='x\ny' # z\nB=\"\\n\\$\"\n", "A=$B # c", "\ufeffA=\r\n#\r\n", "A='"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		transfertest.Fuzz(t, dotenv.Read, text, transfer.Options{})
		store, err := dotenv.Read(t.Context(), transfertest.Source(string(text)), transfer.Options{})
		if err != nil {
			return
		}
		defer store.Wipe()
		for i := range store.Len() {
			if strings.ContainsAny(store.At(i).Path, ".-") {
				return // written with another name
			}
		}
		var out bytes.Buffer
		if err := dotenv.Write(&out, store.All()); err != nil {
			t.Fatal(err)
		}
		again, _ := transfertest.Read(t, dotenv.Read, out.String(), transfer.Options{})
		transfertest.Equal(t, again, transfertest.Flat(store))
	})
}
