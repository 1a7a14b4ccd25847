package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// strangeNames are file names that lists have to escape, or must not touch.
func strangeNames(t *testing.T, dir string) []string {
	t.Helper()
	names := []string{"plain", " leading", "trailing ", "*star", "-", "-r", "--", "#", "\\", "c\\d", "a\nb", "\n", "e\rf", "\r", "tab\t",
		"esc\x1b[2J", "bad\xff\xfe", "\x7f", "ü\u202eñ", "SHA256 (x) = 0", "a", "a.txt", ".hidden", "A", strings.Repeat("n", 255)}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("content of "+name), 0o600); err != nil {
			t.Skipf("this file system has no name %q: %v", name, err)
		}
	}
	return names
}

// kai hash -r DIR | kai hash -c holds for every name and every form of list.
func TestHashRoundTrip(t *testing.T) {
	w := newWorld(t, "")
	names := strangeNames(t, w.workDir)
	if err := os.MkdirAll(filepath.Join(w.workDir, "sub\ndir", "a"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.workDir, "sub\ndir", "a", "bad\xff\\"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, form := range [][]string{{}, {"--tag"}, {"-z"}, {"-z", "--tag"}, {"--algo", "blake3"}, {"--algo", "sha512", "-j", "1"}} {
		w.stdin = strings.NewReader("")
		if code := w.run(t, append([]string{"hash", "-r", "."}, form...)...); code != exitDone {
			t.Fatalf("kai hash -r . %q: exit %d, %s", form, code, w.err.String())
		}
		list := w.out.String()
		check := []string{"hash", "-c"}
		for _, f := range form {
			if f != "--tag" {
				check = append(check, f)
			}
		}
		w.stdin = strings.NewReader(list)
		if code := w.run(t, check...); code != exitDone || strings.Count(w.out.String(), ": OK\n") != len(names)+1 {
			t.Errorf("kai %q of what kai hash %q wrote: exit %d, %s%s", check, form, code, w.out.String(), w.err.String())
		}
		if i := strings.IndexFunc(strings.ReplaceAll(w.out.String(), "\n", ""), func(r rune) bool { return hidden(r) }); i >= 0 {
			t.Errorf("kai %q: control characters in %q", check, w.out.String())
		}
		// The digest of one file is wrong, and only that is said.
		w.stdin = strings.NewReader(list)
		if err := os.WriteFile(filepath.Join(w.workDir, "plain"), []byte("changed"), 0o600); err != nil {
			t.Fatal(err)
		}
		if code := w.run(t, append(check, "--quiet")...); code != exitBad || w.out.String() != "./plain: FAILED\n" {
			t.Errorf("kai %q --quiet after a change: exit %d, %s%s", check, code, w.out.String(), w.err.String())
		}
		if err := os.WriteFile(filepath.Join(w.workDir, "plain"), []byte("content of plain"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// The order is that of the bytes of whole paths, which is what LC_ALL=C sort makes of the
// output of find.
func TestHashRecursiveOrder(t *testing.T) {
	w := newWorld(t, "")
	want := []string{"./.h/x", "./B", "./a-b", "./a.d/y", "./a.txt", "./a/.z", "./a/b", "./a0", "./\xff"}
	for _, name := range want {
		path := filepath.Join(w.workDir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Skipf("this file system has no name %q: %v", name, err)
		}
	}
	for _, link := range [][2]string{{"a", "link-to-dir"}, {"a.txt", "link-to-file"}, {"nowhere", "dangling"}} {
		if err := os.Symlink(link[0], filepath.Join(w.workDir, link[1])); err != nil {
			t.Fatal(err)
		}
	}
	if code := w.run(t, "hash", "-r", "."); code != exitDone {
		t.Fatalf("exit %d, %s", code, w.err.String())
	}
	var got []string
	for line := range strings.Lines(w.out.String()) {
		got = append(got, strings.TrimSuffix(line[66:], "\n"))
	}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("order %q, want %q", got, want)
	}
	// Links that are named are followed, and slashes are not doubled.
	if code := w.run(t, "hash", "-r", "link-to-dir/", "link-to-file"); code != exitDone ||
		strings.Count(w.out.String(), "\n") != 3 || !strings.Contains(w.out.String(), "  link-to-dir/.z\n") {
		t.Errorf("exit %d, %s%s", code, w.out.String(), w.err.String())
	}
	if code := w.run(t, "hash", "-r", "dangling"); code != exitNotFound {
		t.Errorf("dangling link: exit %d", code)
	}
}

func TestHashTerminal(t *testing.T) {
	w := newWorld(t, "")
	w.stdoutTerminal = true
	if err := os.WriteFile(filepath.Join(w.workDir, "a\x1b[2J"), []byte("abc"), 0o600); err != nil {
		t.Skip(err)
	}
	want := "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\\x1b[2J\n"
	if code := w.run(t, "hash", "a\x1b[2J"); code != exitDone || w.out.String() != want {
		t.Errorf("exit %d, %q, want %q", code, w.out.String(), want)
	}
}

// A stream that breaks off has no digest and is no list.
func TestHashBrokenInput(t *testing.T) {
	for _, args := range [][]string{{"hash"}, {"hash", "-"}, {"hash", "-c"}, {"hash", "--json"}} {
		w := newWorld(t, "")
		w.stdin = io.MultiReader(strings.NewReader("some"), iotest.ErrReader(errors.New("input broke")))
		code := w.run(t, args...)
		if code != exitFailure || !strings.Contains(w.out.String()+w.err.String(), "input broke") {
			t.Errorf("kai %q: exit %d, %q, %q", args, code, w.out.String(), w.err.String())
		}
		if strings.Contains(w.out.String(), "hex") || len(args) < 2 && w.out.Len() > 0 {
			t.Errorf("kai %q: stdout %q", args, w.out.String())
		}
	}
}

func TestHashFullOutput(t *testing.T) {
	w := newWorld(t, "x")
	w.stdout = brokenWriter{}
	if code := w.run(t, "hash"); code != exitFailure || w.err.String() != "kai: error: disk full\n" {
		t.Errorf("exit %d, %q", code, w.err.String())
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

// A path that is not UTF-8 is exact in JSON too.
func TestHashJSONBytes(t *testing.T) {
	w := newWorld(t, "")
	if err := os.WriteFile(filepath.Join(w.workDir, "bad\xff"), []byte("abc"), 0o600); err != nil {
		t.Skip(err)
	}
	if code := w.run(t, "hash", "--json", "bad\xff"); code != exitDone {
		t.Fatalf("exit %d, %s", code, w.err.String())
	}
	var got struct {
		File       string `json:"file"`
		FileBase64 []byte `json:"file_base64"`
		Size       int    `json:"size"`
	}
	if err := json.Unmarshal(w.out.Bytes(), &got); err != nil || string(got.FileBase64) != "bad\xff" || got.File != "bad\ufffd" || got.Size != 3 {
		t.Errorf("%s: %+v, %v", w.out.String(), got, err)
	}
}

// The tools that kai replaces check its lists, and it checks theirs, for names that they
// escape.
func TestHashPeers(t *testing.T) {
	dir := t.TempDir()
	names := strangeNames(t, dir)
	for _, tt := range []struct {
		tool, algo string
		utf8       bool // the tool has no other names
		options    []string
	}{
		{"sha256sum", "sha256", false, nil}, {"sha256sum", "sha256", false, []string{"--tag"}},
		{"sha512sum", "sha512", false, nil}, {"b2sum", "blake2b", false, nil}, {"b2sum", "blake2b", false, []string{"--tag"}},
		{"b3sum", "blake3", true, nil},
	} {
		t.Run(tt.tool+strings.Join(tt.options, ""), func(t *testing.T) {
			tool := peer(t, tt.tool)
			var args []string
			for _, name := range names {
				if tt.utf8 && (strings.Contains(name, "\xff") || strings.Contains(name, "\r")) {
					continue // b3sum 1.2 writes U+FFFD for what is not UTF-8, and escapes no carriage return
				}
				args = append(args, "./"+name)
			}
			theirs := runPeer(t, dir, "", tool, append(tt.options, args...)...)
			w := newWorld(t, "")
			w.workDir = dir
			if code := w.run(t, append(append([]string{"hash", "--algo", tt.algo}, tt.options...), args...)...); code != exitDone {
				t.Fatalf("exit %d, %s", code, w.err.String())
			}
			ours := w.out.String()
			if ours != theirs {
				t.Errorf("kai wrote\n%s%s wrote\n%s", ours, tt.tool, theirs)
			}
			runPeer(t, dir, ours, tool, "-c")
			w.stdin = strings.NewReader(theirs)
			if code := w.run(t, "hash", "-c", "--algo", tt.algo, "--strict"); code != exitDone || strings.Count(w.out.String(), ": OK\n") != len(args) {
				t.Errorf("exit %d, %s%s", code, w.out.String(), w.err.String())
			}
		})
	}
}

// openssl has no list of its own making to check, but its lines are understood.
func TestHashOpenSSL(t *testing.T) {
	openssl := peer(t, "openssl")
	w := newWorld(t, "")
	if err := os.WriteFile(filepath.Join(w.workDir, "x"), []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	for option, algo := range map[string]string{"-sha256": "sha256", "-sha512": "sha512", "-sha3-256": "sha3-256", "-blake2b512": "blake2b"} {
		list := runPeer(t, w.workDir, "", openssl, "dgst", option, "x")
		w.stdin = strings.NewReader(list)
		if code := w.run(t, "hash", "-c", "--json"); code != exitDone || !strings.Contains(w.out.String(), `"algo":"`+algo+`"`) {
			t.Errorf("%q: exit %d, %s%s", list, code, w.out.String(), w.err.String())
		}
	}
}

// runPeer runs a program that must succeed and returns its stdout.
func runPeer(t testing.TB, dir, stdin, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s%s", name, args, err, out, stderr.Bytes())
	}
	return string(out)
}
