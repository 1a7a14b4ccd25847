package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"kai/internal/audit/event"
)

// snapshot is everything in the home but the log, by name.
func (v *vaultHome) snapshot(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for name, data := range filesBelow(t, filepath.Join(v.home, "vault"), v.run) {
		if !strings.Contains(filepath.Base(name), "audit-") && filepath.Base(name) != "lock" {
			all[name] = string(data)
		}
	}
	return all
}

// sameAs tells what has changed since a snapshot.
func (v *vaultHome) sameAs(t *testing.T, before map[string]string) {
	t.Helper()
	now := v.snapshot(t)
	for name, data := range now {
		if old, ok := before[name]; !ok || old != data {
			t.Errorf("%s is new or changed", name)
		}
	}
	if len(now) != len(before) {
		t.Errorf("%d files became %d", len(before), len(now))
	}
}

// lastEvent is the newest event of the log.
func (v *vaultHome) lastEvent(t *testing.T) event.Event {
	t.Helper()
	events := parseSegment(t, filepath.Join(v.home, "audit", "seg", "000000000000.jsonl"))
	return events[len(events)-1]
}

// Whatever ends a question, the terminal is as it was, and nothing is changed.
func TestVaultPromptEnds(t *testing.T) {
	v := newVaultHome(t)
	v.set(t, "value", "vault", "set", "ci/github", "--service", "github")
	v.done(t, "vault", "lock")
	locked := v.snapshot(t)
	key := "\x03"
	tests := []struct {
		name string
		args []string
		asks string
		open bool
		end  func(s *ptySession)
		code int
		act  string
	}{
		{"unlock, Ctrl-C", []string{"unlock"}, "Passphrase for the vault: ", false, func(s *ptySession) { s.send("corr" + key) }, 130, "vault_unlock_failed fail"},
		{"unlock, Ctrl-D", []string{"unlock"}, "Passphrase for the vault: ", false, func(s *ptySession) { s.send("\x04") }, exitLocked, "vault_unlock_failed fail"},
		{"unlock, hang-up", []string{"unlock"}, "Passphrase for the vault: ", false, func(s *ptySession) { s.cmd.Process.Signal(syscall.SIGHUP) }, 129, "vault_unlock_failed fail"},
		{"unlock, wrong", []string{"unlock"}, "Passphrase for the vault: ", false, func(s *ptySession) { s.send("wrong\r") }, exitLocked, "vault_unlock_failed fail"},
		{"set, Ctrl-C", []string{"set", "ci/github"}, ": ", true, func(s *ptySession) { s.send("other" + key) }, 130, "secret_stored fail"},
		{"set, Ctrl-C at the second question", []string{"set", "ci/github"}, ": ", true, func(s *ptySession) { s.send("other\r"); s.expect(":"); s.send("oth" + key) }, 130, "secret_stored fail"},
		{"slot add, Ctrl-C at the second question", []string{"slot", "add", "password"}, "New passphrase for the vault: ", true, func(s *ptySession) { s.send("other\r"); s.expect(":"); s.send(key) }, 130, "slot_added fail"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := locked
			if test.open {
				v.done(t, "vault", "unlock", "--passphrase-file", "pw")
				before = v.snapshot(t)
			}
			s := startPTY(t, v.command(t, append([]string{"vault"}, test.args...)...))
			s.expect(test.asks)
			if s.echo() {
				t.Error("the terminal echoes what is typed")
			}
			test.end(s)
			if code := s.wait(); code != test.code {
				t.Errorf("exit %d, want %d: %q", code, test.code, s.text())
			}
			if !s.echo() {
				t.Error("echo is still off")
			}
			v.sameAs(t, before)
			if e := v.lastEvent(t); e.Act+" "+e.Outcome.String() != test.act {
				t.Errorf("recorded %s %v, want %s", e.Act, e.Outcome, test.act)
			}
			if test.open {
				v.done(t, "vault", "lock")
			}
		})
	}

	// A vault that is not made yet is not half made.
	if err := os.RemoveAll(filepath.Join(v.home, "vault")); err != nil {
		t.Fatal(err)
	}
	s := startPTY(t, v.command(t, "vault", "init"))
	s.expect(":")
	s.send("one\r")
	s.expect(":")
	s.send(key)
	if code := s.wait(); code != 130 || !s.echo() {
		t.Errorf("init: exit %d, echo %v: %q", code, s.echo(), s.text())
	}
	v.fails(t, exitNotFound, "vault", "status")
}

