package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// signedFile is a file with a signature of one format, and the commands that judge it.
type signedFile struct {
	format string
	sign   []string // arguments of kai sign or kai attest
	verify []string // arguments of kai verify that answer trusted
	// damage is the file whose change is proven bad, cut the file that is malformed when cut.
	damage, cut string
}

var signedFiles = []signedFile{
	{"sshsig", []string{"sign", "m"}, []string{"m"}, "m", "m.sig"},
	{"sshsig sha512", []string{"sign", "m", "--hash", "sha512"}, []string{"m"}, "m", "m.sig"},
	{"minisign", []string{"sign", "m", "--format", "minisign"}, []string{"m"}, "m", "m.minisig"},
	{"raw", []string{"sign", "m", "--format", "raw"}, []string{"m"}, "m", "m.rawsig"},
	{"dsse", []string{"sign", "m", "--format", "dsse"}, []string{"m"}, "m", "m.dsse"},
	{"dsse alone", []string{"sign", "m", "--format", "dsse"}, []string{"m.dsse"}, "", "m.dsse"},
	{"jws", []string{"sign", "m", "--format", "jws"}, []string{"m"}, "m", ""},
	{"jws alone", []string{"sign", "m", "--format", "jws"}, []string{"m.jws"}, "", ""},
	{"jws detached", []string{"sign", "m", "--format", "jws-detached"}, []string{"m"}, "m", ""},
	{"note", []string{"sign", "m", "--format", "note", "--note-name", "ada"}, []string{"m"}, "m", ""},
	{"note alone", []string{"sign", "m", "--format", "note", "--note-name", "ada"}, []string{"m.note"}, "", ""},
	{"a2a", []string{"sign", "card.json", "--format", "a2a"}, []string{"card.json"}, "", "card.json"},
	{"manifest", []string{"sign", "tree"}, []string{"tree.kai-manifest"}, "tree/a/b", "tree.kai-manifest"},
	{"manifest by directory", []string{"sign", "tree"}, []string{"tree"}, "tree/a/b", "tree.kai-manifest"},
	{
		"statement", []string{"attest", "m", "--predicate-type", "https://example.org/p", "--predicate", "card.json"},
		[]string{"m.intoto.jsonl", "m"}, "m", "m.intoto.jsonl",
	},
}

// TestEveryFormatGivesEveryVerdict signs with each format and asks for each of the four
// answers: trusted, proven bad, valid but not for this, and undecidable.
func TestEveryFormatGivesEveryVerdict(t *testing.T) {
	for _, c := range signedFiles {
		t.Run(c.format, func(t *testing.T) {
			w, file := signedWorld(t, c)
			signer := append([]string{"verify", "--signer", "ada.pub"}, c.verify...)
			expect := func(why string, code int, args ...string) {
				t.Helper()
				if got := w.run(t, args...); got != code {
					t.Errorf("%s: exit %d, want %d\n%s%s", why, got, code, w.out.String(), w.err.String())
				}
			}
			expect("signed by ada", exitDone, signer...)
			expect("for another purpose", exitUntrusted, append(signer, "-n", "other")...)
			expect("by two signers", exitUntrusted, append(signer, "--threshold", "2")...)
			if got := w.run(t, append([]string{"verify"}, c.verify...)...); got != exitUntrusted && got != exitUndecidable {
				t.Errorf("nobody named: exit %d", got)
			}
			if got := w.run(t, append([]string{"verify", "--signer", "eve.pub"}, c.verify...)...); got == exitDone {
				t.Errorf("trusted as somebody else's")
			}
			if c.damage != "" {
				before := file(c.damage)
				flipped := bytes.Clone(before)
				flipped[len(flipped)/2] ^= 1
				w.put(t, c.damage, flipped)
				expect("changed content", exitBad, signer...)
				w.put(t, c.damage, before)
			}
			if c.cut != "" {
				before := file(c.cut)
				w.put(t, c.cut, before[:len(before)-len(before)/10-1])
				expect("cut signature", exitUndecidable, signer...)
				w.put(t, c.cut, before)
			}
			expect("as it was", exitDone, signer...)
		})
	}
}

// TestNoFlippedBitIsTrusted changes every byte of every signature file: the answer may stay
// trusted only if the file still says exactly the same, which is never so here but for text
// that no signature covers.
func TestNoFlippedBitIsTrusted(t *testing.T) {
	for _, c := range signedFiles {
		t.Run(c.format, func(t *testing.T) {
			w, file := signedWorld(t, c)
			name := c.verify[0] + map[string]string{
				"sshsig": ".sig", "sshsig sha512": ".sig", "minisign": ".minisig", "raw": ".rawsig", "dsse": ".dsse",
				"jws": ".jws", "jws detached": ".jws", "note": ".note", "manifest by directory": ".kai-manifest",
			}[c.format]
			before := file(name)
			signer := append([]string{"verify", "-q", "--signer", "ada.pub"}, c.verify...)
			step := 1
			if testing.Short() {
				step = 7
			}
			for i := 0; i < len(before); i += step {
				flipped := bytes.Clone(before)
				flipped[i] ^= 1
				w.put(t, name, flipped)
				if w.run(t, signer...) == exitDone && !uncovered(c.format, before, i) {
					t.Errorf("byte %d (%q) flipped: still trusted", i, before[i])
				}
			}
		})
	}
}

// uncovered reports whether no signature says anything about a byte: minisign's first comment,
// a DSSE key id, which is a hint, and a JWS's unprotected header.
func uncovered(format string, file []byte, i int) bool {
	switch format {
	case "minisign":
		return i < bytes.IndexByte(file, '\n')
	case "dsse", "dsse alone", "statement":
		key := bytes.Index(file, []byte(`"keyid"`))
		return key >= 0 && i >= key && i < key+len(`"keyid":"SHA256:`)+44
	}
	return false
}

// signedWorld is a world with ada's and eve's keys in which c has been signed by ada. file
// reads a file of it.
func signedWorld(t *testing.T, c signedFile) (w *world, file func(name string) []byte) {
	t.Helper()
	w = newWorld(t, "")
	w.put(t, "m", []byte("{\"message\":\"to be signed, and long enough to be changed in the middle\"}\n"))
	w.put(t, "card.json", []byte(`{"name":"agent","url":"https://example.org"}`))
	w.put(t, "tree/a/b", []byte("in a tree"))
	w.put(t, "tree/c", []byte("also in a tree"))
	for _, args := range [][]string{
		{"keygen", "-o", "ada", "--no-passphrase"},
		{"keygen", "-o", "eve", "--no-passphrase"},
		append(c.sign, "--key", "file:ada"),
	} {
		if code := w.run(t, args...); code != exitDone {
			t.Fatalf("kai %v: exit %d: %s", args, code, w.err.String())
		}
	}
	return w, func(name string) []byte {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(w.workDir, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
}

// put writes a file of the world.
func (w *world) put(t *testing.T, name string, data []byte) {
	t.Helper()
	path := filepath.Join(w.workDir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
