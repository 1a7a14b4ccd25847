package main

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kai/internal/audit"
	"kai/internal/audit/event"
	"kai/internal/durable"
)

// An unlock begins a new epoch when the one of now is an hour old.
func TestEpochsByTheClock(t *testing.T) {
	needKeyring(t)
	w := newLoggedWorld(t)
	t.Cleanup(func() { forgetSessions(t, filepath.Dir(w.auditDir(t))) })
	now := w.now()
	w.now = func() time.Time { return now }
	w.put(t, "pw", []byte("correct horse\n"))
	w.must(t, exitDone, "vault", "init", "--kdf", "pbkdf2", "--passphrase-file", "pw")
	w.must(t, exitDone, "keygen", "me")
	epochs := func(want string) {
		t.Helper()
		w.must(t, exitDone, "audit", "query", "--act", "audit.epoch", "--count")
		if got := strings.TrimSpace(w.out.String()); got != want {
			t.Errorf("%s epochs were begun, want %s", got, want)
		}
	}
	for _, step := range []struct {
		after time.Duration
		want  string
	}{{0, "1"}, {59 * time.Minute, "1"}, {time.Minute, "2"}, {time.Minute, "2"}, {100 * time.Hour, "3"}} {
		now = now.Add(step.after)
		w.must(t, exitDone, "vault", "unlock", "--passphrase-file", "pw")
		epochs(step.want)
	}
	w.must(t, exitDone, "audit", "verify")
	if !strings.Contains(w.out.String(), "ok") {
		t.Errorf("%s", w.out.String())
	}
}

// The log is signed whenever its number of events comes past a multiple of 4,096.
func TestLogIsSignedNowAndThen(t *testing.T) {
	needKeyring(t)
	w := newLoggedWorld(t)
	t.Cleanup(func() { forgetSessions(t, filepath.Dir(w.auditDir(t))) })
	w.put(t, "pw", []byte("correct horse\n"))
	w.must(t, exitDone, "vault", "init", "--kdf", "pbkdf2", "--passphrase-file", "pw")
	w.must(t, exitDone, "keygen", "me")
	w.must(t, exitDone, "audit", "checkpoint")
	count := func() string {
		t.Helper()
		w.must(t, exitDone, "audit", "query", "--act", "audit.checkpoint", "--count")
		return strings.TrimSpace(w.out.String())
	}
	w.fill(t, signEvery-20)
	if got := count(); got != "1" {
		t.Fatalf("%s checkpoints before", got)
	}
	for range 15 {
		w.must(t, exitDone, "vault", "generate", "default/x", "--length", "20")
	}
	if got := count(); got != "2" {
		t.Errorf("%s checkpoints after", got)
	}
	w.must(t, exitDone, "audit", "verify", "--public")
}

// fill lets the log have so many events.
func (w *world) fill(t *testing.T, size uint64) {
	t.Helper()
	root, err := os.OpenRoot(w.auditDir(t))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	log, err := audit.Open(audit.Options{Dir: durable.NewDir(root), Now: w.now, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	n, err := log.Size()
	for ; err == nil && n < size; n, err = log.Size() {
		drafts := make([]audit.Draft, min(size-n, 1000))
		for i := range drafts {
			drafts[i] = audit.Draft{Act: "vault_locked", Outcome: event.OK}
		}
		if _, err := log.Append(t.Context(), drafts...); err != nil {
			t.Fatal(err)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}
