package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
)

// parented lets the world tell how often the executable of its parent was hashed.
func (w *world) parented() *int {
	hashed := 0
	facts := w.system.process()
	facts.parent = func() string { hashed++; return "0123456789abcdef" }
	w.system.process = func() processFacts { return facts }
	return &hashed
}

// Only who appends hashes the executable of the parent; then each event names it.
func TestParentIsHashedToAppend(t *testing.T) {
	w := newWorld(t, "")
	hashed := w.parented()
	w.must(t, exitDone, "audit", "init")
	w.must(t, exitDone, "keygen", "-o", "k", "--no-passphrase")
	key := "file:" + filepath.Join(w.workDir, "k")
	w.must(t, exitDone, "audit", "checkpoint", "--key", key)
	w.must(t, exitDone, "audit", "export", "--format", "csv", "-o", "csv")
	for _, e := range w.events(t, 0) {
		if e.Source.Parent != "0123456789abcdef" {
			t.Errorf("event %d, %s: parent %q", e.N, e.Act, e.Source.Parent)
		}
	}
	if *hashed == 0 {
		t.Error("never hashed")
	}
	*hashed = 0
	for _, line := range []string{
		"query", "query --count", "show 0", "show 0 --raw", "tail", "status", "verify", "verify --public", "verify --quick",
		"prove 1", "report", "alert list", "alert rules", "witness list", "witness request",
	} {
		w.must(t, exitDone, append([]string{"audit"}, strings.Fields(line)...)...)
		if *hashed != 0 {
			t.Errorf("kai audit %s: the parent's executable was read", line)
			*hashed = 0
		}
	}
}

// Who signs a checkpoint opens a private key, and that is recorded before the key is used, also
// when it cannot be opened.
func TestCheckpointRecordsItsKeys(t *testing.T) {
	w := newLoggedWorld(t)
	w.must(t, exitDone, "keygen", "-o", "k", "--no-passphrase")
	made := w.events(t, 0)
	w.must(t, exitDone, "audit", "checkpoint", "--key", "file:"+filepath.Join(w.workDir, "k"))
	w.must(t, exitNotFound, "audit", "checkpoint", "--key", "file:nobody")
	events := w.events(t, len(made))
	wantActs(t, events, "key_retrieved ok", "audit.checkpoint ok", "key_retrieved fail")
	id := made[len(made)-1].Details.Text("key_id")
	if got := events[0].Details; got.Text("key_id") != id || id == "" || got.Text("backend") != "file" {
		t.Errorf("%v, want %s", got, id)
	}
	if got := events[2].Details.Text("error"); got != "not_found" {
		t.Errorf("error %q", got)
	}
	if events[0].Context.Cmd != "audit checkpoint" || events[0].Context.HasRef {
		t.Errorf("%+v", events[0].Context)
	}
}

// A log that is only verified stays as it is, byte for byte, with an auditor's key too: it may be a
// copy. Who changes it with that key leaves the key's name.
func TestVerifyingLeavesTheLogAlone(t *testing.T) {
	w := newWorld(t, "")
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	w.put(t, "aud", []byte(identity.String()+"\n"))
	w.must(t, exitDone, "audit", "init")
	old := filepath.Join(t.TempDir(), "audit")
	w.config(t, "[audit]\nauditors = [\""+identity.Recipient().String()+"\"]\n")
	w.must(t, exitDone, "keygen", "-o", "k", "--no-passphrase")
	w.must(t, exitDone, "audit", "checkpoint", "--new-epoch", "--key", "file:"+filepath.Join(w.workDir, "k"))
	if err := os.CopyFS(old, os.DirFS(w.auditDir(t))); err != nil {
		t.Fatal(err)
	}
	segment := filepath.Join(w.auditDir(t), "seg", "000000000000.jsonl")
	before, err := os.ReadFile(segment)
	if err != nil {
		t.Fatal(err)
	}
	auditor := "file:" + filepath.Join(w.workDir, "aud")
	w.must(t, exitLocked, "audit", "verify")
	w.must(t, exitDone, "audit", "verify", "--auditor", auditor)
	w.must(t, exitDone, "audit", "verify", "--auditor", auditor, "--repair")
	w.must(t, exitDone, "audit", "verify", "--auditor", auditor, "--accept-rollback", "nothing to accept")
	if after, err := os.ReadFile(segment); err != nil || string(after) != string(before) {
		t.Errorf("verify has appended: %v\n%s", err, after)
	}

	w.must(t, exitDone, "keygen", "-o", "k2", "--no-passphrase")
	w.restore(t, old)
	start := len(w.events(t, 0))
	w.must(t, exitDone, "audit", "verify", "--auditor", auditor, "--accept-rollback", "a test")
	events := w.events(t, start)
	wantActs(t, events, "audit.rollback ok", "key_retrieved ok")
	if got := events[1].Details.Text("key_type"); got != "x25519" {
		t.Errorf("key type %q", got)
	}

	w.loseState(t)
	start = len(w.events(t, 0))
	w.must(t, exitUndecidable, "audit", "verify", "--auditor", auditor, "--repair")
	events = w.events(t, start)
	if last := events[len(events)-1]; last.Act != "key_retrieved" || last.Details.Text("key_type") != "x25519" {
		t.Errorf("%+v", last)
	}
}
