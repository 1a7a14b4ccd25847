package main

// Rules for a child that gets secrets:
//
//   - Values reach it in its environment or in files of its own, never in arguments.
//   - Nothing is started before everything is there, and what was made for it goes with it.
//   - It is the person's program: its exit code is ours, signals that we get are its signals,
//     and ^C reaches it once.
//   - What opens kai's own vault is not for it.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"kai/internal/secret"
	"kai/internal/vault/mask"
)

// child is a program to run with secrets, and how. It knows no vault.
type child struct {
	command []string // the program and its arguments
	dir     string   // where it runs; "" is here
	environ []string // NAME=VALUE, of which it gets a part
	// pristine leaves only PATH, HOME, USER, LANG, TERM and TZ of environ.
	pristine bool

	// The values stay the caller's and may be wiped once run is over.
	values []childValue // variables that hold a value
	files  []childValue // variables that hold the path of a file with the value

	// realFiles puts the files into a directory below runtimeDir; otherwise they are in memory,
	// where the system has such files.
	realFiles  bool
	runtimeDir string

	unmasked bool // the output is passed on as it is

	stdin, stdout, stderr *os.File
}

// childValue is a variable and a secret.
type childValue struct {
	name  string
	value *secret.Bytes
}

// pristineNames are the variables that a program can hardly do without.
var pristineNames = []string{"PATH", "HOME", "USER", "LANG", "TERM", "TZ"}

// stopGrace is how long a child may go on after its time is up.
const stopGrace = 5 * time.Second

var (
	errChildName  = errors.New("not the name of a variable")
	errChildTwice = errors.New("two values for one variable")
	errChildOwn   = errors.New("the variable opens the vault and is never passed on")
	errChildZero  = errors.New("the value holds a zero byte, which no variable can")
	errNoCommand  = errors.New("no command")
)

// run starts the program and waits for it.
//
// The error is nil when the program has run, whatever came of it: exitCode is then its own, or
// 128 and the number of the signal that ended it. Otherwise exitCode is 127 when there is no such
// program, 126 when it cannot be executed, and 125 when something else failed before. Signals do
// not end run, for they go to the program; a context that ends for another reason ends the program.
//
// An error beside a program's own exit code says that its output could not be written.
func (c *child) run(ctx context.Context) (exitCode int, err error) {
	if err := c.check(); err != nil {
		return exitBeforeChild, err
	}
	program, code, err := c.find()
	if err != nil {
		return code, err
	}
	cmd := exec.Command(program, c.command[1:]...)
	cmd.Args[0], cmd.Dir = c.command[0], c.dir

	paths, remove, err := c.makeFiles(ctx, cmd)
	if err != nil {
		return exitBeforeChild, err
	}
	defer remove()
	block := c.environment(paths)
	defer block.Wipe()
	cmd.Env = block.strings

	signals, stop := childSignals()
	defer stop()
	out, err := c.connect(cmd)
	if err != nil {
		return exitBeforeChild, err
	}
	defer out.close()
	if ctx.Err() != nil {
		return exitBeforeChild, context.Cause(ctx)
	}
	if err := cmd.Start(); err != nil {
		return startCode(err), fmt.Errorf("%s: %w", printable(c.command[0]), startError(err))
	}
	cmd.Env = nil
	block.Wipe()
	out.start()
	waitChild(ctx, cmd, signals, out)
	err = out.finish(signals)
	return stateCode(cmd.ProcessState), err
}

// check refuses what cannot be passed on as it is.
func (c *child) check() error {
	if len(c.command) == 0 || c.command[0] == "" {
		return errNoCommand
	}
	if c.dir != "" {
		if info, err := os.Stat(c.dir); err != nil || !info.IsDir() {
			return fmt.Errorf("work directory %s: %w", printable(c.dir), errors.Join(err, syscall.ENOTDIR))
		}
	}
	seen := make(map[string]bool)
	for _, v := range slices.Concat(c.values, c.files) {
		switch {
		case !isVariable(v.name):
			return fmt.Errorf("%q: %w", v.name, errChildName)
		case isOwnVariable(v.name):
			return fmt.Errorf("%s: %w", v.name, errChildOwn)
		case seen[variableKey(v.name)]:
			return fmt.Errorf("%s: %w", v.name, errChildTwice)
		}
		seen[variableKey(v.name)] = true
	}
	for _, v := range c.values {
		if bytes.IndexByte(v.value.Expose(), 0) >= 0 {
			return fmt.Errorf("%s: %w", v.name, errChildZero)
		}
	}
	return nil
}

