package main

import (
	"encoding/base64"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kai/internal/key"
	"kai/internal/key/keyfile"
)

// entriesOf lists the names in a directory.
func entriesOf(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestKeygenAsksTwice(t *testing.T) {
	w := newWorld(t, "")
	tty := w.onTerminal("correct horse", "correct horse")
	if code := w.run(t, "keygen", "-o", "k", "--type", "ecdsa-p256"); code != exitDone {
		t.Fatalf("exit %d, %s", code, w.err.String())
	}
	if want := []string{"New passphrase for k:", "The same again:"}; !slices.Equal(tty.asked, want) {
		t.Errorf("asked %q, want %q", tty.asked, want)
	}
	data, err := os.ReadFile(filepath.Join(w.workDir, "k"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := keyfile.Parse(data)
	if err != nil || !f.Entries[0].Encrypted || f.Entries[0].Public.Type() != key.ECDSAP256 {
		t.Errorf("%+v, %v", f, err)
	}
	if strings.Contains(w.out.String()+w.err.String(), "horse") {
		t.Error("the passphrase is printed")
	}
}

// Whatever goes wrong, neither of the two files is there afterwards, and nothing that was
// there is touched.
func TestKeygenLeavesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		answers []string // nil: no terminal
		before  []string
		args    []string
		code    int
	}{
		"no terminal":          {nil, nil, nil, exitLocked},
		"nothing typed":        {[]string{""}, nil, nil, exitLocked},
		"end of input":         {[]string{}, nil, nil, exitLocked},
		"two passphrases":      {[]string{"a", "b", "a", "b", "a", "b"}, nil, nil, exitLocked},
		"private key exists":   {[]string{"a", "a"}, []string{"k"}, nil, exitConflict},
		"public key exists":    {[]string{"a", "a"}, []string{"k.pub"}, nil, exitConflict},
		"no such directory":    {[]string{"a", "a"}, nil, []string{"-o", "missing/k"}, exitNotFound},
		"directory is a file":  {[]string{"a", "a"}, []string{"file"}, []string{"-o", "file/k"}, exitFailure},
		"standard output":      {nil, nil, []string{"-o", "-"}, exitUsage},
		"no vault":             {nil, nil, []string{"name"}, exitNotFound},
		"file and name":        {nil, nil, []string{"name", "-o", "k"}, exitUsage},
		"comment of two lines": {nil, nil, []string{"-o", "k", "--comment", "a\nb"}, exitUsage},
		"unknown type":         {nil, nil, []string{"-o", "k", "--type", "dsa"}, exitUsage},
		"passphrase and none":  {nil, nil, []string{"-o", "k", "--no-passphrase", "--passphrase-file", "p"}, exitUsage},
		"no passphrase file":   {[]string{"a", "a"}, nil, []string{"-o", "k", "--passphrase-file", "p"}, exitLocked},
		"not of this command":  {nil, nil, []string{"-o", "k", "--private"}, exitUsage},
		"asked, but no input":  {[]string{"a", "a"}, nil, []string{"-o", "k", "--no-input"}, exitLocked},
		"a directory":          {[]string{"a", "a"}, nil, []string{"-o", "."}, exitFailure},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "")
			if c.answers != nil {
				w.onTerminal(c.answers...)
			}
			for _, b := range c.before {
				writeFile(t, filepath.Join(w.workDir, b), "before", 0o600)
			}
			args := c.args
			if args == nil {
				args = []string{"-o", "k"}
			}
			if code := w.run(t, append([]string{"keygen"}, args...)...); code != c.code {
				t.Errorf("exit %d, want %d: %s", code, c.code, w.err.String())
			}
			if w.out.Len() > 0 {
				t.Errorf("stdout %q", w.out.String())
			}
			if got := entriesOf(t, w.workDir); !slices.Equal(got, c.before) {
				t.Errorf("left %q, want %q", got, c.before)
			}
			for _, b := range c.before {
				if text, err := os.ReadFile(filepath.Join(w.workDir, b)); err != nil || string(text) != "before" {
					t.Errorf("%s: %q, %v", b, text, err)
				}
			}
		})
	}
}

func TestKeygenInAClosedDirectory(t *testing.T) {
	if os.Geteuid() <= 0 { // -1 where there are no such modes
		t.Skip("the superuser may write anywhere")
	}
	w := newWorld(t, "")
	if err := os.Chmod(w.workDir, 0o500); err != nil {
		t.Fatal(err)
	}
	if code := w.run(t, "keygen", "-o", "k", "--no-passphrase"); code != exitDenied || len(entriesOf(t, w.workDir)) > 0 {
		t.Errorf("exit %d, %s", code, w.err.String())
	}
}

// A passphrase is not asked for what cannot be written.
func TestKeygenChecksBeforeItAsks(t *testing.T) {
	w := newWorld(t, "")
	tty := w.onTerminal("a", "a")
	writeFile(t, filepath.Join(w.workDir, "k.pub"), "x", 0o600)
	if code := w.run(t, "keygen", "-o", "k"); code != exitConflict || len(tty.asked) > 0 {
		t.Errorf("exit %d, asked %q", code, tty.asked)
	}
}

func TestKeygenHintsAtNoPassphrase(t *testing.T) {
	w := newWorld(t, "")
	w.run(t, "keygen", "-o", "k")
	if want := "kai: hint: use --passphrase-file FILE, or --no-passphrase for a key without one\n"; !strings.HasSuffix(w.err.String(), want) {
		t.Errorf("stderr %q", w.err.String())
	}
}

// A key that takes more memory than there is is refused before anything is asked or allocated.
func TestMemoryIsCheckedBeforeItIsTaken(t *testing.T) {
	const bare = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"
	w := newWorld(t, "")
	tty := w.onTerminal("a", "a")
	w.memory = func() uint64 { return 1 << 20 }
	writeFile(t, filepath.Join(w.workDir, "plain"), "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n", 0o600)
	if code := w.run(t, "id", "export", "plain", "--private", "-o", "out"); code != exitFailure || len(tty.asked) > 0 {
		t.Errorf("exit %d, asked %q, %s", code, tty.asked, w.err.String())
	}
	if !strings.Contains(w.err.String(), "of memory") {
		t.Errorf("stderr %q", w.err.String())
	}
	// A minisign key whose header asks for 1 GiB; what it seals does not matter.
	sealed := append([]byte("EdScB2"), make([]byte, 152)...)
	binary.LittleEndian.PutUint64(sealed[38:], 1<<25)
	binary.LittleEndian.PutUint64(sealed[46:], 1<<30)
	writeFile(t, filepath.Join(w.workDir, "locked"), "untrusted comment: x\n"+base64.StdEncoding.EncodeToString(sealed)+"\n", 0o600)
	writeFile(t, filepath.Join(w.workDir, "data"), "x", 0o600)
	for _, args := range [][]string{{"id", "show", "locked"}, {"sign", "data", "--key", "file:locked"}} {
		if code := w.run(t, args...); code != exitFailure || len(tty.asked) > 0 || !strings.Contains(w.err.String(), "takes 1025 MiB of memory, 1 MiB are free") {
			t.Errorf("%q: exit %d, asked %q, %s", args, code, tty.asked, w.err.String())
		}
	}
	if code := w.run(t, "id", "show", bare); code != exitDone {
		t.Errorf("a public key: exit %d, %s", code, w.err.String())
	}
	w.memory = func() uint64 { return 0 } // unknown: nothing is refused
	if code := w.run(t, "id", "export", "plain", "--private", "-o", "out"); code != exitDone {
		t.Errorf("exit %d, %s", code, w.err.String())
	}
}
