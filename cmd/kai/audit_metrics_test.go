package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// audit.metrics_file follows each recorded command, from counters that are kept, and made anew
// when they are no good.
func TestMetricsFile(t *testing.T) {
	w := newLoggedWorld(t)
	name := filepath.Join(w.workDir, "kai.prom")
	w.configure(t, fmt.Sprintf("[audit]\nmetrics_file = %q\n", name))
	kept := filepath.Join(w.auditDir(t), "metrics.json")
	wants := func(lines ...string) {
		t.Helper()
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if !strings.Contains(string(data), line+"\n") {
				t.Errorf("no %q in\n%s", line, data)
			}
		}
	}
	w.must(t, exitDone, "keygen", "-o", "k", "--no-passphrase")
	// audit.created, home_created, config_changed, and the two of keygen.
	wants("kai_audit_size_events 5", `kai_audit_events_total{type="encryption",severity="low",outcome="ok"} 1`,
		"kai_audit_outbox_pending 0", "kai_audit_unsigned_events 5")

	w.put(t, "f", []byte("text\n"))
	w.must(t, exitUndecidable, "verify", "f", "f", "f", "f", "f")
	wants("kai_audit_size_events 11", `kai_audit_events_total{type="authentication",severity="medium",outcome="deny"} 6`)
	whole, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}

	for what, content := range map[string]string{
		"garbage":     "{",
		"another log": strings.Replace(string(whole), `"log_id":"`, `"log_id":"X`, 1),
		"too many":    strings.Replace(string(whole), `"n":11`, `"n":99`, 1),
		"too few":     `{"alerts":{},"events":{},"log_id":"` + w.logID(t) + `","n":0,"recoveries":0,"v":1,"violations":{}}`,
	} {
		if err := os.WriteFile(kept, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		w.must(t, exitDone, "audit", "status", "--metrics", name)
		if again, err := os.ReadFile(kept); err != nil || string(again) != string(whole) {
			t.Errorf("%s: %v\n got %s\nwant %s", what, err, again, whole)
		}
	}
	if err := os.Remove(kept); err != nil {
		t.Fatal(err)
	}
	w.must(t, exitUndecidable, "verify", "f")
	wants("kai_audit_size_events 12", `kai_audit_events_total{type="authentication",severity="medium",outcome="deny"} 7`)

	// A violation is counted by its pattern: at the fifth failure within five minutes.
	const violations = `kai_audit_violations_total{pattern="repeated_failed_authentication"} `
	w.must(t, exitDone, "sign", "f", "--key", "file:"+filepath.Join(w.workDir, "k"))
	w.put(t, "f", []byte("changed\n"))
	for range 4 {
		w.must(t, exitBad, "verify", "f", "--signer", "k.pub")
	}
	if data, err := os.ReadFile(name); err != nil || strings.Contains(string(data), violations) {
		t.Errorf("%v: a violation by the fourth failure\n%s", err, data)
	}
	w.must(t, exitBad, "verify", "f", "--signer", "k.pub")
	wants(violations + "1")
	w.must(t, exitBad, "verify", "f", "--signer", "k.pub")
	wants(violations + "1") // one a timespan
	if err := os.Remove(kept); err != nil {
		t.Fatal(err)
	}
	w.must(t, exitDone, "audit", "status", "--metrics", name)
	wants(violations + "1") // counted anew from the log

	w.must(t, exitDone, "audit", "verify")
	w.must(t, exitDone, "audit", "status", "--metrics", "-")
	if out := w.out.String(); !strings.Contains(out, "kai_audit_verify_ok 1\n") {
		t.Errorf("%s", out)
	}
	w.must(t, exitUsage, "audit", "status", "--metrics", "-", "--json")
}

// A metrics file that cannot be written is a warning.
func TestMetricsFileThatCannotBeWritten(t *testing.T) {
	w := newLoggedWorld(t)
	w.configure(t, fmt.Sprintf("[audit]\nmetrics_file = %q\n", filepath.Join(w.workDir, "no", "kai.prom")))
	w.must(t, exitDone, "keygen", "-o", "k", "--no-passphrase")
	if !strings.Contains(w.err.String(), "warning: audit metrics: ") {
		t.Errorf("%q", w.err.String())
	}
}

// logID is that of the world's log.
func (w *world) logID(t *testing.T) string {
	t.Helper()
	w.must(t, exitDone, "audit", "status", "--json")
	_, rest, ok := strings.Cut(w.out.String(), `"log_id":"`)
	if !ok {
		t.Fatal(w.out.String())
	}
	return rest[:26]
}
