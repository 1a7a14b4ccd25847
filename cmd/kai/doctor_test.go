package main

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kai/internal/home"
)

func TestDoctorHome(t *testing.T) {
	dir := t.TempDir()
	makeHome := func(name string, mode os.FileMode, config string) string {
		path := filepath.Join(dir, name)
		h, err := home.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		h.Close()
		writeFile(t, filepath.Join(path, "config.toml"), config, 0o600)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	open := makeHome("open", 0o750, "")
	bad := makeHome("bad", 0o700, "colour = \"red\"\n")
	tests := []struct {
		home   string
		status checkStatus
		fix    string
	}{
		{filepath.Join(dir, "missing"), checkOK, ""},
		{makeHome("good", 0o700, "no-input = true\n"), checkOK, ""},
		{open, checkMissing, "chmod 700 " + open},
		{bad, checkMissing, "correct " + filepath.Join(bad, "config.toml")},
		{writeFile(t, filepath.Join(dir, "file"), "", 0o600), checkMissing, "name another directory with --home or KAI_HOME"},
	}
	for _, test := range tests {
		w := newWorld(t, "")
		env := newEnv(w.system)
		env.options.home = test.home
		if r := checkHome(t.Context(), env); r.Status != test.status || r.Fix != test.fix {
			t.Errorf("%s: %+v", test.home, r)
		}
	}
}

func TestDoctorAgent(t *testing.T) {
	w := newWorld(t, "")
	if r := checkAgent(t.Context(), newEnv(w.system)); r.Status != checkMissing || r.Fix == "" {
		t.Errorf("without SSH_AUTH_SOCK: %+v", r)
	}
	dir, err := os.MkdirTemp("", "kai") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "agent")
	w.environ = []string{"SSH_AUTH_SOCK=" + socket}
	if r := checkAgent(t.Context(), newEnv(w.system)); r.Status != checkMissing {
		t.Errorf("without a socket: %+v", r)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if r := checkAgent(t.Context(), newEnv(w.system)); r.Status != checkOK {
		t.Errorf("with an agent: %+v", r)
	}
}

func TestDoctorGit(t *testing.T) {
	tests := map[string]checkStatus{
		"echo git version 2.34.1":                     checkMissing,
		"echo git version 2.35.0":                     checkOK,
		"echo git version 3.0":                        checkOK,
		"echo 'git version 2.39.5 (Apple Git-154)'":   checkOK,
		"echo git version 1.99.0":                     checkMissing,
		"echo something else":                         checkWarn,
		"echo git version 2":                          checkWarn,
		"echo git version x.y.z":                      checkWarn,
		"exit 1":                                      checkMissing,
		"printf 'git version 2.40.1\\033[31m red\\n'": checkOK,
	}
	for script, want := range tests {
		dir := t.TempDir()
		writeFile(t, filepath.Join(dir, "git"), "#!/bin/sh\n"+script+"\n", 0o700)
		t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
		w := newWorld(t, "")
		if r := checkGit(t.Context(), newEnv(w.system)); r.Status != want {
			t.Errorf("%s: %+v, want %s", script, r, want)
		}
	}
	t.Setenv("PATH", t.TempDir())
	if r := checkGit(t.Context(), newEnv(newWorld(t, "").system)); r.Status != checkMissing || r.Fix == "" {
		t.Errorf("without git: %+v", r)
	}
}

func TestDoctorOthers(t *testing.T) {
	w := newWorld(t, "")
	if r := checkQuestions(t.Context(), newEnv(w.system)); r.Status != checkWarn || r.Detail != "nobody can be asked: no terminal" {
		t.Errorf("no terminal: %+v", r)
	}
	w.onTerminal()
	if r := checkQuestions(t.Context(), newEnv(w.system)); r.Status != checkOK {
		t.Errorf("terminal: %+v", r)
	}
	w.environ = []string{"CI=1"}
	if r := checkQuestions(t.Context(), newEnv(w.system)); r.Status != checkWarn {
		t.Errorf("CI: %+v", r)
	}
	if r := checkClock(t.Context(), newEnv(w.system)); r.Status != checkOK || r.Detail != "2026-11-22T05:00:00Z" {
		t.Errorf("clock: %+v", r)
	}
	w.now = func() time.Time { return time.Unix(0, 0) }
	if r := checkClock(t.Context(), newEnv(w.system)); r.Status != checkWarn {
		t.Errorf("clock: %+v", r)
	}
	if r := checkHardening(t.Context(), newEnv(w.system)); r.Status != checkOK {
		t.Errorf("hardening: %+v", r)
	}
	w.harden = func() error { return errors.New("refused") }
	if r := checkHardening(t.Context(), newEnv(w.system)); r.Status != checkWarn || r.Detail != "refused" {
		t.Errorf("hardening: %+v", r)
	}
}

// The real checks run anywhere, say something, and print no raw control bytes.
func TestDoctor(t *testing.T) {
	w := newWorld(t, "")
	w.environ = []string{"SSH_AUTH_SOCK=/no\x1b[31m/such", "XDG_RUNTIME_DIR=" + t.TempDir()}
	if code := w.run(t, "doctor"); code != exitDone || w.err.Len() > 0 {
		t.Fatalf("exit %d, %s", code, w.err.String())
	}
	for line := range strings.Lines(w.out.String()) {
		if !isPrintable(strings.TrimSuffix(line, "\n")) {
			t.Errorf("%q", line)
		}
		if word, _, _ := strings.Cut(line, " "); word != "ok" && word != "warn" && word != "missing" && word != "" {
			t.Errorf("%q", line)
		}
	}
	if code := w.run(t, "doctor", "--json"); code != exitDone || !strings.HasPrefix(w.out.String(), `{"schema":"kai.doctor/1","ok":true,"checks":[{"name":"home","status":"ok",`) {
		t.Errorf("exit %d, %s", code, w.out.String())
	}
}
