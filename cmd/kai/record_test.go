package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kai/internal/audit"
	"kai/internal/audit/event"
)

// newLoggedWorld is a world whose home has a log.
func newLoggedWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, "")
	w.must(t, exitDone, "audit", "init")
	return w
}

// must runs kai and wants an exit code.
func (w *world) must(t *testing.T, code int, args ...string) {
	t.Helper()
	if got := w.run(t, args...); got != code {
		t.Fatalf("kai %s: exit %d, want %d\n%s%s", strings.Join(args, " "), got, code, w.out.String(), w.err.String())
	}
}

// auditDir is where the log of the world lies.
func (w *world) auditDir(t *testing.T) string {
	t.Helper()
	user, err := w.userHome()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(user, ".kind", "audit")
}

// events reads the log, past the first n events.
func (w *world) events(t *testing.T, n int) []event.Event {
	t.Helper()
	return parseSegment(t, filepath.Join(w.auditDir(t), "seg", "000000000000.jsonl"))[n:]
}

// parseSegment reads the events of a segment.
func parseSegment(t *testing.T, name string) []event.Event {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var events []event.Event
	for line := range strings.Lines(string(data)) {
		e, err := event.Parse([]byte(strings.TrimSuffix(line, "\n")))
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

// wantActs holds events against "act outcome" words.
func wantActs(t *testing.T, events []event.Event, want ...string) {
	t.Helper()
	var got []string
	for _, e := range events {
		got = append(got, e.Act+" "+e.Outcome.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("events\n got %q\nwant %q", got, want)
	}
}

func TestWithoutHomeNothingIsRecorded(t *testing.T) {
	w := newWorld(t, "")
	w.put(t, "f", []byte("text\n"))
	w.must(t, exitDone, "keygen", "-o", "k", "--no-passphrase")
	w.must(t, exitDone, "sign", "f", "--key", "file:"+filepath.Join(w.workDir, "k"))
	w.must(t, exitDone, "verify", "f", "--signer", "k.pub")
	if _, err := os.Stat(filepath.Dir(w.auditDir(t))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a home was made: %v", err)
	}
	w.must(t, exitNotFound, "audit", "query")
}

func TestPrivilegedCommandsLeaveIntentAndOutcome(t *testing.T) {
	w := newLoggedWorld(t)
	wantActs(t, w.events(t, 0), "audit.created ok", "home_created ok")
	w.put(t, "f", []byte("text\n"))
	key := "file:" + filepath.Join(w.workDir, "k")
	w.must(t, exitDone, "keygen", "-o", "k", "--no-passphrase")
	w.must(t, exitDone, "sign", "f", "--key", key)
	w.must(t, exitConflict, "sign", "f", "--key", key)
	w.must(t, exitNotFound, "sign", "f", "--key", "file:nothing")
	events := w.events(t, 2)
	wantActs(
		t, events,
		"key_generation_started begin", "key_generation_completed ok",
		"signature_created begin", "key_retrieved ok", "signature_created ok",
		"signature_created begin", "key_retrieved ok", "signature_created fail",
		"signature_created begin", "key_retrieved fail", "signature_created fail",
	)
	made, used, done, refused := events[1], events[3], events[4], events[7]
	if id := made.Details.Text("key_id"); !strings.HasPrefix(id, "SHA256:") || used.Details.Text("key_id") != id || done.Details.Text("key_id") != id {
		t.Errorf("key ids %q %q %q", id, used.Details.Text("key_id"), done.Details.Text("key_id"))
	}
	if !done.Context.HasRef || done.Context.Ref != events[2].N || used.Context.Ref != events[2].N || events[2].Context.HasRef {
		t.Errorf("references %+v %+v", used.Context, done.Context)
	}
	if done.Context.Cmd != "sign" || done.Source.UID != 1000 || done.Source.PID != 4711 || done.Source.Host != "world" || done.Context.Config == "" {
		t.Errorf("source %+v, context %+v", done.Source, done.Context)
	}
	if got := refused.Details.Text("error"); got != "exists" {
		t.Errorf("error %q", got)
	}
}

func TestJudgingCommandsLeaveTheirOutcome(t *testing.T) {
	w := newLoggedWorld(t)
	for _, name := range []string{"a", "b", "c"} {
		w.put(t, name, []byte(name))
	}
	key := "file:" + filepath.Join(w.workDir, "k")
	w.must(t, exitDone, "keygen", "-o", "k", "--no-passphrase")
	w.must(t, exitDone, "sign", "a", "b", "--key", key)
	start := len(w.events(t, 0))
	w.must(t, exitDone, "verify", "a", "--signer", "k.pub")
	w.must(t, exitUntrusted, "verify", "a")
	w.put(t, "b", []byte("changed"))
	w.must(t, exitBad, "verify", "b", "--signer", "k.pub")
	w.must(t, exitBad, "verify", "a", "b", "c", "--signer", "k.pub")
	events := w.events(t, start)
	wantActs(
		t, events,
		"signature_verified ok", "signature_verified deny", "signature_verified fail",
		"signature_verified fail", "signature_verified deny", "signature_verified fail", // b, c, and the whole
	)
	for i, want := range []string{"", "unknown_signer", "signature", "signature", "no_signature"} {
		if got := events[i].Details.Text("error"); got != want {
			t.Errorf("event %d: error %q, want %q", i, got, want)
		}
	}
	whole := events[5].Details
	if whole.Int("count") != 3 || whole.Int("ok_count") != 1 || whole.Int("fail_count") != 1 || whole.Int("deny_count") != 1 {
		t.Errorf("the whole: %v", whole)
	}
	if events[2].Severity != event.High || events[1].Severity != event.Medium || events[0].Severity != event.Info {
		t.Error("severities")
	}
}

func TestReadOnlyCommandsLeaveNothing(t *testing.T) {
	w := newLoggedWorld(t)
	w.put(t, "f", []byte("text\n"))
	start := len(w.events(t, 0))
	for _, args := range [][]string{{"hash", "f"}, {"version"}, {"doctor"}, {"completion", "bash"}, {"help"}, {"audit", "query"}, {"audit", "status"}} {
		w.must(t, exitDone, args...)
	}
	wantActs(t, w.events(t, start))
}

// damage makes the log one that refuses appends.
func (w *world) damage(t *testing.T) {
	t.Helper()
	if err := os.Truncate(filepath.Join(w.auditDir(t), "seg", "000000000000.jsonl"), 100); err != nil {
		t.Fatal(err)
	}
}

func TestNothingRunsThatCannotBeRecorded(t *testing.T) {
	w := newLoggedWorld(t)
	w.damage(t)
	w.must(t, exitBad, "keygen", "-o", "k", "--no-passphrase")
	if _, err := os.Stat(filepath.Join(w.workDir, "k")); !errors.Is(err, os.ErrNotExist) || w.out.Len() > 0 {
		t.Errorf("the key was made: %v, %q", err, w.out.String())
	}
	if !strings.Contains(w.err.String(), "hint: kai audit verify") {
		t.Errorf("stderr %q", w.err.String())
	}
	// What only judges answers, and says so.
	w.put(t, "f", []byte("text\n"))
	w.must(t, exitUndecidable, "verify", "f")
	if !strings.Contains(w.err.String(), "warning: not recorded: ") {
		t.Errorf("stderr %q", w.err.String())
	}
}

func TestOnFailureWarn(t *testing.T) {
	w := newLoggedWorld(t)
	w.config(t, "[audit]\non_failure = \"warn\"\n")
	segment := filepath.Join(w.auditDir(t), "seg", "000000000000.jsonl")
	whole, err := os.ReadFile(segment)
	if err != nil {
		t.Fatal(err)
	}
	w.damage(t)
	for range 2 {
		w.must(t, exitDone, "keygen", "-o", fmt.Sprint("k", w.err.Len()), "--no-passphrase")
		if !strings.Contains(w.err.String(), "warning: runs unrecorded: ") {
			t.Errorf("stderr %q", w.err.String())
		}
	}
	if err := os.WriteFile(segment, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	w.must(t, exitDone, "keygen", "-o", "k", "--no-passphrase")
	events := w.events(t, 2)
	wantActs(t, events, "audit.gap fail", "config_changed ok", "key_generation_started begin", "key_generation_completed ok")
	if events[0].Details.Int("count") != 2 || events[0].Severity != event.Critical {
		t.Errorf("%+v", events[0])
	}
}

// The answer of a privileged command, which may be a secret, is given out only when its outcome is
// durable.
func TestTheAnswerWaitsForItsRecord(t *testing.T) {
	w := newLoggedWorld(t)
	w.out.Reset()
	env := newEnv(w.system)
	err := record(t.Context(), env, records("secret_retrieved"), nil, func() error {
		if err := env.printf("the secret\n"); err != nil {
			return err
		}
		if w.out.Len() > 0 {
			t.Error("given out before it was recorded")
		}
		w.damage(t)
		return nil
	})
	if o := judge(t.Context(), err); o.code != exitBad || o.ident != "audit_tampered" {
		t.Errorf("%+v", o)
	}
	if strings.Contains(w.out.String(), "secret") {
		t.Errorf("stdout %q", w.out.String())
	}
}

// An interrupted command is recorded all the same.
func TestInterruptedCommandsAreRecorded(t *testing.T) {
	w := newLoggedWorld(t)
	env := newEnv(w.system)
	ctx, cancel := context.WithCancelCause(t.Context())
	err := record(ctx, env, records("secret_retrieved"), nil, func() error {
		cancel(stopped{2})
		return context.Cause(ctx)
	})
	if err == nil {
		t.Error("no error")
	}
	events := w.events(t, 2)
	wantActs(t, events, "secret_retrieved begin", "secret_retrieved fail")
	if got := events[1].Details.Text("error"); got != "signal" {
		t.Errorf("error %q", got)
	}
}

func TestHeldOutput(t *testing.T) {
	var out strings.Builder
	h := &heldOutput{w: &out}
	if _, err := io.WriteString(h, "small"); err != nil || out.Len() > 0 {
		t.Fatalf("%q, %v", out.String(), err)
	}
	big := strings.Repeat("x", maxHeld)
	if _, err := io.WriteString(h, big); err != nil || out.Len() != 5+maxHeld {
		t.Fatalf("%d bytes, %v", out.Len(), err)
	}
}

// A batch leaves one intent, one outcome with numbers, and an event for each input that failed, a
// thousand at most.
func TestBatches(t *testing.T) {
	w := newLoggedWorld(t)
	env := newEnv(w.system)
	err := record(t.Context(), env, observes("signature_verified"), nil, func() error {
		for i := range 1500 {
			code := exitDone
			if i%5 > 0 {
				code = exitBad
			}
			env.judged(code, event.Details{{Name: "error", Value: "signature"}})
		}
		return reported(exitBad)
	})
	if err == nil {
		t.Error("no error")
	}
	events := w.events(t, 2)
	signatures := slices.DeleteFunc(slices.Clone(events), func(e event.Event) bool { return e.Act != "signature_verified" })
	last := signatures[len(signatures)-1]
	if len(signatures) != 1001 || last.Details.Int("fail_count") != 1200 || last.Details.Int("ok_count") != 300 {
		t.Errorf("%d events, the last %v", len(signatures), last.Details)
	}
}

func TestUnavailable(t *testing.T) {
	for _, c := range []struct {
		err   error
		code  int
		ident string
	}{
		{&audit.TamperError{N: 5, Check: audit.CheckMAC, Text: "x"}, exitBad, "audit_tampered"},
		{&audit.RollbackError{Memory: "local", Text: "x"}, exitBad, "audit_rollback"},
		{fmt.Errorf("%w: x", audit.ErrDiskFull), exitFailure, "audit_unavailable"},
		{fmt.Errorf("a: %w", audit.ErrPermission), exitDenied, "permission"},
		{errors.New("input/output error"), exitFailure, "audit_unavailable"},
	} {
		if o := judge(t.Context(), unavailable(c.err)); o.code != c.code || o.ident != c.ident || o.hint == "" && c.code != exitDenied {
			t.Errorf("%v: %+v", c.err, o)
		}
	}
}
