package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestOutput(t *testing.T) {
	w := newWorld(t, "")
	env := newEnv(w.system)
	name := filepath.Join(w.workDir, "out")

	if err := env.writeFile(t.Context(), "out", []byte("one"), outputOptions{}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}

	// Existing: exit 10 and untouched, with the flag as advice only where there is one.
	for flag, hint := range map[string]string{"": "", "-f": "-f replaces it"} {
		err := env.writeFile(t.Context(), "out", []byte("two"), outputOptions{flag: flag})
		if o := judge(t.Context(), err); o.code != exitConflict || o.ident != "exists" || o.hint != hint {
			t.Errorf("existing file: %+v", o)
		}
	}
	mustHold(t, name, "one")

	if err := env.writeFile(t.Context(), "out", []byte("two"), outputOptions{force: true, flag: "-f"}); err != nil {
		t.Fatal(err)
	}
	mustHold(t, name, "two")
	mustBeAlone(t, name)
}

// Whatever stops a command, nothing is left and nothing existing is touched.
func TestOutputStopped(t *testing.T) {
	w := newWorld(t, "")
	env := newEnv(w.system)
	name := writeFile(t, filepath.Join(w.workDir, "out"), "old", 0o600)
	ctx, cancel := context.WithCancelCause(t.Context())
	out, err := env.create("out", outputOptions{force: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Write([]byte("new")); err != nil {
		t.Fatal(err)
	}
	cancel(errors.New("stop"))
	if err := out.Commit(ctx); err == nil || err.Error() != "stop" {
		t.Errorf("Commit after the context's end: %v", err)
	}
	out.Abort()
	out.Abort()
	mustHold(t, name, "old")
	mustBeAlone(t, name)
}

func TestOutputToStdout(t *testing.T) {
	tests := []struct {
		name             string
		binary, terminal bool
		code             int
	}{
		{"", false, false, 0},
		{"", false, true, 0},
		{"", true, false, 0},
		{"", true, true, exitUsage},
		{"-", true, true, 0},
	}
	for _, test := range tests {
		w := newWorld(t, "")
		w.stdoutTerminal = test.terminal
		err := newEnv(w.system).writeFile(t.Context(), test.name, []byte("x"), outputOptions{binary: test.binary})
		if o := judge(t.Context(), err); o.code != test.code {
			t.Errorf("%+v: %+v", test, o)
		}
		if got := w.out.String(); (got == "x") != (test.code == 0) {
			t.Errorf("%+v: stdout %q", test, got)
		}
	}
}

func mustHold(t *testing.T, name, want string) {
	t.Helper()
	if got, err := os.ReadFile(name); err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v; want %q", name, got, err, want)
	}
}

func mustBeAlone(t *testing.T, name string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(name))
	if err != nil || len(entries) != 1 {
		t.Errorf("beside %s: %v, %v", name, entries, err)
	}
}

func TestProgress(t *testing.T) {
	w := newWorld(t, "")
	w.stderrTerminal = true
	clock := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	w.now = func() time.Time { return clock }
	p := newEnv(w.system).progress("hashing a\x1b[31m", 4<<20)
	step := func(after time.Duration, n int64, want string) {
		t.Helper()
		clock = clock.Add(after)
		w.err.Reset()
		p.add(n)
		if got := strings.TrimRight(w.err.String(), " "); got != want {
			t.Errorf("after %v: %q, want %q", after, got, want)
		}
	}
	step(0, 1<<20, "")
	step(999*time.Millisecond, 0, "")
	step(time.Millisecond, 0, "\rhashing a\\x1b[31m   25%  1.0 MiB of 4.0 MiB  1.0 MiB/s")
	step(time.Millisecond, 1<<20, "")
	step(time.Second, 0, "\rhashing a\\x1b[31m   50%  2.0 MiB of 4.0 MiB  1023.5 KiB/s")
	w.err.Reset()
	p.end()
	p.end()
	p.add(1)
	if got := w.err.String(); strings.Trim(got, "\r ") != "" || !strings.HasSuffix(got, "\r") {
		t.Errorf("end: %q", got)
	}

	// Long names and unknown totals stay on one line.
	long := newEnv(w.system).progress(strings.Repeat("ä", 200), 0)
	if line := long.line(5<<30, 2*time.Second); len([]rune(line)) != progressWidth || !strings.HasSuffix(line, "…  5.0 GiB  2.5 GiB/s") {
		t.Errorf("%q", line)
	}
}

// No bar where nobody looks, or where it is unwanted.
func TestNoProgress(t *testing.T) {
	for _, change := range []func(*world, *env){
		func(w *world, e *env) { e.sys.stderrTerminal = false },
		func(w *world, e *env) { e.sys.environ = []string{"NO_COLOR=1"} },
		func(w *world, e *env) { e.sys.environ = []string{"TERM=dumb"} },
		func(w *world, e *env) { e.json = true },
	} {
		w := newWorld(t, "")
		w.stderrTerminal = true
		env := newEnv(w.system)
		change(w, env)
		p := env.progress("x", 1)
		if p != nil {
			t.Error("a bar is shown")
		}
		p.add(1)
		p.end()
		if r := strings.NewReader("x"); p.reader(r) != r {
			t.Error("the reader is wrapped for nothing")
		}
	}
}

func TestByteCount(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 1<<20 - 1: "1.0 MiB", 1 << 20: "1.0 MiB",
		5 << 30: "5.0 GiB", 1<<63 - 1: "8.0 EiB",
	} {
		if got := byteCount(n); got != want {
			t.Errorf("byteCount(%d) = %s, want %s", n, got, want)
		}
	}
}

// A large file shows a bar on stderr, which is gone when the answer is printed.
func TestHashProgress(t *testing.T) {
	w := newWorld(t, "")
	w.stderrTerminal, w.stdoutTerminal = true, true
	w.stdout = &w.err // one screen
	clock := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	w.now = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		clock = clock.Add(time.Second)
		return clock
	}
	writeFile(t, filepath.Join(w.workDir, "big"), strings.Repeat("x", 8<<20), 0o600)
	for _, algorithm := range []string{"sha256", "blake3"} {
		if code := w.run(t, "hash", "--algo", algorithm, "big"); code != exitDone {
			t.Fatalf("exit %d", code)
		}
		screen := w.err.String()
		if !strings.Contains(screen, "\rhashing  ") || !strings.Contains(screen, " of 8.0 MiB") {
			t.Errorf("%s: no bar in %q", algorithm, screen)
		}
		bar, answer, _ := strings.Cut(strings.TrimSuffix(screen, "\n"), "  big")
		if i := strings.LastIndex(bar, "\r"); i < 0 || len(bar[i+1:]) != 64 || answer != "" {
			t.Errorf("%s: the answer is not on a line of its own: %q", algorithm, screen)
		}
	}
}
