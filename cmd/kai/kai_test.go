package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"
)

// world is an outside made for a test: no environment, no terminal, an empty stdin, a fixed
// clock and an empty home.
type world struct {
	system
	out, err bytes.Buffer
}

// newWorld returns a world whose stdin holds text.
func newWorld(t *testing.T, stdin string) *world {
	t.Helper()
	home := t.TempDir()
	w := &world{}
	w.system = system{
		stdin: strings.NewReader(stdin), stdout: &w.out, stderr: &w.err,
		now:        func() time.Time { return time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC) },
		random:     rand.Reader,
		openFD:     func(int) (io.ReadCloser, error) { return nil, syscall.EBADF },
		harden:     func() error { return nil },
		openTTY:    func() (terminal, error) { return nil, errNoTerminal },
		notify:     func(ctx context.Context) (context.Context, context.CancelFunc) { return ctx, func() {} },
		workDir:    t.TempDir(),
		userHome:   func() (string, error) { return home, nil },
		executable: func() (string, error) { return "/opt/kai's/bin/kai", nil },
		cpus:       2,
		process:    func() processFacts { return processFacts{uid: 1000, hasUID: true, pid: 4711, host: "world"} },
	}
	return w
}

// run runs kai in the world and returns its exit code; the streams are in out and err.
func (w *world) run(t *testing.T, args ...string) int {
	t.Helper()
	w.out.Reset()
	w.err.Reset()
	return run(t.Context(), args, w.system)
}
