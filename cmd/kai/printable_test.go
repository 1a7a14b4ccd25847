package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPrintable(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"plain text: \\n stays", "plain text: \\n stays"},
		{"naïve 漢字 🙂", "naïve 漢字 🙂"},
		{"\x1b]0;title\x07", `\x1b]0;title\x07`},
		{"a\nb\rc\td\x00e\x7f", `a\nb\rc\td\x00e\x7f`},
		{"\u009b31m", `\u009b31m`},           // the one-byte CSI of C1
		{"a\u202etxt.exe", `a\u202etxt.exe`}, // right-to-left override
		{"zero\u200bwidth\ufeff", `zero\u200bwidth\ufeff`},
		{"line\u2028par\u2029", `line\u2028par\u2029`},
		{"\xff\xc3", `\xff\xc3`},
		{"tag \U000e0041", `tag \U000e0041`}, // invisible tag characters
		{"\ufffd is a real character", "\ufffd is a real character"},
	}
	for _, test := range tests {
		if got := printable(test.in); got != test.want {
			t.Errorf("printable(%q) = %q, want %q", test.in, got, test.want)
		}
	}
	if got, want := printableText("a\tb\x1b\nc\r\n"), "a\tb\\x1b\nc\\r\n"; got != want {
		t.Errorf("printableText = %q, want %q", got, want)
	}
}

func FuzzPrintable(f *testing.F) {
	for _, s := range []string{"a\x1b[2Jb", "\xff\xfe\n", "\u202e\u0085\U000e0001", "plain"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := printable(text)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, hidden) {
			t.Fatalf("printable(%q) = %q", text, got)
		}
		if again := printable(got); again != got {
			t.Fatalf("printable(%q) = %q, and again %q", text, got, again)
		}
		var b bytes.Buffer
		if err := writeJSON(&b, text); err != nil {
			t.Fatal(err)
		}
		if line := strings.TrimSuffix(b.String(), "\n"); strings.ContainsFunc(line, hidden) {
			t.Fatalf("writeJSON(%q) = %q", text, line)
		}
		var back string
		if err := json.Unmarshal(b.Bytes(), &back); err != nil {
			t.Fatal(err)
		}
		if want := strings.ToValidUTF8(text, "\ufffd"); strings.ToValidUTF8(back, "\ufffd") != back || utf8.ValidString(text) && back != want {
			t.Fatalf("writeJSON(%q) reads back as %q", text, back)
		}
	})
}
