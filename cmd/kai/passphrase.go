package main

// The secret-input layer: one way to get a passphrase, for every command. The first source
// that is there is used, and an error of it is final, so that a passphrase never comes from
// somewhere else than was meant:
//
//  1. --passphrase-fd N
//  2. --passphrase-file FILE
//  3. KAI_PASSPHRASE_FILE
//  4. $CREDENTIALS_DIRECTORY/kai.passphrase (systemd), if that file exists
//  5. KAI_ASKPASS, else SSH_ASKPASS under ssh's own conditions: a program that asks
//  6. the terminal
//  7. KAI_PASSPHRASE, with a warning
//
// Sources 5 and 6 ask a person and are left out where nobody may be asked. Of files and
// descriptors exactly one line ending at the end is cut off.

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"kai/internal/secret"
)

// maxPassphrase bounds what is read, in bytes. Real ones are shorter than 100; key files used
// as passphrases shorter than 4096; a video is a mistake.
const maxPassphrase = 4096

// passphraseFlag is the advice where nobody can be asked.
const passphraseFlag = "--passphrase-file FILE"

// newPassphraseTries is how often somebody may type two different passphrases.
const newPassphraseTries = 3

// passphrase returns the passphrase for what, as in "ci_key". The caller wipes it.
//
// Nothing found is exit 7. Files and descriptors are read once; every later call gets the
// same.
func (e *env) passphrase(ctx context.Context, what string) (*secret.Bytes, error) {
	return e.findPassphrase(ctx, "passphrase for "+what, func(t terminal) (*secret.Bytes, error) {
		return t.readSecret(ctx, "Passphrase for "+what+":")
	})
}

// newPassphrase is passphrase for something that is being made: at the terminal it is asked
// for twice.
func (e *env) newPassphrase(ctx context.Context, what string) (*secret.Bytes, error) {
	return e.findPassphrase(ctx, "new passphrase for "+what, func(t terminal) (*secret.Bytes, error) {
		return askTwice(ctx, t, what)
	})
}

func askTwice(ctx context.Context, t terminal, what string) (*secret.Bytes, error) {
	prompt := "New passphrase for " + what + ":"
	for range newPassphraseTries {
		first, err := t.readSecret(ctx, prompt)
		if err != nil || first.Len() == 0 {
			return first, err
		}
		second, err := t.readSecret(ctx, "The same again:")
		if err != nil {
			first.Wipe()
			return nil, err
		}
		same := first.Equal(second)
		second.Wipe()
		if same {
			return first, nil
		}
		first.Wipe()
		prompt = "They differ. New passphrase for " + what + ":"
	}
	return nil, failf(exitLocked, "passphrase_mismatch", "two different passphrases, %d times", newPassphraseTries)
}

// findPassphrase goes through the sources in order; ask is the terminal's turn.
func (e *env) findPassphrase(ctx context.Context, what string, ask func(terminal) (*secret.Bytes, error)) (*secret.Bytes, error) {
	s, err := e.givenPassphrase()
	if s == nil && err == nil && e.noInput() == "" {
		s, err = e.askedPassphrase(ctx, what, ask)
	}
	if s == nil && err == nil {
		s = e.environPassphrase()
	}
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		_, err := e.terminal(what, passphraseFlag)
		return nil, err
	case s.Len() == 0:
		s.Wipe()
		return nil, failf(exitLocked, "passphrase_empty", "%s is empty", what)
	}
	return s, nil
}

// givenPassphrase reads sources 1 to 4. Both results are nil when there is none.
func (e *env) givenPassphrase() (*secret.Bytes, error) {
	if e.given != nil {
		return e.given.Clone(), nil
	}
	s, err := e.readGiven()
	if s == nil || err != nil {
		return nil, err
	}
	e.given = s
	return s.Clone(), nil
}

func (e *env) readGiven() (*secret.Bytes, error) {
	if fd := e.options.passphraseFD; fd != notGiven {
		return e.passphraseFromFD(fd)
	}
	if name := e.options.passphraseFile; name != "" {
		return e.passphraseFromFile(name, "--passphrase-file")
	}
	if name := e.getenv("KAI_PASSPHRASE_FILE"); name != "" {
		return e.passphraseFromFile(name, "KAI_PASSPHRASE_FILE")
	}
	if dir := e.getenv("CREDENTIALS_DIRECTORY"); dir != "" {
		s, err := e.passphraseFromFile(filepath.Join(dir, "kai.passphrase"), "CREDENTIALS_DIRECTORY")
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return s, err
	}
	return nil, nil
}

