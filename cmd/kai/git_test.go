package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeGit puts a script in the place of git.
func fakeGit(t *testing.T, script string) *gitRunner {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "git"), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	w := newWorld(t, "")
	w.environ = []string{"PATH=" + os.Getenv("PATH"), passphraseVariable + "=secret"}
	return newStrictGit(newEnv(w.system))
}

func TestGitFailures(t *testing.T) {
	for _, c := range []struct {
		script string
		code   int
		text   string
	}{
		{"exit 3", exitFailure, "git: exit status 3"},
		{"printf 'fatal: one\\033[2J\\ntwo\\n' >&2; exit 1", exitFailure, "git: one\x1b[2J"},
		{"echo 'fatal: not a git repository: x' >&2; exit 128", exitNotFound, "git: not a git repository: x"},
		{"echo \"fatal: bad revision 'x'\" >&2; exit 128", exitNotFound, "git: bad revision 'x'"},
		{"echo \"fatal: detected dubious ownership in repository at 'x'\" >&2; exit 128", exitDenied, "git: detected dubious ownership in repository at 'x'"},
		{"yes | head -c 100000 >&2; exit 1", exitFailure, "git: y"},
		{"yes yyyyyyyyyy | head -c 100000 | tr -d '\\n' >&2; exit 1", exitFailure, "git: " + strings.Repeat("y", maxComplaints)},
		{"kill -9 $$", exitFailure, "git: signal: killed"},
	} {
		g := fakeGit(t, c.script)
		_, err := g.output(t.Context(), "verb")
		if err == nil || err.Error() != c.text || judge(t.Context(), err).code != c.code {
			t.Errorf("%s: %v (exit %d)", c.script, err, judge(t.Context(), err).code)
		}
	}
	g := fakeGit(t, "")
	t.Setenv("PATH", t.TempDir())
	if _, err := g.output(t.Context(), "verb"); judge(t.Context(), err).code != exitNotFound || !strings.Contains(judge(t.Context(), err).hint, "install git") {
		t.Errorf("no git: %v", err)
	}
}

// Children see what git is told, and no passphrase.
func TestGitEnvironment(t *testing.T) {
	g := fakeGit(t, `echo "$@"; env`)
	out, err := g.output(t.Context(), "verb", "--flag", "a b; $(c)")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"core.commitGraph=false", " verb --flag a b; $(c)\n", "GIT_NO_REPLACE_OBJECTS=1\n", "GIT_NO_LAZY_FETCH=1\n", "GIT_ALLOW_PROTOCOL=none\n", "GIT_GRAFT_FILE=/dev/null\n", "LC_ALL=C\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(out, "secret") {
		t.Error("the passphrase is in git's environment")
	}
}