// isVariable reports whether every shell can have a variable of this name (POSIX.1, 3.216).
func isVariable(name string) bool {
	for i, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// isOwnVariable reports whether a variable opens kai's own vault, or says how.
func isOwnVariable(name string) bool {
	name = variableKey(name)
	return name == "KAI_SESSION" || strings.HasPrefix(name, passphraseVariable)
}

// childBlock is an environment. Its strings lie in secret memory and are gone after Wipe.
type childBlock struct {
	store   *secret.Bytes
	strings []string
}

func (b *childBlock) Wipe() {
	b.strings = nil
	b.store.Wipe()
}

// environment makes the environment. paths are those of the files.
func (c *child) environment(paths []string) *childBlock {
	given := make(map[string]bool)
	size := 0
	for _, v := range slices.Concat(c.values, c.files) {
		given[variableKey(v.name)] = true
		size += len(v.name) + 1 + v.value.Len()
	}
	b := &childBlock{store: secret.New(size)}
	for _, pair := range c.environ {
		name, _, _ := strings.Cut(pair, "=")
		if given[variableKey(name)] || isOwnVariable(name) || c.pristine && !slices.Contains(pristineNames, variableKey(name)) {
			continue
		}
		b.strings = append(b.strings, pair)
	}
	for i, v := range c.files {
		b.strings = append(b.strings, v.name+"="+paths[i])
	}
	rest := b.store.Expose()
	for _, v := range c.values {
		n := copy(rest, v.name+"=")
		n += copy(rest[n:], v.value.Expose())
		// A string that is a view of secret memory: os/exec takes nothing else. The copy that it
		// makes for the system call, as every C program's, is beyond reach.
		b.strings = append(b.strings, unsafe.String(unsafe.SliceData(rest), n))
		rest = rest[n:]
	}
	return b
}

// makeFiles makes the files and returns their paths. remove takes away what must not stay.
func (c *child) makeFiles(ctx context.Context, cmd *exec.Cmd) (paths []string, remove func(), err error) {
	if len(c.files) == 0 {
		return nil, func() {}, nil
	}
	if c.realFiles {
		return makeRunFiles(ctx, c.runtimeDir, c.files)
	}
	remove = func() {
		for _, f := range cmd.ExtraFiles {
			f.Close()
		}
	}
	for _, v := range c.files {
		f, err := memoryFile(v.value)
		if err != nil {
			remove()
			return nil, nil, fmt.Errorf("file for %s: %w", v.name, err)
		}
		// The first of ExtraFiles is descriptor 3 of the child.
		paths = append(paths, fmt.Sprintf("/proc/self/fd/%d", 3+len(cmd.ExtraFiles)))
		cmd.ExtraFiles = append(cmd.ExtraFiles, f)
	}
	return paths, remove, nil
}

// masker knows all values that the child gets.
func (c *child) masker() *mask.Masker {
	var values []*secret.Bytes
	for _, v := range slices.Concat(c.values, c.files) {
		values = append(values, v.value)
	}
	return mask.New(values)
}

// find looks for the program as execvp does.
func (c *child) find() (path string, exitCode int, err error) {
	name := c.command[0]
	path, err = exec.LookPath(name)
	if err == nil {
		return path, exitDone, nil
	}
	shown := printable(name)
	if !errors.Is(err, exec.ErrNotFound) && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, exec.ErrDot) && !errors.Is(err, syscall.ENOTDIR) {
		var inner *exec.Error
		if errors.As(err, &inner) {
			err = inner.Err
		}
		return "", exitNotExecutable, fmt.Errorf("%s: not executable: %w", shown, err)
	}
	if filepath.Base(name) == name {
		for _, dir := range filepath.SplitList(c.getenv("PATH")) {
			if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() && dir != "" {
				return "", exitNotExecutable, fmt.Errorf("%s: not executable", printable(filepath.Join(dir, name)))
			}
		}
	}
	return "", exitNoCommand, fmt.Errorf("%s: no such command", shown)
}

// getenv returns the last value of a variable in environ.
func (c *child) getenv(name string) string {
	sys := system{environ: c.environ}
	return sys.getenv(name)
}

// startCode is the exit code for a program that was found and could not be started.
func startCode(err error) int {
	for _, ours := range []error{syscall.E2BIG, syscall.ENOMEM, syscall.EAGAIN, syscall.EMFILE, syscall.ENFILE} {
		if errors.Is(err, ours) {
			return exitBeforeChild
		}
	}
	return exitNotExecutable
}

// startError is the reason without the path, which is named already.
func startError(err error) error {
	var path *fs.PathError
	switch {
	case errors.Is(err, syscall.E2BIG):
		return errors.New("environment and arguments are too large for the system; give the value in a file")
	case errors.As(err, &path):
		return path.Err
	}
	return err
}

// waitChild passes signals on until the child is gone.
func waitChild(ctx context.Context, cmd *exec.Cmd, signals <-chan os.Signal, out *childOutput) {
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // the state says it all
		close(exited)
	}()
	over := ctx.Done()
	var kill <-chan time.Time
	for {
		select {
		case <-exited:
			return
		case s := <-signals:
			if out.pass(s) {
				_ = cmd.Process.Signal(s)
			}
		case <-over:
			over = nil
			var stop stopped
			if errors.As(context.Cause(ctx), &stop) {
				continue // by a signal, which it gets as well
			}
			terminateChild(cmd.Process)
			timer := time.NewTimer(stopGrace)
			defer timer.Stop()
			kill = timer.C
		case <-kill:
			_ = cmd.Process.Kill()
		}
	}
}
