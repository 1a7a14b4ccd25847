package main

import (
	"encoding/csv"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// nastyName has all that breaks lines, quotes, formats and terminals.
const nastyName = "a\nb\r\"c\" | \\ = , ' ]\x1b[31m\u202e\u2028<script>alert(1)</script>=1+1"

// Whatever a name holds, an export has a line an event, a reader gets the name back, and nothing
// acts on a terminal.
func TestExportsOfNastyNames(t *testing.T) {
	w := newLoggedWorld(t)
	w.environ = []string{"KAI_IDENTITY=" + nastyName}
	w.must(t, exitDone, "keygen", "-o", "k", "--no-passphrase")
	const events = 2 // with the name, of type encryption
	export := func(format string) string {
		w.must(t, exitDone, "audit", "export", "--format", format, "--type", "encryption")
		out := w.out.String()
		lines := events
		if format == "csv" {
			lines++
			out = strings.ReplaceAll(out, "\r\n", "\n")
		}
		if got := strings.Count(out, "\n"); got != lines || !isPrintable(strings.ReplaceAll(out, "\n", "")) {
			t.Errorf("%s: %d lines, want %d, or what acts on a terminal:\n%q", format, got, lines, out)
		}
		return out
	}
	for _, format := range []string{"jsonl", "events", "ocsf", "cef", "rfc5424"} {
		export(format)
	}
	for format, path := range map[string][]string{
		"jsonl": {"src", "agent"}, "events": {"source", "agent"}, "ocsf": {"unmapped", "source", "agent"},
	} {
		for line := range strings.Lines(export(format)) {
			var object any
			if err := json.Unmarshal([]byte(line), &object); err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			if got, err := jsonMember(object, path); err != nil || got != nastyName {
				t.Errorf("%s: %q, %v", format, got, err)
			}
		}
	}
	rows, err := csv.NewReader(strings.NewReader(export("csv"))).ReadAll()
	if err != nil || len(rows) != events+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@") {
				t.Errorf("a spreadsheet would compute %q", cell)
			}
		}
	}
}

// Reports show such names without doing what they say.
func TestReportsOfNastyNames(t *testing.T) {
	w := newLoggedWorld(t)
	w.environ = []string{"KAI_IDENTITY=" + nastyName}
	w.must(t, exitDone, "keygen", "-o", "k", "--no-passphrase")
	for _, args := range [][]string{{}, {"--json"}, {"--html", "-"}, {"--sarif", "-"}, {"--junit", "-"}} {
		w.must(t, exitDone, append([]string{"audit", "report"}, args...)...)
		out := w.out.String()
		if strings.ContainsAny(out, "\x1b\u202e\u2028\r") {
			t.Errorf("%q: what acts on a terminal", args)
		}
		if len(args) > 0 && args[0] == "--html" && strings.Contains(out, "<script") {
			t.Error("a script in the page")
		}
	}
}

// An answer that nobody will see whole leaves no file, and says in the log that it failed.
func TestExportThatFails(t *testing.T) {
	w := newLoggedWorld(t)
	w.must(t, exitNotFound, "audit", "export", "--format", "csv", "-o", filepath.Join("no", "events.csv"))
	events := w.events(t, 2)
	wantActs(t, events, "audit.exported ok", "audit.exported fail")
	if got := events[1].Details; got.Text("error") != "not_found" || got.Text("format") != "csv" || got.Int("count") != 2 {
		t.Errorf("%v", got)
	}
}
