package event_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"unicode/utf8"

	"kai/internal/audit/event"
)

func TestOutside(t *testing.T) {
	sum := func(s string) string {
		h := sha256.Sum256([]byte(s))
		return "…#" + hex.EncodeToString(h[:])[:8]
	}
	a := strings.Repeat("a", 300)
	for _, test := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"short", "release bot", "release bot"},
		{"256 bytes", a[:256], a[:256]},
		{"257 bytes", a[:257], a[:256] + sum(a[:257])},
		{"a character over the end", a[:255] + "é", a[:255] + sum(a[:255]+"é")},
		{"a character up to the end", a[:254] + "éa", a[:254] + "é" + sum(a[:254]+"éa")},
		{"four bytes over the end", a[:253] + "😀", a[:253] + sum(a[:253]+"😀")},
		{"not UTF-8", "a\xffb", "a\ufffdb"},
		{"not UTF-8, which makes it longer", strings.Repeat("\xff\x61", 100), strings.Repeat("\ufffda", 64) + sum(strings.Repeat("\xff\x61", 100))},
		{"controls stay", "a\nb\x1b[0m", "a\nb\x1b[0m"},
	} {
		got := event.Outside(test.in)
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
		if !utf8.ValidString(got) || len(got) > event.MaxOutside+12 {
			t.Errorf("%s: %d bytes", test.name, len(got))
		}
		if err := (event.Details{{"reason", got}}).Check(); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	if event.Outside(a+"x") == event.Outside(a+"y") {
		t.Error("two long strings have become one")
	}
}

func TestWords(t *testing.T) {
	for i, word := range strings.Fields("info low medium high critical") {
		if s, err := event.ParseSeverity(word); err != nil || int(s) != i+1 || s.String() != word || event.Severities()[i] != s {
			t.Errorf("%s: %v, %v", word, s, err)
		}
	}
	for i, word := range strings.Fields("authentication authorization encryption trust_change security_violation system_access data_access configuration_change") {
		if typ, err := event.ParseType(word); err != nil || int(typ) != i+1 || typ.String() != word || event.Types()[i] != typ {
			t.Errorf("%s: %v, %v", word, typ, err)
		}
	}
	for i, word := range strings.Fields("begin ok fail deny") {
		if o, err := event.ParseOutcome(word); err != nil || int(o) != i+1 || o.String() != word || event.Outcomes()[i] != o {
			t.Errorf("%s: %v, %v", word, o, err)
		}
	}
	for _, word := range []string{"", "Info", "info ", "success", "x\n"} {
		if _, err := event.ParseSeverity(word); err == nil {
			t.Errorf("severity %q", word)
		}
		if _, err := event.ParseType(word); err == nil {
			t.Errorf("type %q", word)
		}
		if _, err := event.ParseOutcome(word); err == nil {
			t.Errorf("outcome %q", word)
		}
	}
	if _, err := event.ParseType("x\n"); err.Error() != `unknown word: "x\n"` {
		t.Error(err)
	}
}
