package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sshKeyFile writes a private key, without a passphrase, outside the repository.
func (r *gitRepo) sshKeyFile(t *testing.T, name string) string {
	t.Helper()
	w := newWorld(t, "")
	path := filepath.Join(r.home, name)
	if code := w.run(t, "keygen", "-o", path, "--no-passphrase"); code != exitDone {
		t.Fatalf("kai keygen: exit %d, %s", code, w.err.String())
	}
	return path
}

// config is the configuration of a scope, in the order of names; values of one name stay in
// their own order.
func (r *gitRepo) config(scope string) []string {
	r.t.Helper()
	if scope == "--global" {
		if _, err := os.Stat(filepath.Join(r.home, ".gitconfig")); err != nil {
			return nil
		}
	}
	out := r.git("config", scope, "--null", "--list")
	if out == "" {
		return nil
	}
	list := strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
	slices.SortStableFunc(list, func(a, b string) int {
		a, _, _ = strings.Cut(a, "\n")
		b, _, _ = strings.Cut(b, "\n")
		return strings.Compare(a, b)
	})
	return list
}

func TestGitSetup(t *testing.T) {
	for _, scope := range []string{"--local", "--global"} {
		r := newGitRepo(t, "sha1")
		path, signers := r.sshKeyFile(t, "ada"), r.file("signers", "")
		w := r.world(t)
		if code := w.run(t, "git", "setup", scope, "--key", "file:"+path, "--allowed-signers", signers); code != exitDone || w.err.Len() > 0 {
			t.Fatalf("exit %d, %s", code, w.err.String())
		}
		want := fmt.Sprintf("gpg.format                  ssh\ngpg.ssh.program             /opt/kai's/bin/kai\nuser.signingKey             %s\n"+
			"gpg.ssh.allowedSignersFile  %s\ncommit.gpgSign              true\ntag.gpgSign                 true\n", path, signers)
		if w.out.String() != want {
			t.Errorf("got\n%swant\n%s", w.out.String(), want)
		}
		for name, want := range map[string]string{
			"gpg.format": "ssh", "gpg.ssh.program": "/opt/kai's/bin/kai", "user.signingKey": path,
			"gpg.ssh.allowedSignersFile": signers, "commit.gpgSign": "true", "tag.gpgSign": "true",
		} {
			if got := r.git("config", scope, "--get", name); got != want {
				t.Errorf("%s is %s, want %s", name, got, want)
			}
		}
	}
}

// Whatever was set before, setting up any number of times and one undo leave it as it was.
func TestGitSetupUndo(t *testing.T) {
	for _, c := range []struct {
		name   string
		before [][]string // arguments of git config
	}{
		{"nothing", nil},
		{"some", [][]string{{"gpg.format", "openpgp"}, {"user.signingKey", "0xABCD"}, {"user.name", "Ada"}}},
		{"the same", [][]string{{"gpg.format", "ssh"}, {"commit.gpgSign", "true"}, {"tag.gpgSign", "false"}}},
		{"several values", [][]string{
			{"--add", "user.signingKey", "one"}, {"--add", "user.signingKey", "two"}, {"--add", "user.signingKey", "one"},
			{"--add", "commit.gpgSign", "false"}, {"--add", "commit.gpgSign", "true"},
		}},
		{"awkward values", [][]string{
			{"gpg.ssh.program", " \"a\\b\"\n\t#;c'd "}, {"user.signingKey", "--global"}, {"gpg.format", ""}, {"gpg.ssh.allowedSignersFile", "é\xff"},
		}},
	} {
		for _, scope := range []string{"--local", "--global"} {
			r := newGitRepo(t, "sha1")
			for _, args := range c.before {
				name, value := args[len(args)-2], args[len(args)-1]
				r.git(append(append([]string{"config", scope}, args[:len(args)-2]...), "--", name, value)...)
			}
			before := r.config(scope)
			one, two := r.sshKeyFile(t, "one"), r.sshKeyFile(t, "two")
			for _, args := range [][]string{
				{"--key", "file:" + one},
				{"--key", "file:" + one},
				{"--key", "file:" + two, "--allowed-signers", r.file("signers", "")},
				{"--key", "file:" + one, "--no-auto-sign"},
				{"--key", "file:" + two},
			} {
				w := r.world(t)
				if code := w.run(t, append([]string{"git", "setup", scope}, args...)...); code != exitDone {
					t.Fatalf("%s: %q: exit %d, %s", c.name, args, code, w.err.String())
				}
			}
			if got := r.git("config", scope, "--get-all", "user.signingKey"); got != two {
				t.Errorf("%s: user.signingKey is %q", c.name, got)
			}
			w := r.world(t)
			if code := w.run(t, "git", "setup", scope, "--undo"); code != exitDone || w.err.Len() > 0 {
				t.Fatalf("%s: undo: exit %d, %s", c.name, code, w.err.String())
			}
			if after := r.config(scope); !slices.Equal(after, before) {
				t.Errorf("%s: after undo of %s\n%q\nbefore\n%q", c.name, scope, after, before)
			}
			if code := w.run(t, "git", "setup", scope, "--undo"); code != exitDone || w.out.Len() > 0 || !strings.Contains(w.err.String(), "nothing to undo") {
				t.Errorf("%s: second undo: exit %d, %s%s", c.name, code, w.out.String(), w.err.String())
			}
		}
	}
}