// The password is asked for at the terminal, not at the standard input, which belongs to the secret;
// and what is asked is no part of the answer.
func TestVaultPromptIsTheTerminal(t *testing.T) {
	v := newVaultHome(t)
	v.done(t, "vault", "lock")
	var stdout, stderr bytes.Buffer
	cmd := v.command(t, "vault", "unlock", "--json")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader("not the password\n"), &stdout, &stderr
	s := startPTY(t, cmd)
	s.expect("Passphrase for the vault: ")
	s.send(v.password + "\r")
	if code := s.wait(); code != exitDone {
		t.Fatalf("exit %d: %q\n%s", code, s.text(), stderr.String())
	}
	if text := stdout.String() + stderr.String(); strings.Contains(text, "Passphrase") || strings.Contains(s.text(), v.password) || !strings.HasPrefix(stdout.String(), "{") {
		t.Errorf("streams %q, terminal %q", text, s.text())
	}
	// A secret comes from the pipe while the terminal is free for the password that it needs.
	v.done(t, "vault", "lock")
	v.done(t, "vault", "unlock", "--passphrase-file", "pw")
	cmd = v.command(t, "vault", "set", "ci/piped", "--service", "s")
	cmd.Stdin = strings.NewReader("from the pipe")
	if s := startPTY(t, cmd); s.wait() != exitDone {
		t.Errorf("%q", s.text())
	}
	if got := v.done(t, "vault", "get", "ci/piped"); got != "from the pipe" {
		t.Errorf("%q", got)
	}
}

// newVaultWorld is a world in which there is a vault, opened by what is in the file pw, and a clock.
func newVaultWorld(t *testing.T) (w *world, clock *time.Time) {
	t.Helper()
	needKeyring(t)
	w = newLoggedWorld(t)
	now := time.Now()
	w.system.now = func() time.Time { return now }
	user, err := w.userHome()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { forgetSessions(t, user) })
	w.put(t, "pw", []byte("correct horse battery staple\n"))
	w.put(t, "wrong", []byte("incorrect\n"))
	w.must(t, exitDone, "vault", "init", "--kdf", "pbkdf2", "--passphrase-file", "pw")
	return w, &now
}

// From the fifth wrong password in five minutes on each makes the next attempt wait twice as long, and
// so do those at other commands. The right one has to wait too.
func TestBackOff(t *testing.T) {
	w, clock := newVaultWorld(t)
	wrong := func() {
		t.Helper()
		w.must(t, exitLocked, "vault", "unlock", "--passphrase-file", "wrong")
		if !strings.Contains(w.err.String(), "wrong factor") {
			t.Fatalf("%s", w.err.String())
		}
	}
	waits := func(want time.Duration) {
		t.Helper()
		w.must(t, exitLocked, "vault", "unlock", "--passphrase-file", "pw")
		if !strings.Contains(w.err.String(), fmt.Sprintf("wrong attempts: wait %v", want)) {
			t.Errorf("want %v: %s", want, w.err.String())
		}
	}
	right := func() { t.Helper(); w.must(t, exitDone, "vault", "unlock", "--passphrase-file", "pw") }
	pass := func(d time.Duration) { *clock = clock.Add(d) }

	for range 4 {
		wrong()
		pass(time.Second)
	}
	right()
	for range 5 { // those before a success do not count
		wrong()
	}
	waits(time.Second)
	for _, next := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		waits(next)
		pass(next - time.Millisecond)
		w.must(t, exitLocked, "vault", "unlock", "--passphrase-file", "wrong")
		if !strings.Contains(w.err.String(), "wait") { // too early, which is no attempt
			t.Errorf("%s", w.err.String())
		}
		pass(time.Millisecond)
		wrong()
	}
	waits(8 * time.Second)
	*clock = clock.Add(-time.Hour) // a clock that was wrong locks nobody out
	right()
	pass(time.Hour + backOffWindow + time.Second)

	// Where a session is open and its five minutes are over, credentials ask again.
	right()
	w.stdin = strings.NewReader("value")
	w.must(t, exitDone, "vault", "set", "default/mail")
	pass(6 * time.Minute)
	for range 5 {
		w.must(t, exitLocked, "vault", "get", "default/mail", "--passphrase-file", "wrong")
	}
	w.must(t, exitLocked, "vault", "get", "default/mail", "--passphrase-file", "pw")
	if !strings.Contains(w.err.String(), "wrong attempts: wait 1s") {
		t.Errorf("%s", w.err.String())
	}
	waits(time.Second)
	pass(time.Second)
	w.must(t, exitDone, "vault", "get", "default/mail", "--passphrase-file", "pw")
	w.must(t, exitDone, "vault", "lock")
}

