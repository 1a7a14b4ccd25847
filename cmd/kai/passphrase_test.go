package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kai/internal/secret"
)

// fakeTerminal answers from a list and records the questions.
type fakeTerminal struct {
	answers []string
	asked   []string
	closed  int
}

func (f *fakeTerminal) next(prompt string) (string, error) {
	f.asked = append(f.asked, prompt)
	if len(f.answers) == 0 {
		return "", io.EOF
	}
	answer := f.answers[0]
	f.answers = f.answers[1:]
	return answer, nil
}

func (f *fakeTerminal) readSecret(_ context.Context, prompt string) (*secret.Bytes, error) {
	answer, err := f.next(prompt)
	if err != nil {
		return nil, err
	}
	return secret.Take([]byte(answer)), nil
}

func (f *fakeTerminal) readLine(_ context.Context, prompt string) (string, error) {
	return f.next(prompt)
}

func (f *fakeTerminal) Close() error {
	f.closed++
	return nil
}

// onTerminal gives a world a terminal.
func (w *world) onTerminal(answers ...string) *fakeTerminal {
	f := &fakeTerminal{answers: answers}
	w.openTTY = func() (terminal, error) { return f, nil }
	return f
}

func writeFile(t *testing.T, path, text string, mode os.FileMode) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPassphraseOrder gives every source its own answer and takes the winner away until none
// is left.
func TestPassphraseOrder(t *testing.T) {
	w := newWorld(t, "")
	dir := t.TempDir()
	w.openFD = func(fd int) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(fmt.Sprintf("from fd %d\n", fd))), nil
	}
	w.onTerminal("from terminal", "from terminal")
	w.environ = []string{
		"KAI_PASSPHRASE=from variable",
		"KAI_PASSPHRASE_FILE=" + writeFile(t, filepath.Join(dir, "file"), "from KAI_PASSPHRASE_FILE\n", 0o600),
		"CREDENTIALS_DIRECTORY=" + dir,
		"KAI_ASKPASS=" + writeFile(t, filepath.Join(dir, "kai-ask"), "#!/bin/sh\necho from KAI_ASKPASS\n", 0o700),
		"SSH_ASKPASS=" + writeFile(t, filepath.Join(dir, "ssh-ask"), "#!/bin/sh\necho from SSH_ASKPASS\n", 0o700),
		"DISPLAY=:0",
	}
	writeFile(t, filepath.Join(dir, "kai.passphrase"), "from credentials\n", 0o600)
	options := globalOptions{passphraseFD: 5, passphraseFile: writeFile(t, filepath.Join(dir, "flag"), "from flag\n", 0o600)}
	drop := func(prefix string) func() {
		return func() {
			var rest []string
			for _, pair := range w.environ {
				if !strings.HasPrefix(pair, prefix+"=") {
					rest = append(rest, pair)
				}
			}
			w.environ = rest
		}
	}
	steps := []struct {
		want string
		drop func()
	}{
		{"from fd 5", func() { options.passphraseFD = notGiven }},
		{"from flag", func() { options.passphraseFile = "" }},
		{"from KAI_PASSPHRASE_FILE", drop("KAI_PASSPHRASE_FILE")},
		{"from credentials", func() { os.Remove(filepath.Join(dir, "kai.passphrase")) }},
		{"from KAI_ASKPASS", drop("KAI_ASKPASS")},
		{"from SSH_ASKPASS", drop("DISPLAY")},
		{"from terminal", func() { w.openTTY = func() (terminal, error) { return nil, errNoTerminal } }},
		{"from variable", drop("KAI_PASSPHRASE")},
	}
	for _, step := range steps {
		env := newEnv(w.system)
		env.options = options
		w.err.Reset()
		for range 2 { // the second time from memory, where there is but one chance to read
			s, err := env.passphrase(t.Context(), "key")
			if err != nil {
				t.Fatalf("%s: %v", step.want, err)
			}
			if got := string(s.Expose()); got != step.want {
				t.Errorf("%q, want %q", got, step.want)
			}
			s.Wipe()
		}
		if warned := strings.Contains(w.err.String(), "KAI_PASSPHRASE"); warned != (step.want == "from variable") {
			t.Errorf("%s: stderr %q", step.want, w.err.String())
		}
		env.wipe()
		step.drop()
	}
	_, err := newEnv(w.system).passphrase(t.Context(), "key")
	o := judge(t.Context(), err)
	if o.code != exitLocked || o.message != "passphrase for key needed, and nobody can be asked: no terminal" || o.hint != "use --passphrase-file FILE" {
		t.Errorf("without any source: %+v", o)
	}
}

