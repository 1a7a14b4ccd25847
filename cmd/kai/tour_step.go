package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"kai/internal/vault/session"
)

// tourStep is one command line of the tour and what must come of it.
type tourStep struct {
	say string // what is being shown
	// put are files written before the command, by name; lines that end in a
	// line feed and hold no quotes.
	put map[string]string
	// private: the files are for nobody else to read.
	private bool
	// line is a simple command of a shell: words without quotes, of which the
	// last two may be < FILE, > FILE or >> FILE. The first is kai or the name of
	// a program without which the step is left out.
	line string
	// in is the directory where the command runs, below that of the tour.
	in string
	// needs is a further program without which the step is left out.
	needs string
	// keyring: the step is left out where the kernel keeps no keys, as in many containers.
	keyring bool
	exit    int
	want    string // must stand in the answer
}

// tourJSON is one step of kai tour --json.
type tourJSON struct {
	head
	Say      string   `json:"say"`
	Commands []string `json:"commands"`
	Skipped  bool     `json:"skipped"`
	Exit     int      `json:"exit"`
	Stdout   string   `json:"stdout"`
	Stderr   string   `json:"stderr"`
}

// tourRun is what a step did.
type tourRun struct {
	exit     int
	out, err bytes.Buffer
	shown    transcript
	skipped  string // why it was left out
}

// transcript is what a person would have seen. A program's two streams are
// written by two goroutines.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

// Write appends p.
func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(p)
}

// play does one step in dir, shows it, and checks that it did what it should.
func (step tourStep) play(ctx context.Context, env *env, dir string, number int) error {
	if err := step.write(dir); err != nil {
		return err
	}
	did, err := step.run(ctx, env, dir)
	if err != nil {
		return err
	}
	if err := step.show(env, number, did); err != nil {
		return err
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case did.skipped != "":
		return nil
	case did.exit != step.exit:
		return fmt.Errorf("exit code %d, expected %d", did.exit, step.exit)
	case !strings.Contains(did.out.String()+did.err.String(), step.want):
		return fmt.Errorf("the answer does not say %q", step.want)
	}
	return nil
}

// write puts the files of the step in place.
func (step tourStep) write(dir string) error {
	for name, text := range step.put {
		place := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
			return err
		}
		mode := os.FileMode(0o644)
		if step.private {
			mode = 0o600
		}
		if err := os.WriteFile(place, []byte(text), mode); err != nil {
			return err
		}
	}
	return nil
}

// run does what a shell would do with the line.
func (step tourStep) run(ctx context.Context, env *env, home string) (did *tourRun, err error) {
	did = &tourRun{}
	dir := filepath.Join(home, step.in)
	words := strings.Fields(step.line)
	if _, err := exec.LookPath(step.needs); step.needs != "" && err != nil {
		did.skipped = step.needs + " is not installed"
		return did, nil
	}
	if step.keyring && !session.Available() {
		did.skipped = "the kernel keeps no keys here"
		return did, nil
	}
	stdin, stdout := io.Reader(strings.NewReader("")), io.MultiWriter(&did.out, &did.shown)
	if n := len(words); n > 2 {
		var file *os.File
		place := filepath.Join(dir, words[n-1])
		switch words[n-2] {
		case "<":
			file, err = os.Open(place)
			stdin = file
		case ">":
			file, err = os.Create(place)
			stdout = file
		case ">>":
			file, err = os.OpenFile(place, os.O_WRONLY|os.O_APPEND, 0)
			stdout = file
		}
		if err != nil {
			return nil, err
		}
		if file != nil {
			defer func() { err = errors.Join(err, file.Close()) }()
			words = words[:n-2]
		}
	}
	if words[0] != "kai" {
		return did, did.runProgram(ctx, words, tourSystem(env, home, dir), stdin, stdout)
	}
	sys := tourSystem(env, home, dir)
	sys.stdin, sys.stdout, sys.stderr = stdin, stdout, io.MultiWriter(&did.err, &did.shown)
	wait, err := tourChildStreams(&sys)
	if err != nil {
		return nil, err
	}
	did.exit = run(ctx, words[1:], sys)
	return did, wait()
}

