package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
)

// The exit codes. They never change meaning; exitCodes says what each one means.
const (
	exitDone          = 0
	exitFailure       = 1
	exitUsage         = 2
	exitBad           = 3
	exitUntrusted     = 4
	exitUndecidable   = 5
	exitNotFound      = 6
	exitLocked        = 7
	exitDenied        = 8
	exitBackend       = 9
	exitConflict      = 10
	exitTimeout       = 124
	exitBeforeChild   = 125
	exitNotExecutable = 126
	exitNoCommand     = 127
	exitSignal        = 128 // plus the signal's number
)

// exitCodes is the table of the help and of the man pages, in their order.
func exitCodes() []exitCode {
	return []exitCode{
		{exitDone, "0", "done, or verified and trusted"},
		{exitFailure, "1", "failure"},
		{exitUsage, "2", "the command line is wrong"},
		{exitBad, "3", "proven bad: signature, MAC, chain, tampered"},
		{exitUntrusted, "4", "valid but not trusted: unknown signer, score, namespace, expired, revoked"},
		{exitUndecidable, "5", "undecidable: missing signature or key, malformed, stale"},
		{exitNotFound, "6", "not found"},
		{exitLocked, "7", "locked, or credentials needed"},
		{exitDenied, "8", "denied by policy or permission"},
		{exitBackend, "9", "backend or remote error"},
		{exitConflict, "10", "already exists, or conflict"},
		{exitTimeout, "124", "time limit"},
		{exitBeforeChild, "125", "kai failed before running the child"},
		{exitNotExecutable, "126", "the child is not executable"},
		{exitNoCommand, "127", "no such command"},
		{exitSignal, "128+n", "stopped by signal n"},
	}
}

// exitCode is one row of that table.
type exitCode struct {
	code    int
	written string
	meaning string
}

// worstExit is the exit code of a run with two outcomes: the first present of bad,
// undecidable and untrusted, else the larger.
func worstExit(a, b int) int {
	for _, code := range []int{exitBad, exitUndecidable, exitUntrusted} {
		if a == code || b == code {
			return code
		}
	}
	return max(a, b)
}

// failure is an error that knows its exit code.
type failure struct {
	code  int
	ident string // one word for machines, lower case with underscores
	err   error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// fail gives err an exit code and a word for machines.
func fail(code int, ident string, err error) error {
	return &failure{code: code, ident: ident, err: err}
}

// failf is fail with the text of the error.
func failf(code int, ident, format string, args ...any) error {
	return fail(code, ident, fmt.Errorf(format, args...))
}

// usagef is a wrong command line.
func usagef(format string, args ...any) error {
	return failf(exitUsage, "usage", format, args...)
}

// hinted is an error with advice.
type hinted struct {
	err  error
	hint string
}

func (h *hinted) Error() string { return h.err.Error() }
func (h *hinted) Unwrap() error { return h.err }
func (h *hinted) Hint() string  { return h.hint }

// withHint adds the exact next command to an error. The outermost hint is the one printed.
func withHint(err error, format string, args ...any) error {
	return &hinted{err: err, hint: fmt.Sprintf(format, args...)}
}

// reported is an outcome that has been printed already: only the exit code is left. A zero
// code is no error.
func reported(code int) error {
	if code == exitDone {
		return nil
	}
	return alreadyReported(code)
}

type alreadyReported int

func (r alreadyReported) Error() string { return fmt.Sprintf("exit %d", int(r)) }

// stopped is the cause of a context that a signal cancelled.
type stopped struct{ signal syscall.Signal }

func (s stopped) Error() string { return "stopped by signal: " + s.signal.String() }

// outcome is what is left to say about a run.
type outcome struct {
	code    int
	ident   string
	message string
	hint    string
	silent  bool // only the exit code
}

// judge maps an error to its exit code: the one place where that is decided.
func judge(ctx context.Context, err error) outcome {
	if err == nil {
		return outcome{silent: true}
	}
	o := outcome{message: err.Error()}
	var (
		f     *failure
		h     interface{ Hint() string } // hinted, and errors of libraries
		done  alreadyReported
		child childExit
		stop  stopped
		known = errors.As(err, &f)
	)
	if errors.As(err, &h) {
		o.hint = h.Hint()
	}
	switch {
	case errors.As(err, &child):
		o.code, o.silent = int(child), true
	case errors.As(context.Cause(ctx), &stop), errors.As(err, &stop):
		o.code, o.ident, o.message, o.hint = exitSignal+int(stop.signal), "signal", stop.Error(), ""
	case errors.As(err, &done):
		o.code, o.silent = int(done), true
	case known:
		o.code, o.ident = f.code, f.ident
	case errors.Is(err, syscall.EPIPE): // the reader of stdout went away: no more to say
		o.code, o.silent = exitSignal+int(syscall.SIGPIPE), true
	default:
		o.code, o.ident = codeOf(err)
	}
	return o
}
