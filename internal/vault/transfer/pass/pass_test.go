package pass_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"kai/internal/vault/transfer"
	"kai/internal/vault/transfer/pass"
	"kai/internal/vault/transfer/transfertest"
	"kai/internal/vectortest"
)

// plain stands in for gpg: what is encrypted is the text itself.
func plain(_ context.Context, stdin io.Reader, stdout io.Writer, name string, args ...string) error {
	if command := name + " " + strings.Join(args, " "); command != "gpg --batch --quiet --decrypt" {
		return errors.New("unexpected command " + command)
	}
	text, err := io.ReadAll(stdin)
	if err == nil && bytes.HasPrefix(text, []byte("FAIL")) {
		err = errors.New("decryption failed")
	}
	if err == nil {
		_, err = stdout.Write(text)
	}
	return err
}

// tree writes files and opens their directory.
func tree(t testing.TB, files map[string]string) transfer.Source {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return source(t, dir)
}

func source(t testing.TB, dir string) transfer.Source {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return transfer.Source{Name: "store", Root: root}
}

func read(t testing.TB, read transfertest.Reader, source transfer.Source, opts transfer.Options) (map[string]string, *transfer.Store) {
	t.Helper()
	store, err := read(t.Context(), source, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Wipe)
	return transfertest.Flat(store), store
}

func TestContent(t *testing.T) {
	got, store := read(t, pass.ReadGPG, tree(t, map[string]string{
		"Web/mail.gpg": "s3cret\r\nLogin: ada\r\nURL:  https://x\t\r\n\r\notpauth://totp/x?secret=A\nsome text: with colon: twice\nhttps://plain\n" +
			"a sentence that is so very long that nobody could take it for a key: it is none\nlogin: second\n\n",
		"empty.gpg":          "",
		"one.gpg":            "only",
		"key.gpg":            "-----BEGIN OPENSSH PRIVATE KEY-----\nAAA: b\n",
		"bin.gpg":            "\xff\x00\n",
		"a#b.gpg":            "\nnotes only\n",
		".gpg-id":            "ada",
		".git/config":        "x",
		".git/x.gpg":         "FAIL",
		"Web/.hidden.gpg":    "FAIL",
		"README":             "x",
		".gpg":               "FAIL",
		"Web/deep/er/x.gpg ": "x",
	}), transfer.Options{Run: plain})
	transfertest.Equal(t, got, map[string]string{
		"Web/mail#password": "s3cret", "Web/mail#username": "ada", "Web/mail#url": "https://x", "Web/mail#otp": "otpauth://totp/x?secret=A",
		"Web/mail#some_text": "with colon: twice", "Web/mail#username_2": "second",
		"Web/mail#notes": "https://plain\na sentence that is so very long that nobody could take it for a key: it is none",
		"empty#password": "", "one#password": "only", "key#value": "-----BEGIN OPENSSH PRIVATE KEY-----\nAAA: b\n", "bin#value": "\xff\x00\n",
		"a_b#password": "", "a_b#notes": "notes only",
	})
	var notes strings.Builder
	for _, note := range store.Notes {
		notes.WriteString(note.Text + "\n")
	}
	for _, want := range []string{`file "README"`, `file "Web/deep/er/x.gpg "`, `renamed from "a#b"`, `"username_2" renamed from "username"`} {
		if !strings.Contains(notes.String(), want) {
			t.Errorf("no note says %s:\n%s", want, notes.String())
		}
	}
}

func TestManyLines(t *testing.T) {
	text := "p\n" + strings.Repeat("k: v\n", 200)
	got, _ := read(t, pass.ReadGPG, tree(t, map[string]string{"x.gpg": text}), transfer.Options{Run: plain})
	if len(got) != transfer.MaxFields || strings.Count(got["x#notes"], "k: v") != 200-(transfer.MaxFields-2) {
		t.Errorf("%d fields, %d lines of notes", len(got), strings.Count(got["x#notes"], "k: v"))
	}
}