// Values, passwords and the keys of sessions go through every command of the vault, where it works and
// where it fails. None is in the log or an answer about it, in what a command says, or in the home.
func TestSecretsOfTheVaultStayInside(t *testing.T) {
	c := canaries{}
	w, clock := newVaultWorld(t)
	c["password"] = []byte("correct horse battery staple")
	w.put(t, "wrong", []byte(c.random("wrong password")+"\n"))
	w.put(t, "second", []byte(c.random("second password")+"\n"))
	w.put(t, "file", []byte(c.random("field from a file")))
	said := map[string][]byte{}
	run := func(code int, stdin string, args ...string) {
		t.Helper()
		w.stdin = strings.NewReader(stdin)
		w.must(t, code, args...)
		said[fmt.Sprintf("%d: kai %s", len(said), strings.Join(args, " "))] = slices.Concat(w.err.Bytes())
	}
	argument := c.random("argument")
	value := c.random("value")
	run(exitDone, value, "vault", "set", "default/one")
	run(exitDone, value, "vault", "set", "default/key", "--service", "s")
	run(exitDone, "", "vault", "set", "default/many", "--field", "a=@file", "--field", "b=@file")
	run(exitConflict, value, "vault", "set", "default/one", "--new")
	run(exitConflict, value, "vault", "set", "default/one", "--if-version", "7")
	run(exitNotFound, value, "vault", "set", "nowhere/one")
	run(exitUsage, value, "vault", "set", "default/one", argument)
	run(exitUsage, value, "vault", "unlock", argument)
	run(exitUsage, strings.Repeat(value, 2), "vault", "set", "default/one#two", "--field", "two=@file")
	run(exitUsage, value, "vault", "set", "default/one", "--expires", "soon")
	run(exitDone, "", "vault", "get", "default/one")
	run(exitDone, "", "vault", "get", "default/one", "--json")
	run(exitDone, "", "vault", "get", "default/key", "-o", "copy")
	run(exitConflict, "", "vault", "get", "default/key", "-o", "copy")
	run(exitNotFound, "", "vault", "get", "default/one#none")
	run(exitUsage, "", "vault", "get", "default/many")
	run(exitNotFound, "", "vault", "get", "default/one", "--otp")
	w.put(t, "template", []byte("a={{ kai://default/key }} b={{ kai://default/one|json }}\n"))
	run(exitDone, "", "vault", "inject", "-i", "template", "-o", "filled")
	run(exitDone, "", "vault", "list")
	run(exitDone, "", "vault", "list", "--json")
	run(exitDone, "", "vault", "history", "default/one")
	run(exitDone, "", "vault", "mv", "default/one", "default/two")
	run(exitDone, "", "vault", "cp", "default/two", "default/one")
	run(exitDone, value, "vault", "set", "default/old", "--expires", "1s", "--service", "s")
	*clock = clock.Add(2 * time.Second)
	run(exitUntrusted, "", "vault", "get", "default/old")
	run(exitDone, "", "vault", "rm", "default/old")
	run(exitDone, "", "vault", "slot", "add", "password", "--kdf", "pbkdf2", "--passphrase-file", "second")
	run(exitDone, "", "vault", "slot", "rm", strings.TrimSpace(w.out.String()))
	run(exitDone, "", "vault", "compact")
	run(exitUntrusted, "", "vault", "check", "--deep") // all are to be changed: a slot was removed
	run(exitLocked, "", "vault", "unlock", "--passphrase-file", "wrong")
	run(exitDone, "", "vault", "unlock", "--print", "--passphrase-file", "pw")
	token := strings.TrimSpace(w.out.String())
	c["session"] = []byte(token[8:])
	environ := w.system.environ
	w.system.environ = append(slices.Clone(environ), sessionVariable+"="+token)
	run(exitDone, "", "vault", "get", "default/key")
	w.system.environ = append(slices.Clone(environ), sessionVariable+"="+token[:50])
	run(exitLocked, "", "vault", "get", "default/key")
	w.system.environ = environ
	run(exitDone, "", "vault", "lock", "--all")
	run(exitLocked, "", "vault", "get", "default/key")
	w.must(t, exitDone, "keygen", "-o", "auditor", "--no-passphrase")
	w.must(t, exitDone, "audit", "checkpoint", "--key", "file:auditor")

	later := clock.Add(time.Minute)
	w.system.now = func() time.Time { return later }
	for name, data := range w.told(t) {
		said[name] = data
	}
	user, err := w.userHome()
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range filesBelow(t, user) {
		said[name] = data
	}
	for _, leak := range c.seen(said) {
		t.Error(leak)
	}
	// The search is not blind.
	if found := c.seen(map[string][]byte{"copy": w.get(t, "copy"), "filled": w.get(t, "filled")}); len(found) != 2 {
		t.Errorf("in the files that were asked for: %q", found)
	}
}
