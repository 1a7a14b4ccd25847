package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"kai/internal/audit"
	"kai/internal/audit/event"
	"kai/internal/audit/memory"
	"kai/internal/durable"
)

// appendLarge appends an event to the world's log whose details are too large for its line: so far no
// command makes one.
func (w *world) appendLarge(t *testing.T, word string) uint64 {
	t.Helper()
	var dirs [2]*durable.Dir
	for i, name := range []string{w.auditDir(t), filepath.Join(w.auditDir(t), "..", "vault", "local")} {
		root, err := os.OpenRoot(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { root.Close() })
		dirs[i] = durable.NewDir(root)
	}
	log, err := audit.Open(audit.Options{Dir: dirs[0], Now: w.now, Random: w.random, Memories: []audit.Memory{memory.Local{Dir: dirs[1]}}})
	if err != nil {
		t.Fatal(err)
	}
	words := make([]any, 70_000/len(word))
	for i := range words {
		words[i] = word
	}
	r, err := log.Append(t.Context(), audit.Draft{Act: "sandbox_finished", Outcome: event.OK, Details: event.Details{{Name: "events", Value: words}}})
	if err != nil {
		t.Fatal(err)
	}
	return r.Events[0].Event.N
}

// What an event keeps in a file of its own can be removed: the event and all hashes stay, the log is as
// whole as before, and that it was done is recorded.
func TestRedact(t *testing.T) {
	w := newLoggedWorld(t)
	at := w.appendLarge(t, "confidential")
	n := strconv.FormatUint(at, 10)
	w.must(t, exitDone, "keygen", "-o", "k", "--no-passphrase")
	w.must(t, exitDone, "audit", "show", n)
	if !strings.Contains(w.out.String(), "confidential") {
		t.Fatalf("%.500s", w.out.String())
	}
	w.must(t, exitDone, "audit", "show", n, "--raw")
	line := w.out.String()
	file := filepath.Join(w.auditDir(t), "details", n+".bin")
	if _, err := os.Stat(file); err != nil || strings.Contains(line, "confidential") {
		t.Fatalf("%v, %.500s", err, line)
	}
	start := len(w.events(t, 0))

	w.must(t, exitDone, "audit", "prune", "--redact", n)
	if got := w.out.String(); got != "the details of event "+n+" are gone\n" {
		t.Errorf("%q", got)
	}
	if !strings.Contains(w.err.String(), "alert: high: audit.redacted ok") {
		t.Errorf("nobody hears of it: %q", w.err.String())
	}
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
	events := w.events(t, start)
	wantActs(t, events, "audit.redacted ok")
	if events[0].Severity != event.High || events[0].Details.Int("at") != int64(at) {
		t.Errorf("%+v", events[0])
	}
	w.must(t, exitDone, "audit", "show", n)
	if got := w.out.String(); strings.Contains(got, "confidential") || !strings.Contains(got, "redacted; the event says c:") {
		t.Errorf("%s", got)
	}
	w.must(t, exitDone, "audit", "show", n, "--raw")
	if got := w.out.String(); got != line {
		t.Errorf("the line is another:\n%s%s", line, got)
	}
	w.must(t, exitDone, "audit", "verify")
	w.must(t, exitNotFound, "audit", "prune", "--redact", n)
	w.must(t, exitNotFound, "audit", "prune", "--redact", "0")

	w = newLoggedWorld(t)
	n = strconv.FormatUint(w.appendLarge(t, "confidential"), 10)
	w.must(t, exitDone, "audit", "prune", "--redact", n, "--json")
	if got := w.out.String(); !strings.Contains(got, `"redacted":`+n) || !strings.Contains(got, `"ok":true`) {
		t.Errorf("%s", got)
	}
}
