package export_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"kai/internal/audit/event"
	"kai/internal/audit/export"
)

const logID = "01JGK3F0Q0000000000000000A"

// hostile are names that try to be more than a value in one format or another.
var hostile = []string{
	"two\nlines", "carriage\rreturn", "\r\n", "\n", "tab\tbed", `"quoted"`, `back\slash`, `ends in \`, `\`, `\\`, `\n`, `\u000a`, `\\u000a`,
	`a|b|c`, "key=value", " act=other suser=root", "a,b", "a;b", `]`, `"]`, `\]`, `[kai@32473 n="1"]`, "=1+1", "+1", "-1", "@SUM(A1)",
	"\t=1+1", "\r=1+1", "\n=1+1", "'=1+1", "'", "''", "＝1", "＋1", "－1", "＠1", `=HYPERLINK("http://example.org/?"&A1,"x")`,
	"\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\u009b2J", "\x00", "\x7f", "\u0085", "\u2028", "\u2029",
	"\u202egnp.exe", "\u2066x\u2069", "\u200fx", "<script>alert(1)</script>", "CEF:0|x|y|z|1|n|10|msg=x", "<81>1 - - - - - -",
	" leading", "trailing ", "  ", "😀", "e\u0301", "\ufeffBOM", "\ufffd", `{"json":"x"}`, `%n %s ${x} $(x)`, "`x`",
	strings.Repeat("long ", 51),
}

// sample is an event that has name in every place where a string from outside may stand.
func sample(name string) event.Event {
	return event.Event{
		N: 17, Time: time.Date(2026, 11, 22, 4, 36, 27, 169_927_000, time.UTC), Severity: event.Medium, Type: event.Authentication,
		Act: "vault_unlock_failed", Outcome: event.Fail,
		Source: event.Source{
			Agent: name, UID: 1000, HasUID: true, PID: 4711, Parent: "0123456789abcdef", TTY: name, Host: name, Ver: name,
		},
		Context: event.Context{
			Cmd: name, Ref: 16, HasRef: true, Session: name, Role: name, CI: true, Sandbox: name, Config: "0a1b2c3d", SkewMS: 250,
		},
		Details: event.Details{{Name: "error", Value: name}, {Name: "list", Value: []any{name, int64(-1), true}}, {Name: "method", Value: "passphrase"}},
	}
}

// view makes the line of an event, and its leaf hash.
func view(t testing.TB, e event.Event) (*event.View, [32]byte) {
	t.Helper()
	line, err := e.AppendLine(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := new(event.View)
	if err := event.Scan(line, v); err != nil {
		t.Fatal(err)
	}
	return v, sha256.Sum256(v.Record([]byte{0}))
}

// write exports events in a format.
func write(t testing.TB, format export.Format, events ...event.Event) string {
	t.Helper()
	var out bytes.Buffer
	w, err := export.New(&out, format, logID)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		v, leaf := view(t, e)
		if err := w.Write(v, leaf); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// object decodes JSON as encoding/json reads it, and nothing behind it.
func object(t testing.TB, text string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return m
}

// same asserts that two values are equal once both went through JSON.
func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s is %#v, want %#v", what, got, want)
	}
}

// objectsOf are source, context and details as encoding/json reads them from the stored line.
func objectsOf(t testing.TB, e event.Event) (source, context, details any) {
	t.Helper()
	v, _ := view(t, e)
	line := object(t, string(v.Line))
	return line["src"], line["ctx"], line["d"]
}

// unescape reads what the package comment calls text: JSON's string without its quotation marks,
// in which the quotation mark stands for itself. CEF's line breaks may be real ones.
func unescape(t testing.TB, text string) string {
	t.Helper()
	text = strings.NewReplacer(`"`, `\"`, "\n", `\n`, "\r", `\r`).Replace(text)
	var s string
	if err := json.Unmarshal([]byte(`"`+text+`"`), &s); err != nil {
		t.Fatalf("%v: %q", err, text)
	}
	return s
}

// message reads the line for people: act, outcome, and name=JSON for each member.
func message(t testing.TB, text string) (act, outcome string, members map[string]any) {
	t.Helper()
	act, rest, _ := strings.Cut(text, " ")
	outcome, rest, _ = strings.Cut(rest, " ")
	members = make(map[string]any)
	for rest != "" {
		name, after, ok := strings.Cut(rest, "=")
		if !ok {
			t.Fatalf("message %q", text)
		}
		dec := json.NewDecoder(strings.NewReader(after))
		var value any
		if err := dec.Decode(&value); err != nil {
			t.Fatalf("%v: message %q", err, text)
		}
		members[name] = value
		rest = strings.TrimPrefix(after[dec.InputOffset():], " ")
	}
	return act, outcome, members
}

// checkMessage asserts that a line for people says all of the event.
func checkMessage(t testing.TB, text string, e event.Event) {
	t.Helper()
	act, outcome, got := message(t, text)
	source, context, details := objectsOf(t, e)
	want := make(map[string]any)
	for group, members := range map[string]any{"src": source, "ctx": context, "d": details} {
		for name, value := range members.(map[string]any) {
			want[group+"."+name] = value
		}
	}
	same(t, "message", got, want)
	if act != e.Act || outcome != e.Outcome.String() {
		t.Errorf("message of %s %s", act, outcome)
	}
}
