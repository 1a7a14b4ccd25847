package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"kai/internal/audit"
	"kai/internal/audit/memory"
	"kai/internal/secret"
)

// system is the outside world as kai sees it. realSystem is the only code that reads it
// from package os; tests build their own.
type system struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer

	// stdinFile, stdoutFile and stderrFile are the streams that programs inherit; nil: none.
	stdinFile, stdoutFile, stderrFile *os.File

	// stdinTerminal, stdoutTerminal and stderrTerminal say which streams are terminals.
	stdinTerminal, stdoutTerminal, stderrTerminal bool

	environ  []string                                                    // KEY=VALUE, as os.Environ
	openFD   func(fd int) (io.ReadCloser, error)                         // an inherited descriptor
	harden   func() error                                                // no core dumps, no debuggers
	now      func() time.Time                                            // the clock
	random   io.Reader                                                   // crypto/rand outside tests
	openTTY  func() (terminal, error)                                    // the controlling terminal; never stdin
	notify   func(context.Context) (context.Context, context.CancelFunc) // signals cancel the context
	workDir  string                                                      // "" is the process's own
	userHome func() (string, error)                                      // where ~/.kind stands
	// executable is kai's own absolute path, for programs that call it.
	executable func() (string, error)
	cpus       int
	process    func() processFacts  // who runs this process
	keyring    audit.Memory         // remembers heads of logs outside of the home; nil: none
	memory     func() uint64        // what may be allocated, in bytes; nil or 0: unknown
	boot       func() time.Duration // since the machine started, sleep included; nil or 0: unknown
}

func realSystem() system {
	sys := system{
		stdin:          interruptible(os.Stdin),
		stdout:         os.Stdout,
		stderr:         os.Stderr,
		stdinFile:      os.Stdin,
		stdoutFile:     os.Stdout,
		stderrFile:     os.Stderr,
		stdinTerminal:  isTerminal(os.Stdin),
		stdoutTerminal: isTerminal(os.Stdout),
		stderrTerminal: isTerminal(os.Stderr),
		environ:        os.Environ(),
		now:            time.Now,
		random:         rand.Reader,
		openFD:         openFD,
		harden:         secret.Harden,
		openTTY:        openTerminal,
		notify:         notifySignals,
		userHome:       os.UserHomeDir,
		executable:     executable,
		cpus:           runtime.GOMAXPROCS(0),
		memory:         availableMemory,
		process:        thisProcess,
		keyring:        memory.Keyring{},
		boot:           sinceBoot,
	}
	// Children that are started without an explicit environment inherit the process's.
	_ = os.Unsetenv(passphraseVariable)
	_ = os.Unsetenv(sessionVariable)
	return sys
}

// executable prefers the path by which the program is found to the one where it really is: a
// link stays when a newer version takes its place.
func executable() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	found, err := exec.LookPath(filepath.Base(path))
	if err != nil {
		return path, nil
	}
	a, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if b, err := os.Stat(found); err != nil || !os.SameFile(a, b) {
		return path, nil
	}
	return filepath.Abs(found)
}

// openFD opens a descriptor that kai was started with.
func openFD(fd int) (io.ReadCloser, error) {
	f := os.NewFile(uintptr(fd), fmt.Sprintf("descriptor %d", fd))
	if f == nil {
		return nil, syscall.EBADF
	}
	if _, err := f.Stat(); err != nil {
		return nil, syscall.EBADF
	}
	return f, nil
}

// passphraseVariable holds a passphrase itself. It is taken out of the environment at start.
const passphraseVariable = "KAI_PASSPHRASE"

// takeVariable separates a secret variable from the others. The result is nil when
// there is none.
func takeVariable(environ []string, name string) ([]string, *secret.Bytes) {
	var found *secret.Bytes
	rest := make([]string, 0, len(environ))
	for _, pair := range environ {
		if key, value, ok := strings.Cut(pair, "="); ok && key == name {
			found.Wipe()
			found = secret.Take([]byte(value))
			continue
		}
		rest = append(rest, pair)
	}
	return rest, found
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
