package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kai/internal/home"
)

func TestHomeDir(t *testing.T) {
	w := newWorld(t, "")
	user, _ := w.userHome()
	tests := []struct {
		flag, variable, want string
	}{
		{"", "", filepath.Join(user, ".kind")},
		{"", "/elsewhere", "/elsewhere"},
		{"below", "/elsewhere", filepath.Join(w.workDir, "below")},
		{"/root", "", "/root"},
	}
	for _, test := range tests {
		w.environ = []string{"KAI_HOME=" + test.variable}
		env := newEnv(w.system)
		env.options.home = test.flag
		if got, err := env.homeDir(); got != test.want || err != nil {
			t.Errorf("--home %q, KAI_HOME %q: %q, %v", test.flag, test.variable, got, err)
		}
	}
	w.environ = nil
	w.userHome = func() (string, error) { return "", errors.New("no HOME") }
	_, err := newEnv(w.system).homeDir()
	if o := judge(t.Context(), err); o.code != exitNotFound || o.ident != "no_home" || o.hint == "" {
		t.Errorf("without any: %+v", o)
	}
}

func TestHomeErrors(t *testing.T) {
	w := newWorld(t, "")
	dir := filepath.Join(w.workDir, "home")
	env := newEnv(w.system)
	env.options.home = dir
	expect := func(err error, code int, ident string) {
		t.Helper()
		if o := judge(t.Context(), err); o.code != code || o.ident != ident {
			t.Errorf("%+v, want %d %s", o, code, ident)
		}
	}
	_, err := env.openHome()
	expect(err, exitNotFound, "not_found")

	for range 2 { // made once, opened once
		h, err := env.createHome()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := env.openHome(); again != h || err != nil {
			t.Errorf("opened again: %v", err)
		}
	}
	if got := w.err.String(); got != "kai: made the home "+dir+"\n" {
		t.Errorf("stderr %q", got)
	}
	env.close()

	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	_, err = env.openHome()
	expect(err, exitDenied, "permission")
	if o := judge(t.Context(), err); o.hint != "chmod 700 "+dir {
		t.Errorf("hint %q", o.hint)
	}

	if err := os.Mkdir(filepath.Join(w.workDir, "other"), 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(w.workDir, "other", "file"), "", 0o600)
	env.options.home = filepath.Join(w.workDir, "other")
	env.close()
	_, err = env.openHome()
	expect(err, exitConflict, "not_a_home")

	writeFile(t, filepath.Join(w.workDir, "other", "version"), "kai-home 2\n", 0o600)
	env.close()
	_, err = env.openHome()
	expect(err, exitUndecidable, "newer_home")
}

// config.toml can forbid questions, and when it cannot be read nobody is asked either.
func TestConfigNoInput(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "",
		"no-input = false\n":   "",
		"no-input = true\n":    "config.toml says no-input",
		"no-input = perhaps\n": "config.toml line 1",
	} {
		w := newWorld(t, "")
		user, _ := w.userHome()
		h, err := home.Create(filepath.Join(user, home.Default))
		if err != nil {
			t.Fatal(err)
		}
		h.Close()
		writeFile(t, filepath.Join(h.Path(), "config.toml"), text, 0o600)
		if got := newEnv(w.system).noInput(); (got == "") != (want == "") || !strings.HasPrefix(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// A command goes by one config.toml, whatever becomes of the file meanwhile; a home that was made on
// the way has one, too.
func TestConfigIsReadOnce(t *testing.T) {
	w := newWorld(t, "")
	env := newEnv(w.system)
	defer env.close()
	if c, err := env.config(); c.NoInput || err != nil {
		t.Fatalf("no home: %+v, %v", c, err)
	}
	h, err := env.createHome()
	if err != nil {
		t.Fatal(err)
	}
	file := writeFile(t, filepath.Join(h.Path(), "config.toml"), "no-input = true\n", 0o600)
	for _, text := range []string{"no-input = false\n", "nonsense"} {
		if c, err := env.config(); !c.NoInput || err != nil {
			t.Errorf("%+v, %v", c, err)
		}
		writeFile(t, file, text, 0o600)
	}
}