func TestPassphraseFromFiles(t *testing.T) {
	tests := []struct {
		name, content string
		want          string // "" for an error
		err           string
	}{
		{"one line feed goes", "secret\n", "secret", ""},
		{"only one", "secret\n\n", "secret\n", ""},
		{"none is needed", "secret", "secret", ""},
		{"CRLF is one", "secret\r\n", "secret", ""},
		{"spaces stay", "  a b \n", "  a b ", ""},
		{"any bytes", "\x00\xff\n", "\x00\xff", ""},
		{"empty", "", "", "passphrase for key is empty"},
		{"only a line feed", "\n", "", "passphrase for key is empty"},
		{"longest", strings.Repeat("x", maxPassphrase) + "\n", strings.Repeat("x", maxPassphrase), ""},
		{"too long", strings.Repeat("x", maxPassphrase+1), "", "--passphrase-file FILE: secret: longer than its limit"},
	}
	for _, test := range tests {
		w := newWorld(t, "")
		name := writeFile(t, filepath.Join(w.workDir, "FILE"), test.content, 0o600)
		env := newEnv(w.system)
		env.options.passphraseFile = filepath.Base(name)
		s, err := env.passphrase(t.Context(), "key")
		if test.err != "" {
			if o := judge(t.Context(), err); o.code != exitLocked || o.message != test.err {
				t.Errorf("%s: exit %d, %v", test.name, o.code, err)
			}
			continue
		}
		if err != nil || string(s.Expose()) != test.want {
			t.Errorf("%s: %v, %v", test.name, s, err)
		}
	}
}

func TestPassphraseSourcesThatFail(t *testing.T) {
	dir := t.TempDir()
	fails := writeFile(t, filepath.Join(dir, "fails"), "#!/bin/sh\nexit 1\n", 0o700)
	tests := []struct {
		name    string
		environ []string
		options globalOptions
		code    int
	}{
		{"file is missing", nil, globalOptions{passphraseFD: notGiven, passphraseFile: "missing"}, exitLocked},
		{"variable's file is missing", []string{"KAI_PASSPHRASE_FILE=missing"}, globalOptions{passphraseFD: notGiven}, exitLocked},
		{"credentials cannot be read", []string{"CREDENTIALS_DIRECTORY=" + fails}, globalOptions{passphraseFD: notGiven}, exitLocked},
		{"descriptor is closed", nil, globalOptions{passphraseFD: 9}, exitUsage},
		{"descriptor is stdout", nil, globalOptions{passphraseFD: 1}, exitUsage},
		{"descriptor is negative", nil, globalOptions{passphraseFD: -1}, exitUsage},
		{"askpass was cancelled", []string{"KAI_ASKPASS=" + fails}, globalOptions{passphraseFD: notGiven}, exitLocked},
		{"askpass is missing", []string{"KAI_ASKPASS=" + dir + "/missing"}, globalOptions{passphraseFD: notGiven}, exitLocked},
	}
	for _, test := range tests {
		w := newWorld(t, "")
		w.onTerminal("wrong source")
		w.environ = append(test.environ, "KAI_PASSPHRASE=wrong source")
		env := newEnv(w.system)
		env.options = test.options
		s, err := env.passphrase(t.Context(), "key")
		if o := judge(t.Context(), err); s != nil || o.code != test.code {
			t.Errorf("%s: exit %d, %v", test.name, o.code, err)
		}
	}
}

// Nobody is asked, and no terminal is opened, where nobody can answer.
func TestNoInput(t *testing.T) {
	tests := []struct {
		environ []string
		flag    bool
		why     string // "" when the terminal is used
	}{
		{nil, false, ""},
		{[]string{"CI=false", "KAI_NO_INPUT=0"}, false, ""},
		{nil, true, "--no-input is set"},
		{[]string{"KAI_NO_INPUT=1"}, false, "KAI_NO_INPUT is set"},
		{[]string{"CI=true"}, false, "CI is set"},
		{[]string{"CLAUDECODE=1"}, false, "CLAUDECODE is set: an agent is driving"},
		{[]string{"CURSOR_TRACE_ID=x"}, false, "CURSOR_TRACE_ID is set: an agent is driving"},
		{[]string{"CODEX_SANDBOX=seatbelt"}, false, "CODEX_SANDBOX is set: an agent is driving"},
		{[]string{"AGENT=1"}, false, "AGENT is set: an agent is driving"},
	}
	for _, test := range tests {
		w := newWorld(t, "")
		w.environ = append(test.environ, "KAI_ASKPASS=/bin/false")
		if test.why == "" {
			w.environ = test.environ
		}
		term := w.onTerminal("typed", "yes")
		env := newEnv(w.system)
		env.options.noInput = test.flag
		s, err := env.passphrase(t.Context(), "key")
		confirmed := env.confirm(t.Context(), "Really?", "--yes")
		if test.why == "" {
			if err != nil || string(s.Expose()) != "typed" || confirmed != nil || term.closed != 2 {
				t.Errorf("%v: %v, %v, closed %d times", test.environ, err, confirmed, term.closed)
			}
			continue
		}
		if len(term.asked) > 0 {
			t.Errorf("%v: asked %q", test.environ, term.asked)
		}
		if o := judge(t.Context(), err); o.code != exitLocked || o.message != "passphrase for key needed, and nobody can be asked: "+test.why || o.hint != "use --passphrase-file FILE" {
			t.Errorf("%v: passphrase: %+v", test.environ, o)
		}
		if o := judge(t.Context(), confirmed); o.code != exitLocked || o.hint != "use --yes" {
			t.Errorf("%v: confirm: %+v", test.environ, o)
		}
	}
}

