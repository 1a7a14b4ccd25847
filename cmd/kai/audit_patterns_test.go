package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"kai/internal/audit/event"
)

// patterns counts the violations that are recorded, by pattern.
func (w *world) patterns(t *testing.T) map[string]int {
	t.Helper()
	found := map[string]int{}
	for _, e := range w.events(t, 0) {
		if e.Act == "audit.violation" {
			found[e.Details.Text("pattern")]++
		}
	}
	return found
}

// signed gives the world a key and a signed file.
func (w *world) signed(t *testing.T) {
	t.Helper()
	w.put(t, "f", []byte("text\n"))
	w.must(t, exitDone, "keygen", "-o", "k", "--no-passphrase")
	w.must(t, exitDone, "sign", "f", "--key", "file:"+filepath.Join(w.workDir, "k"))
}

// Five failed authentications in five minutes, of one user: not four, and not five in more time.
func TestPatternRepeatedFailedAuthentication(t *testing.T) {
	const pattern = "repeated_failed_authentication"
	w := newLoggedWorld(t)
	w.signed(t)
	start := w.now()
	at := func(after time.Duration) { w.system.now = func() time.Time { return start.Add(after) } }
	w.put(t, "f", []byte("changed\n"))
	for i := range 4 {
		at(time.Duration(i) * time.Second)
		w.must(t, exitBad, "verify", "f", "--signer", "k.pub")
	}
	at(5*time.Minute + 500*time.Millisecond) // the first is too old by now
	w.must(t, exitBad, "verify", "f", "--signer", "k.pub")
	if n := w.patterns(t)[pattern]; n != 0 {
		t.Fatalf("%d violations by the fourth within five minutes", n)
	}
	at(5*time.Minute + 600*time.Millisecond)
	w.must(t, exitBad, "verify", "f", "--signer", "k.pub")
	events := w.events(t, 0)
	last := events[len(events)-1]
	if last.Act != "audit.violation" || last.Details.Text("pattern") != pattern || last.Severity != event.High || last.Details.Int("count") != 5 {
		t.Fatalf("%+v", last)
	}
	// One a timespan.
	at(5*time.Minute + 700*time.Millisecond)
	w.must(t, exitBad, "verify", "f", "--signer", "k.pub")
	if n := w.patterns(t)[pattern]; n != 1 {
		t.Errorf("%d violations", n)
	}
}

// The same in one command: a batch is judged with what is in it, and has one violation.
func TestPatternsOfBatches(t *testing.T) {
	w := newLoggedWorld(t)
	w.signed(t)
	w.put(t, "f", []byte("changed"))
	w.must(t, exitBad, "verify", "f", "f", "f", "--signer", "k.pub") // three, and the whole
	if found := w.patterns(t); len(found) != 0 {
		t.Fatalf("%v", found)
	}
	w.must(t, exitBad, "verify", "f", "--signer", "k.pub")
	if found := w.patterns(t); found["repeated_failed_authentication"] != 1 {
		t.Errorf("%v", found)
	}

	w = newLoggedWorld(t)
	w.signed(t)
	w.put(t, "f", []byte("changed"))
	w.must(t, exitBad, "verify", "f", "f", "f", "f", "f", "--signer", "k.pub")
	if found := w.patterns(t); found["repeated_failed_authentication"] != 1 {
		t.Errorf("%v", found)
	}
	// What is not there, or has no signature, is no attempt at anything.
	w = newLoggedWorld(t)
	w.put(t, "a", []byte("a"))
	w.must(t, exitUndecidable, "verify", "a", "a", "a", "a", "a", "nothing")
	if found := w.patterns(t); len(found) != 0 {
		t.Errorf("%v", found)
	}
}

// A good signature by a revoked key betrays trust; a bad one, or one by a stranger, does not.
func TestPatternTrustViolation(t *testing.T) {
	peer(t, "ssh-keygen")
	w := newLoggedWorld(t)
	w.signed(t)
	if out, err := exec.Command("ssh-keygen", "-q", "-k", "-f", filepath.Join(w.workDir, "krl"), filepath.Join(w.workDir, "k.pub")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	w.must(t, exitUntrusted, "verify", "f")
	if found := w.patterns(t); len(found) != 0 {
		t.Fatalf("%v", found)
	}
	public, err := os.ReadFile(filepath.Join(w.workDir, "k.pub"))
	if err != nil {
		t.Fatal(err)
	}
	w.put(t, "allowed", append([]byte("ada@example.org "), public...))
	w.must(t, exitUntrusted, "verify", "f", "--allowed-signers", "allowed", "--krl", "krl")
	events := w.events(t, 0)
	judged, last := events[len(events)-2], events[len(events)-1]
	if judged.Details.Text("error") != "revoked" || last.Details.Text("pattern") != "trust_violation" || last.Severity != event.High {
		t.Errorf("%+v\n%+v", judged, last)
	}
}