func TestGitPipe(t *testing.T) {
	for _, c := range []struct {
		script, out, err string
		warnings         int
	}{
		{`case $7 in one) echo 1;; two) cat; echo 2;; esac`, "1\n2\n", "", 0},
		{`case $7 in one) echo warning: w >&2;; two) cat;; esac`, "", "", 1},
		{`case $7 in one) echo fatal: first >&2; exit 1;; two) cat;; esac`, "", "git: first", 1},
		{`case $7 in one) yes;; two) echo fatal: second >&2; exit 1;; esac`, "", "git: second", 0},
	} {
		g := fakeGit(t, strings.ReplaceAll(c.script, "$7", "$5"))
		p, err := g.pipe(t.Context(), nil, []string{"one"}, []string{"two"})
		if err != nil {
			t.Fatal(err)
		}
		out, err := io.ReadAll(p.out)
		if err != nil || string(out) != c.out {
			t.Errorf("%s: %q, %v", c.script, out, err)
		}
		warnings, err := p.wait()
		if text := errorText(err); text != c.err || err == nil && len(warnings) != c.warnings {
			t.Errorf("%s: %q, %v", c.script, warnings, err)
		}
		p.close()
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// A git that does not end is ended.
func TestGitCancelled(t *testing.T) {
	g := fakeGit(t, "exec sleep 1000")
	ctx, cancel := context.WithCancel(t.Context())
	p, err := g.pipe(ctx, strings.NewReader("input"), []string{"one"}, []string{"two"})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.ReadAll(p.out); err != nil {
		t.Error(err)
	}
	if _, err := p.wait(); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	p, err = g.pipe(t.Context(), nil, []string{"one"})
	if err != nil {
		t.Fatal(err)
	}
	p.close()
}

// What git prints is not believed either.
func TestGitObjectsOddOutput(t *testing.T) {
	id := strings.Repeat("a", 40)
	for _, c := range []struct{ output, err string }{
		{id + ` commit 3\nabc\n`, ""},
		{id + ` commit 3\nabc`, "git cat-file: output is cut off: EOF"},
		{id + ` commit 3\nab`, "git cat-file: output is cut off: unexpected EOF"},
		{id + ` commit 3`, "git: output is cut off"},
		{id + ` commit -3\n`, "git cat-file: unexpected line"},
		{id + ` commit x\n`, "git cat-file: unexpected line"},
		{`x commit 3\nabc\n`, "git cat-file: unexpected line"},
		{id + ` commit 9000000000000000000\nabc\n`, "git cat-file: output is cut off: EOF"},
		{`HEAD missing\n`, ""},
		{`\n`, ""},
	} {
		g := fakeGit(t, "cat > /dev/null; printf '"+c.output+"'")
		s := &gitSource{git: g, yield: func([]gitObject) bool { return true }}
		if err := s.read(t.Context(), []gitArgument{{text: "HEAD"}}, false); errorText(err) != c.err {
			t.Errorf("%q: %v", c.output, err)
		}
	}
}

// More lines than names must not be taken for an answer.
func TestGitObjectsTooMany(t *testing.T) {
	id := strings.Repeat("a", 40)
	g := fakeGit(t, "cat > /dev/null; printf '"+id+` commit 3\nabc\n`+id+` commit 3\nabc\n'`)
	s := &gitSource{git: g, yield: func([]gitObject) bool { return true }}
	if err := s.read(t.Context(), []gitArgument{{text: "HEAD"}}, false); err == nil {
		t.Error("two objects for one name")
	}
	g = fakeGit(t, "cat > /dev/null")
	s = &gitSource{git: g, yield: func([]gitObject) bool { return true }}
	if err := s.read(t.Context(), []gitArgument{{text: "HEAD"}}, false); err == nil {
		t.Error("no object for one name")
	}
}

// The path that git is told is the one that kai is found by, if it leads to the same file.
func TestExecutable(t *testing.T) {
	real, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", t.TempDir())
	if path, err := executable(); err != nil || path != real {
		t.Errorf("%s, %v, want %s", path, err, real)
	}
	dir := t.TempDir()
	link := filepath.Join(dir, filepath.Base(real))
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	if path, err := executable(); err != nil || path != link {
		t.Errorf("%s, %v, want %s", path, err, link)
	}
	other := filepath.Join(t.TempDir(), filepath.Base(real))
	if err := os.WriteFile(other, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Dir(other))
	if path, err := executable(); err != nil || path != real {
		t.Errorf("another program of the name: %s, %v, want %s", path, err, real)
	}
}

// The forms of gitrevisions(7) that stand for several commits, and names that look like them.
func TestGitRange(t *testing.T) {
	for text, want := range map[string]bool{
		"a..b": true, "a...b": true, "..b": true, "HEAD^!": true, "HEAD^@": true, "HEAD^-": true, "HEAD^-2": true, "a^-1^-": true,
		"HEAD": false, "HEAD^": false, "HEAD^2": false, "a^-x": false, "a^-1^-x": false, "a-1": false, "a!": false, "a.b": false, "HEAD@{1}": false,
	} {
		if got, err := parseGitArgument(text); err != nil || got.isRange != want {
			t.Errorf("%s: %v, %v", text, got.isRange, err)
		}
	}
}
