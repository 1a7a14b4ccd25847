package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestJudge(t *testing.T) {
	_, notFound := os.Open(filepath.Join(t.TempDir(), "missing"))
	interrupted, cancel := context.WithCancelCause(t.Context())
	cancel(stopped{syscall.SIGINT})
	tests := []struct {
		name  string
		ctx   context.Context
		err   error
		code  int
		ident string
	}{
		{"nothing", t.Context(), nil, 0, ""},
		{"plain", t.Context(), errors.New("x"), exitFailure, "failure"},
		{"usage", t.Context(), usagef("x"), exitUsage, "usage"},
		{"own code", t.Context(), failf(exitUntrusted, "revoked", "x"), exitUntrusted, "revoked"},
		{"own code wrapped", t.Context(), fmt.Errorf("f: %w", failf(exitBad, "bad", "x")), exitBad, "bad"},
		{"own code wins over its cause", t.Context(), fail(exitBackend, "token", fs.ErrNotExist), exitBackend, "token"},
		{"missing file", t.Context(), notFound, exitNotFound, "not_found"},
		{"existing", t.Context(), fmt.Errorf("f: %w", fs.ErrExist), exitConflict, "exists"},
		{"permission", t.Context(), &fs.PathError{Err: syscall.EACCES}, exitDenied, "permission"},
		{"timeout", t.Context(), context.DeadlineExceeded, exitTimeout, "timeout"},
		{"printed", t.Context(), reported(exitBad), exitBad, ""},
		{"closed pipe", t.Context(), &fs.PathError{Err: syscall.EPIPE}, 141, ""},
		{"signal", interrupted, errors.New("read: interrupted"), 130, "signal"},
		{"signal, but done", interrupted, nil, 0, ""},
	}
	for _, test := range tests {
		o := judge(test.ctx, test.err)
		if o.code != test.code || o.ident != test.ident {
			t.Errorf("%s: exit %d %q, want %d %q", test.name, o.code, o.ident, test.code, test.ident)
		}
	}
	if o := judge(t.Context(), withHint(withHint(usagef("x"), "inner"), "outer %d", 1)); o.hint != "outer 1" || o.message != "x" {
		t.Errorf("hint %q of %q", o.hint, o.message)
	}
	if err := reported(exitDone); err != nil {
		t.Errorf("reported(0) = %v", err)
	}
}

// Each error of the table is found through wrapping, with a code and a word of the right
// form, and none is hidden behind an earlier one.
func TestErrorCodes(t *testing.T) {
	for _, c := range errorCodes() {
		code, ident := codeOf(fmt.Errorf("thing: %w", c.target))
		if code != c.code || ident != c.ident {
			t.Errorf("%v: %d %s, want %d %s", c.target, code, ident, c.code, c.ident)
		}
		if strings.Trim(c.ident, "abcdefghijklmnopqrstuvwxyz_") != "" || c.ident == "" {
			t.Errorf("%v: %q is not a word", c.target, c.ident)
		}
		if !slices.ContainsFunc(exitCodes(), func(e exitCode) bool { return e.code == c.code }) {
			t.Errorf("%v: exit %d is not in the table", c.target, c.code)
		}
	}
}

// The codes are frozen: scripts depend on them.
func TestExitCodesAreFrozen(t *testing.T) {
	const want = "0 1 2 3 4 5 6 7 8 9 10 124 125 126 127 128+n"
	var got []string
	for _, c := range exitCodes() {
		got = append(got, c.written)
		if number := strings.TrimSuffix(c.written, "+n"); number != fmt.Sprint(c.code) {
			t.Errorf("code %d is written %s", c.code, c.written)
		}
	}
	if strings.Join(got, " ") != want {
		t.Errorf("exit codes %v, want %s", got, want)
	}
}

func TestWorstExit(t *testing.T) {
	for _, tt := range []struct{ a, b, want int }{
		{0, 0, 0}, {0, 1, 1}, {1, 6, 6}, {8, 6, 8}, {3, 0, 3}, {3, 5, 3}, {3, 10, 3}, {5, 4, 5}, {5, 6, 5}, {4, 9, 4}, {4, 130, 4},
	} {
		if got := worstExit(tt.a, tt.b); got != tt.want {
			t.Errorf("worstExit(%d, %d) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
		if got := worstExit(tt.b, tt.a); got != tt.want {
			t.Errorf("worstExit(%d, %d) = %d, want %d", tt.b, tt.a, got, tt.want)
		}
	}
}