// tourChildStreams gives programs that kai runs the streams of the step, which must be files for them.
// What they wrote is there once the result was called.
func tourChildStreams(sys *system) (wait func() error, err error) {
	var files []*os.File
	var copying sync.WaitGroup
	finish := func() error {
		var errs []error
		for _, f := range files {
			errs = append(errs, f.Close())
		}
		copying.Wait()
		return errors.Join(errs...)
	}
	if sys.stdinFile, err = os.Open(os.DevNull); err != nil {
		return nil, err
	}
	files = append(files, sys.stdinFile)
	pipe := func(to io.Writer) (*os.File, error) {
		from, into, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		files = append(files, into)
		copying.Go(func() {
			defer from.Close()
			_, _ = io.Copy(to, from) // writes to memory
		})
		return into, nil
	}
	if sys.stdoutFile, err = pipe(sys.stdout); err == nil {
		sys.stderrFile, err = pipe(sys.stderr)
	}
	if err != nil {
		return nil, errors.Join(err, finish())
	}
	return finish, nil
}

// tourSystem is the outside of a step: no terminal, and an environment in which
// nobody's own settings change the tour.
func tourSystem(env *env, home, dir string) system {
	sys := env.sys
	sys.stdinTerminal, sys.stdoutTerminal, sys.stderrTerminal = false, false, false
	sys.openTTY = func() (terminal, error) { return nil, errNoTerminal }
	sys.notify = func(ctx context.Context) (context.Context, context.CancelFunc) { return ctx, func() {} }
	sys.environ = tourEnviron(env, home)
	sys.userHome = func() (string, error) { return home, nil }
	sys.workDir = dir
	sys.keyring = nil // what it remembers would outlive the tour
	return sys
}

func tourEnviron(env *env, home string) []string {
	return []string{
		"HOME=" + home, "KAI_HOME=" + filepath.Join(home, ".kind"), "PATH=" + env.getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1",
	}
}

// tourPatience bounds how long a program that was stopped may keep its streams.
const tourPatience = 5 * time.Second

// runProgram runs another program, if it is there.
func (did *tourRun) runProgram(ctx context.Context, words []string, sys system, stdin io.Reader, stdout io.Writer) error {
	program, err := exec.LookPath(words[0])
	if err != nil {
		did.skipped = words[0] + " is not installed"
		return nil
	}
	cmd := exec.CommandContext(ctx, program, words[1:]...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = sys.workDir, sys.environ, tourPatience
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, io.MultiWriter(&did.err, &did.shown)
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		did.exit = exit.ExitCode()
		return nil
	}
	return err
}

// commands are the lines that do in a shell what the step does.
func (step tourStep) commands() []string {
	var lines []string
	made := map[string]bool{".": true}
	for _, name := range slices.Sorted(maps.Keys(step.put)) {
		if dir := path.Dir(name); !made[dir] {
			lines, made[dir] = append(lines, "mkdir -p "+dir), true
		}
		text := strings.ReplaceAll(strings.TrimSuffix(step.put[name], "\n"), "\n", "' '")
		line := fmt.Sprintf(`printf '%%s\n' '%s' > %s`, text, name)
		if step.private {
			line = "(umask 077 && " + line + ")"
		}
		lines = append(lines, line)
	}
	if step.in != "" {
		return append(lines, "(cd "+step.in+" && "+step.line+")")
	}
	return append(lines, step.line)
}

func (step tourStep) show(env *env, number int, did *tourRun) error {
	if env.json {
		return env.printJSON(tourJSON{
			head: env.head(did.skipped != "" || did.exit == step.exit), Say: step.say, Commands: step.commands(),
			Skipped: did.skipped != "", Exit: did.exit, Stdout: did.out.String(), Stderr: did.err.String(),
		})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %d. %s\n", number, step.say)
	if did.skipped != "" {
		fmt.Fprintf(&b, "# (left out: %s)\n\n", did.skipped)
		return env.printf("%s", b.String())
	}
	for _, line := range step.commands() {
		fmt.Fprintf(&b, "$ %s\n", line)
	}
	b.WriteString(tourExcerpt(did.shown.text.String()))
	if did.exit != 0 {
		fmt.Fprintf(&b, "(exit code %d)\n", did.exit)
	}
	return env.printf("%s\n", b.String())
}

// tourExcerpt keeps a post-quantum key from filling the screen.
func tourExcerpt(text string) string {
	const width = 200
	var b strings.Builder
	for line := range strings.Lines(text) {
		if len(line) > width+1 {
			line = fmt.Sprintf("%s… (%d characters)\n", line[:width-40], len(line)-1)
		}
		b.WriteString(line)
	}
	return b.String()
}