// What somebody changed after setup is theirs, for undo and for the next setup.
func TestGitSetupChangedSince(t *testing.T) {
	r := newGitRepo(t, "sha1")
	path := r.sshKeyFile(t, "ada")
	setup := func(args ...string) string {
		t.Helper()
		w := r.world(t)
		if code := w.run(t, append([]string{"git", "setup"}, args...)...); code != exitDone {
			t.Fatalf("%q: exit %d, %s", args, code, w.err.String())
		}
		return w.out.String()
	}
	r.git("config", "gpg.format", "openpgp")
	setup("--key", "file:"+path)
	r.git("config", "gpg.format", "x509")
	r.git("config", "--add", "commit.gpgSign", "true")
	out := setup("--undo")
	if got := r.git("config", "gpg.format"); got != "x509" || !strings.Contains(out, "x509  (changed since setup, left as it is)") {
		t.Errorf("gpg.format %s after\n%s", got, out)
	}
	if got := r.git("config", "--get-all", "commit.gpgSign"); got != "true\ntrue" {
		t.Errorf("commit.gpgSign %q", got)
	}
	setup("--key", "file:"+path)
	r.git("config", "gpg.format", "openpgp")
	setup("--key", "file:"+path)
	setup("--undo")
	if got := r.git("config", "gpg.format"); got != "openpgp" {
		t.Errorf("gpg.format %s, want what was set between the setups", got)
	}
}

// --no-auto-sign puts back what an earlier setup set, and nothing else.
func TestGitSetupNoAutoSign(t *testing.T) {
	r := newGitRepo(t, "sha1")
	path := r.sshKeyFile(t, "ada")
	r.git("config", "tag.gpgSign", "false")
	for _, args := range [][]string{{}, {"--no-auto-sign"}} {
		w := r.world(t)
		if code := w.run(t, append([]string{"git", "setup", "--key", "file:" + path, "--json"}, args...)...); code != exitDone {
			t.Fatalf("exit %d, %s", code, w.err.String())
		}
		var answer gitSetupJSON
		if err := json.Unmarshal(w.out.Bytes(), &answer); err != nil || answer.Scope != "local" || !answer.OK || answer.Schema != "kai.git.setup/1" {
			t.Errorf("%v: %s", err, w.out.String())
		}
	}
	if got := r.git("config", "--get", "tag.gpgSign"); got != "false" {
		t.Errorf("tag.gpgSign %s", got)
	}
	if got := r.config("--local"); slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "commit.gpgsign") }) {
		t.Errorf("commit.gpgSign is set: %q", got)
	}
}

