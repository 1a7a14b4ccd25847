package main

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// system is the outside world as kai sees it. realSystem is the only code that reads it
// from package os; tests build their own.
type system struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer

	// stdinTerminal, stdoutTerminal and stderrTerminal say which streams are terminals.
	stdinTerminal, stdoutTerminal, stderrTerminal bool

	environ  []string                                                    // KEY=VALUE, as os.Environ
	now      func() time.Time                                            // the clock
	random   io.Reader                                                   // crypto/rand outside tests
	openTTY  func() (terminal, error)                                    // the controlling terminal; never stdin
	notify   func(context.Context) (context.Context, context.CancelFunc) // signals cancel the context
	workDir  string                                                      // "" is the process's own
	userHome func() (string, error)                                      // where ~/.kind stands
	cpus     int
}

func realSystem() system {
	return system{
		stdin:          interruptible(os.Stdin),
		stdout:         os.Stdout,
		stderr:         os.Stderr,
		stdinTerminal:  isTerminal(os.Stdin),
		stdoutTerminal: isTerminal(os.Stdout),
		stderrTerminal: isTerminal(os.Stderr),
		environ:        os.Environ(),
		now:            time.Now,
		random:         rand.Reader,
		openTTY:        openTerminal,
		notify:         notifySignals,
		userHome:       os.UserHomeDir,
		cpus:           runtime.GOMAXPROCS(0),
	}
}

// getenv returns the last value of a variable, "" when unset.
func (s *system) getenv(name string) string {
	for i := len(s.environ) - 1; i >= 0; i-- {
		if key, value, ok := strings.Cut(s.environ[i], "="); ok && key == name {
			return value
		}
	}
	return ""
}

// path resolves a name from the command line against the work directory.
func (s *system) path(name string) string {
	if s.workDir == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.workDir, name)
}

var errNoTerminal = errors.New("no terminal")