func TestNewPassphrase(t *testing.T) {
	tests := []struct {
		answers []string
		want    string
		ident   string
		asked   int
	}{
		{[]string{"a", "a"}, "a", "", 2},
		{[]string{"a", "b", "c", "c"}, "c", "", 4},
		{[]string{"a", "b", "a", "b", "a", "b"}, "", "passphrase_mismatch", 6},
		{[]string{""}, "", "input_needed", 1},
		{[]string{"a", ""}, "", "input_needed", 3}, // differs, then the terminal ends
		{nil, "", "input_needed", 1},
	}
	for _, test := range tests {
		w := newWorld(t, "")
		term := w.onTerminal(test.answers...)
		s, err := newEnv(w.system).newPassphrase(t.Context(), "key")
		if o := judge(t.Context(), err); o.ident != test.ident || test.ident != "" && o.code != exitLocked {
			t.Errorf("%q: %+v", test.answers, o)
		}
		if test.want != "" && (s == nil || string(s.Expose()) != test.want) {
			t.Errorf("%q: %v", test.answers, err)
		}
		if len(term.asked) != test.asked || term.closed != 1 {
			t.Errorf("%q: asked %q, closed %d times", test.answers, term.asked, term.closed)
		}
	}
}

func TestConfirm(t *testing.T) {
	for answer, want := range map[string]int{"yes": 0, " YES ": 0, "no": exitFailure, "": exitFailure, "y": exitFailure} {
		w := newWorld(t, "")
		term := w.onTerminal(answer)
		if o := judge(t.Context(), newEnv(w.system).confirm(t.Context(), "Really?", "--yes")); o.code != want {
			t.Errorf("%q: exit %d, want %d", answer, o.code, want)
		}
		if term.asked[0] != "Really? (yes or no)" {
			t.Errorf("asked %q", term.asked)
		}
	}
}

// The passphrase does not reach children, neither by askpass nor by the process.
func TestPassphraseNotInherited(t *testing.T) {
	w := newWorld(t, "")
	dir := t.TempDir()
	w.environ = []string{
		"KAI_PASSPHRASE=do not show", "PATH=" + os.Getenv("PATH"),
		"KAI_ASKPASS=" + writeFile(t, filepath.Join(dir, "ask"), "#!/bin/sh\nenv | grep -c KAI_PASSPHRASE\necho end\n", 0o700),
	}
	env := newEnv(w.system)
	s, err := env.passphrase(t.Context(), "key")
	if err != nil || string(s.Expose()) != "0\nend" {
		t.Errorf("%v", err)
	}
	for _, pair := range env.childEnviron() {
		if strings.HasPrefix(pair, "KAI_PASSPHRASE=") {
			t.Error("childEnviron has KAI_PASSPHRASE")
		}
	}
	t.Setenv(passphraseVariable, "x")
	realSystem()
	if _, ok := os.LookupEnv(passphraseVariable); ok {
		t.Error("the process still has KAI_PASSPHRASE")
	}
}

func TestMayReveal(t *testing.T) {
	w := newWorld(t, "")
	if err := newEnv(w.system).mayReveal("export"); err != nil {
		t.Error(err)
	}
	w.environ = []string{"CLAUDECODE=1"}
	env := newEnv(w.system)
	if o := judge(t.Context(), env.mayReveal("export of private keys")); o.code != exitDenied || o.ident != "agent_reveal" {
		t.Errorf("%+v", o)
	}
	env.options.allowAgentReveal = true
	if err := env.mayReveal("export"); err != nil {
		t.Error(err)
	}
}

func TestPassphraseWarnsOfOpenFile(t *testing.T) {
	w := newWorld(t, "")
	name := writeFile(t, filepath.Join(w.workDir, "FILE"), "x", 0o600)
	if err := os.Chmod(name, 0o644); err != nil {
		t.Fatal(err)
	}
	env := newEnv(w.system)
	env.options.passphraseFile = name
	if _, err := env.passphrase(t.Context(), "key"); err != nil || !strings.Contains(w.err.String(), "others can read it (mode 0644)") {
		t.Errorf("%v, stderr %q", err, w.err.String())
	}
}

func TestCancelledPrompt(t *testing.T) {
	w := newWorld(t, "")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("over"))
	if _, err := (&tty{in: os.Stdin, out: os.Stdout}).readByte(ctx); err == nil || err.Error() != "over" {
		t.Errorf("%v", err)
	}
	if _, err := (contextReader{ctx, w.stdin}).Read(nil); err == nil || err.Error() != "over" {
		t.Errorf("%v", err)
	}
}
