package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kai/internal/secret"
)

// childProgram runs a child as `kai vault run` does, for tests:
//
//	kai-child [-unmasked] [-pristine] [-real DIR] [-env NAME=FILE]… [-file NAME=FILE]… -- COMMAND…
//
// The values are in the FILEs.
func childProgram() {
	sys := realSystem()
	ctx, stop := sys.notify(context.Background())
	defer stop()
	c := child{environ: sys.environ, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	args := os.Args[1:]
	value := func() childValue {
		name, file, _ := strings.Cut(args[1], "=")
		b, err := os.ReadFile(file)
		if err != nil {
			panic(err)
		}
		args = args[1:]
		return childValue{name, secret.Take(b)}
	}
	for ; len(args) > 0 && args[0] != "--"; args = args[1:] {
		switch args[0] {
		case "-unmasked":
			c.unmasked = true
		case "-pristine":
			c.pristine = true
		case "-real":
			c.realFiles, c.runtimeDir = true, args[1]
			args = args[1:]
		case "-env":
			c.values = append(c.values, value())
		case "-file":
			c.files = append(c.files, value())
		default:
			panic(args[0])
		}
	}
	c.command = args[min(1, len(args)):]
	code, err := c.run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "kai: error: "+err.Error())
	}
	os.Exit(code)
}

// childCommand is childProgram as a command.
func childCommand(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Args[0] = "kai-child" // by this name TestMain knows it
	cmd.Env = append(os.Environ(), "GOCOVERDIR="+t.TempDir())
	return cmd
}

// runChild runs childProgram to its end.
func runChild(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := childCommand(t, args...)
	var out, errOut strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errOut.String(), cmd.ProcessState.ExitCode()
}

// valueFile is a file with a value.
func valueFile(t testing.TB, value string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "value")
	if err := os.WriteFile(path, []byte(value), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestChildVariableNames(t *testing.T) {
	for name, want := range map[string]bool{
		"A": true, "_": true, "GH_TOKEN": true, "a1": true,
		"": false, "1A": false, "A=B": false, "A B": false, "É": false, "A\x00": false, "A-B": false, "A\n": false,
	} {
		if got := isVariable(name); got != want {
			t.Errorf("%q: %t", name, got)
		}
	}
	for name, want := range map[string]bool{
		"KAI_SESSION": true, "KAI_PASSPHRASE": true, "KAI_PASSPHRASE_FILE": true, "KAI_PASSPHRASE_X": true,
		"KAI_HOME": false, "KAI_SESSIONS": false, "PASSPHRASE": false,
	} {
		if got := isOwnVariable(name); got != want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestChildEnvironment(t *testing.T) {
	c := child{
		environ: []string{"PATH=/bin", "HOME=/h", "USER=u", "LANG=C", "TERM=xterm", "TZ=UTC", "OTHER=1", "TOKEN=old", "KAI_SESSION=s", "KAI_PASSPHRASE_FILE=f", "KAI_HOME=/k"},
		values:  []childValue{{"TOKEN", secret.Take([]byte("new value"))}, {"EMPTY", secret.New(0)}},
		files:   []childValue{{"CONFIG", secret.Take([]byte("x"))}},
	}
	for pristine, want := range map[bool]string{
		false: "PATH=/bin HOME=/h USER=u LANG=C TERM=xterm TZ=UTC OTHER=1 KAI_HOME=/k CONFIG=/f TOKEN=new value EMPTY=",
		true:  "PATH=/bin HOME=/h USER=u LANG=C TERM=xterm TZ=UTC CONFIG=/f TOKEN=new value EMPTY=",
	} {
		c.pristine = pristine
		b := c.environment([]string{"/f"})
		if got := strings.Join(b.strings, " "); got != want {
			t.Errorf("pristine %t: %q", pristine, got)
		}
		b.Wipe()
		if b.strings != nil || !b.store.Wiped() {
			t.Error("not wiped")
		}
	}
}

func TestChildRefusesBadVariables(t *testing.T) {
	value := func(text string) *secret.Bytes { return secret.Take([]byte(text)) }
	for _, test := range []struct {
		want  error
		child child
	}{
		{errNoCommand, child{}},
		{errChildName, child{values: []childValue{{"A=B", value("x")}}}},
		{errChildName, child{files: []childValue{{"../x", value("x")}}}},
		{errChildOwn, child{values: []childValue{{"KAI_SESSION", value("x")}}}},
		{errChildTwice, child{values: []childValue{{"A", value("x")}}, files: []childValue{{"A", value("y")}}}},
		{errChildZero, child{values: []childValue{{"A", value("canary\x00")}}}},
		{os.ErrNotExist, child{dir: filepath.Join(t.TempDir(), "none")}},
	} {
		if test.want != errNoCommand {
			test.child.command = []string{"true"}
		}
		code, err := test.child.run(t.Context())
		if code != exitBeforeChild || !errors.Is(err, test.want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("want %v: %d, %v", test.want, code, err)
		}
	}
}
