package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"kai/internal/secret"
)

// The program of a rotator that takes too long is killed with what it has started, and its answer is
// not taken.
func TestRotatorTime(t *testing.T) {
	dir := t.TempDir()
	children := filepath.Join(dir, "children")
	program := filepath.Join(dir, "slow")
	text := "#!/bin/sh\ncat >/dev/null\nsleep 600 &\necho $! $$ >" + children + ".new\nmv " + children + ".new " + children + "\nprintf half\nwait\n"
	if err := os.WriteFile(program, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	e := &env{stderr: &said, sys: system{environ: os.Environ()}}
	in := secret.Take([]byte("old"))
	defer in.Wipe()
	started := func() bool { _, err := os.Stat(children); return err == nil }
	// Long enough for the program to begin, however loaded the machine is.
	for limit := 100 * time.Millisecond; ; limit *= 2 {
		out, err := runRotator(t.Context(), e, limit, []string{program}, in, nil)
		if !errors.Is(err, errRotatorTime) || out != nil && !out.Wiped() {
			t.Fatalf("%v: %v", limit, err)
		}
		if started() {
			break
		}
		if limit > time.Minute {
			t.Fatal("the program did not begin")
		}
	}
	pids, err := os.ReadFile(children)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range strings.Fields(string(pids)) {
		pid, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		waitFor(t, "the end of process "+text, func() bool {
			stat, err := os.ReadFile("/proc/" + text + "/stat")
			return err != nil || strings.Contains(string(stat), ") Z ") || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
		})
	}
}