func (e *env) passphraseFromFD(fd int) (*secret.Bytes, error) {
	if fd < 0 || fd == 1 || fd == 2 {
		return nil, usagef("--passphrase-fd %d: not a descriptor to read from", fd)
	}
	f, err := e.sys.openFD(fd)
	if err != nil {
		return nil, usagef("--passphrase-fd %d: %w", fd, err)
	}
	s, err := secret.ReadTrimmed(f, maxPassphrase)
	if err != nil {
		// Not closed: with a wrong number this may be a descriptor of the Go runtime.
		return nil, usagef("--passphrase-fd %d: %w", fd, err)
	}
	return s, f.Close()
}

// passphraseFromFile reads a file that was named by flag or variable; "-" is stdin.
func (e *env) passphraseFromFile(name, by string) (*secret.Bytes, error) {
	var in io.Reader = e.stdin
	if name != "-" {
		f, err := os.Open(e.path(name))
		if err != nil {
			return nil, failf(exitLocked, "passphrase_file", "%s: %w", by, err)
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && openToOthers(info) {
			e.warn("%s: others can read it (mode %04o)", name, info.Mode().Perm())
		}
		in = f
	}
	s, err := secret.ReadTrimmed(in, maxPassphrase)
	if err != nil {
		return nil, failf(exitLocked, "passphrase_file", "%s %s: %w", by, name, err)
	}
	return s, nil
}

// askedPassphrase is sources 5 and 6. Both results are nil without a terminal.
func (e *env) askedPassphrase(ctx context.Context, what string, ask func(terminal) (*secret.Bytes, error)) (*secret.Bytes, error) {
	if program := e.askpassProgram(); program != "" {
		return e.runAskpass(ctx, program, what)
	}
	t, err := e.sys.openTTY()
	if errors.Is(err, errNoTerminal) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer t.Close()
	s, err := ask(t)
	if err != nil {
		return nil, answerError(err)
	}
	if s.Len() == 0 {
		return nil, fail(exitLocked, "input_needed", errNothing)
	}
	return s, nil
}

// askpassProgram is KAI_ASKPASS, or SSH_ASKPASS when ssh itself would use it: there is a
// display, or SSH_ASKPASS_REQUIRE says so (ssh(1), ENVIRONMENT).
func (e *env) askpassProgram() string {
	if program := e.getenv("KAI_ASKPASS"); program != "" {
		return program
	}
	display := e.getenv("DISPLAY") != "" || e.getenv("WAYLAND_DISPLAY") != ""
	switch e.getenv("SSH_ASKPASS_REQUIRE") {
	case "never":
		return ""
	case "force":
		display = true
	}
	if !display {
		return ""
	}
	return e.getenv("SSH_ASKPASS")
}

// runAskpass runs the program with the question as its argument; its stdout is the answer.
func (e *env) runAskpass(ctx context.Context, program, what string) (*secret.Bytes, error) {
	cmd := exec.CommandContext(ctx, program, printable("Enter "+what+":"))
	cmd.Env = e.childEnviron()
	cmd.Stderr = e.stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, failf(exitLocked, "askpass", "askpass: %w", err)
	}
	s, readErr := secret.ReadTrimmed(out, maxPassphrase)
	if err := errors.Join(readErr, cmd.Wait()); err != nil {
		s.Wipe()
		return nil, failf(exitLocked, "askpass", "askpass %s: %w", program, err)
	}
	return s, nil
}

// environPassphrase is source 7.
func (e *env) environPassphrase() *secret.Bytes {
	value := e.environPass
	if value == nil {
		return nil
	}
	e.warn("the passphrase comes from KAI_PASSPHRASE, which other processes may see; better: %s", passphraseFlag)
	return value.Clone()
}

// wipe wipes the secrets that env keeps. Nobody is asked afterwards.
func (e *env) wipe() {
	for _, s := range []**secret.Bytes{&e.given, &e.environPass, &e.session} {
		(*s).Wipe()
		*s = nil
	}
}