func TestRefuse(t *testing.T) {
	opts := transfer.Options{Run: plain}
	refused := func(src transfer.Source, opts transfer.Options, kind error, want string) {
		t.Helper()
		store, err := pass.ReadGPG(t.Context(), src, opts)
		if store != nil || !errors.Is(err, kind) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), transfertest.Canary) {
			t.Errorf("error %v, want %v with %q", err, kind, want)
		}
	}
	refused(tree(t, map[string]string{"a/ok.gpg": "c4n4ry", "b.gpg": "FAIL c4n4ry"}), opts, transfer.ErrNoKey, `"b.gpg": no key opens it: gpg: decryption failed`)
	refused(tree(t, map[string]string{"a.gpg": "x"}), transfer.Options{}, transfer.ErrNoKey, "nothing runs gpg")
	refused(transfer.Source{Name: "x"}, opts, transfer.ErrNotRegular, "directory")
	refused(tree(t, map[string]string{"a.gpg": strings.Repeat("x", transfer.MaxValues+1)}), opts, transfer.ErrLimit, "a.gpg")

	outside := filepath.Join(t.TempDir(), "outside.gpg")
	if err := os.WriteFile(outside, []byte("c4n4ry"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"link.gpg", "dir", "other"} {
		dir := t.TempDir()
		if err := os.Symlink(outside, filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
		refused(source(t, dir), opts, transfer.ErrNotRegular, `"`+name+`"`)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := pass.ReadGPG(ctx, tree(t, map[string]string{"a.gpg": "x"}), opts); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v after cancel", err)
	}
}

func TestWrongKey(t *testing.T) {
	mine, other := identity(t), identity(t)
	var out bytes.Buffer
	w, err := age.Encrypt(&out, other.Recipient())
	if err == nil {
		_, err = io.WriteString(w, "c4n4ry")
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	opts := transfer.Options{Identities: []age.Identity{mine}}
	for text, kind := range map[string]error{out.String(): transfer.ErrNoKey, "c4n4ry": transfer.ErrMalformed} {
		_, err := pass.ReadAge(t.Context(), tree(t, map[string]string{"a.age": text}), opts)
		if !errors.Is(err, kind) || strings.Contains(err.Error(), transfertest.Canary) || !strings.Contains(err.Error(), "a.age") {
			t.Errorf("error %v, want %v", err, kind)
		}
	}
	opts.Identities = append(opts.Identities, other)
	for i := 0; i < out.Len(); i += 7 {
		if _, err := pass.ReadAge(t.Context(), tree(t, map[string]string{"a.age": out.String()[:i]}), opts); err == nil {
			t.Errorf("the first %d bytes were read", i)
		}
	}
}

func identity(t testing.TB) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestPass fills a store with the real pass and gpg.
func TestPass(t *testing.T) {
	tool, gpg := vectortest.Peer(t, "pass"), vectortest.Peer(t, "gpg")
	home, err := os.MkdirTemp("", "gpg") // sockets need a short path
	if err != nil {
		t.Fatal(err)
	}
	environment := append(os.Environ(), "GNUPGHOME="+home, "HOME="+home, "PASSWORD_STORE_DIR="+filepath.Join(home, "store"))
	run := func(ctx context.Context, stdin io.Reader, stdout io.Writer, name string, args ...string) error {
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Env, cmd.Stdin, cmd.Stdout = environment, stdin, stdout
		var complaints bytes.Buffer
		cmd.Stderr = &complaints
		if err := cmd.Run(); err != nil {
			return errors.New(err.Error() + ": " + complaints.String())
		}
		return nil
	}
	must := func(stdin, name string, args ...string) {
		t.Helper()
		if err := run(t.Context(), strings.NewReader(stdin), io.Discard, name, args...); err != nil {
			t.Fatalf("%s %q: %v", name, args, err)
		}
	}
	t.Cleanup(func() {
		_ = run(context.WithoutCancel(t.Context()), nil, io.Discard, "gpgconf", "--kill", "all")
		os.RemoveAll(home)
	})
	must("", gpg, "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", "test@example.org", "default", "default", "never")
	must("", tool, "init", "test@example.org")
	must("hunter2\nlogin: ada\nurl: https://x\nmore\n", tool, "insert", "-m", "Web/mail box")
	must("one\none\n", tool, "insert", "short")
	got, store := read(t, pass.ReadGPG, source(t, filepath.Join(home, "store")), transfer.Options{Run: run})
	transfertest.Equal(t, got, map[string]string{
		"Web/mail box#password": "hunter2", "Web/mail box#username": "ada", "Web/mail box#url": "https://x", "Web/mail box#notes": "more",
		"short#password": "one",
	})
	if len(store.Notes) > 0 {
		t.Errorf("notes: %v", store.Notes)
	}
}

// TestPassage fills a store as passage does, with the age tool: one file each, for the
// recipients in .age-recipients. The script itself is in few distributions.
func TestPassage(t *testing.T) {
	tool := vectortest.Peer(t, "age")
	id := identity(t)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "Web"), 0o700); err != nil {
		t.Fatal(err)
	}
	recipients := filepath.Join(dir, ".age-recipients")
	if err := os.WriteFile(recipients, []byte(id.Recipient().String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	vectortest.Run(t, []byte("hunter2\nuser: ada\n"), tool, "-e", "-R", recipients, "-o", filepath.Join(dir, "Web", "mail.age"))
	vectortest.Run(t, []byte("armored\n"), tool, "-e", "-a", "-R", recipients, "-o", filepath.Join(dir, "a.age"))
	got, _ := read(t, pass.ReadAge, source(t, dir), transfer.Options{Identities: []age.Identity{id}})
	transfertest.Equal(t, got, map[string]string{"Web/mail#password": "hunter2", "Web/mail#username": "ada", "a#password": "armored"})
}

func FuzzContent(f *testing.F) {
	f.Add([]byte("p\nk: v\notpauth://x\n\nrest\r\n"))
	f.Add([]byte("-----BEGIN x"))
	f.Add([]byte("\xff"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if bytes.HasPrefix(text, []byte("FAIL")) {
			return
		}
		store, err := pass.ReadGPG(t.Context(), tree(t, map[string]string{"x.gpg": string(text)}), transfer.Options{Run: plain})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Wipe()
		if err := transfer.CheckItem(store.At(0)); err != nil {
			t.Fatal(err)
		}
	})
}