func TestGitSetupRefusals(t *testing.T) {
	r := newGitRepo(t, "sha1")
	path := r.sshKeyFile(t, "ada")
	w := newWorld(t, "")
	pq := filepath.Join(r.home, "pq")
	if code := w.run(t, "keygen", "-o", pq, "--type", "ml-dsa-65", "--no-passphrase"); code != exitDone {
		t.Fatal(w.err.String())
	}
	before := r.config("--local")
	for _, c := range []struct {
		args []string
		exit int
		text string
	}{
		{nil, exitLocked, "kai git setup --local --key file:PATH"},
		{[]string{"--key", path}, exitUsage, "key reference"},
		{[]string{"--key", "file:" + path + "x"}, exitNotFound, "no such file"},
		{[]string{"--key", "file:" + pq}, exitUsage, "git does not sign with ml-dsa-65 keys"},
		{[]string{"--key", "agent:SHA256:" + strings.Repeat("A", 43)}, exitBackend, "agent"},
		{[]string{"--identity", "ada"}, exitLocked, "no identity"},
		{[]string{"--key", "file:" + path, "--identity", "ada"}, exitUsage, "exclude"},
		{[]string{"--key", "file:" + path, "--global", "--local"}, exitUsage, "exclude"},
		{[]string{"--key", "file:" + path, "--undo"}, exitUsage, "--undo"},
		{[]string{"surplus"}, exitUsage, "surplus"},
	} {
		w := r.world(t)
		if code := w.run(t, append([]string{"git", "setup"}, c.args...)...); code != c.exit || !strings.Contains(w.err.String(), c.text) {
			t.Errorf("%q: exit %d, %s, want %d %s", c.args, code, w.err.String(), c.exit, c.text)
		}
	}
	if after := r.config("--local"); !slices.Equal(before, after) {
		t.Errorf("configuration changed: %q", after)
	}
	outside := newWorld(t, "")
	outside.environ = append(r.environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(outside.workDir))
	if code := outside.run(t, "git", "setup", "--key", "file:"+path); code != exitNotFound || !strings.Contains(outside.err.String(), "git repository") {
		t.Errorf("outside: exit %d, %s", code, outside.err.String())
	}
}

// A git that is too old is refused before anything is changed.
func TestGitSetupOldGit(t *testing.T) {
	for version, want := range map[string]int{"2.34.9": exitFailure, "1.99": exitFailure, "2.35.0": exitDone} {
		r := newGitRepo(t, "sha1")
		path := r.sshKeyFile(t, "ada")
		dir := t.TempDir()
		script := "#!/bin/sh\n[ \"$1\" = --version ] && { echo git version " + version + "; exit; }\nexec " + r.program + " \"$@\"\n"
		if err := os.WriteFile(filepath.Join(dir, "git"), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
		w := r.world(t)
		if code := w.run(t, "git", "setup", "--key", "file:"+path); code != want || want != exitDone && !strings.Contains(w.err.String(), "git version "+version+": too old") {
			t.Errorf("%s: exit %d, %s", version, code, w.err.String())
		}
	}
}

// Settings that another file overrides are named.
func TestGitSetupOverridden(t *testing.T) {
	r := newGitRepo(t, "sha1")
	path := r.sshKeyFile(t, "ada")
	r.git("config", "--local", "commit.gpgSign", "false")
	w := r.world(t)
	if code := w.run(t, "git", "setup", "--global", "--key", "file:"+path); code != exitDone || !strings.Contains(w.err.String(), "commit.gpgSign is overridden by file:.git/config") {
		t.Errorf("exit %d, %s", code, w.err.String())
	}
	w.environ = append(w.environ, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=gpg.format", "GIT_CONFIG_VALUE_0=x509")
	if code := w.run(t, "git", "setup", "--global", "--key", "file:"+path); code != exitDone || !strings.Contains(w.err.String(), "gpg.format is overridden by command line:") {
		t.Errorf("exit %d, %s", code, w.err.String())
	}
}

func TestGitName(t *testing.T) {
	for name, want := range map[string]string{
		"user.signingKey":                "user.signingkey",
		"gpg.ssh.allowedSignersFile":     "gpg.ssh.allowedsignersfile",
		"kai.previous.gpg.SSH.Program":   "kai.previous.gpg.SSH.program",
		"Kai.set.commit.gpgSign":         "kai.set.commit.gpgsign",
		gitPrevious + "user.signingKey":  "kai.previous.user.signingkey",
		gitSetByKai + "gpg.ssh.program":  "kai.set.gpg.ssh.program",
		"http.https://a.B/c.d.sslVerify": "http.https://a.B/c.d.sslverify",
	} {
		if got := gitName(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
