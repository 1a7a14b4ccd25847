package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"kai/internal/audit"
	"kai/internal/key"
	"kai/internal/key/keyfile"
	"kai/internal/secret"
)

// newIdentityWorld is a world with an open vault and the identity ada.
func newIdentityWorld(t *testing.T) *world {
	t.Helper()
	needKeyring(t)
	w := newWorld(t, "")
	w.put(t, "pass", []byte("correct horse\n"))
	if err := os.Chmod(filepath.Join(w.workDir, "pass"), 0o600); err != nil {
		t.Fatal(err)
	}
	home, err := w.userHome()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { forgetSessions(t, home) })
	w.must(t, exitDone, "vault", "init", "--passphrase-file", "pass")
	w.must(t, exitDone, "keygen", "ada")
	return w
}

// The private keys of an identity are in no file in the clear, nor in what is printed or recorded.
func TestIdentityKeysStayInTheVault(t *testing.T) {
	w := newIdentityWorld(t)
	printed := w.out.String() + w.err.String()
	w.must(t, exitDone, "sign", "pass", "-o", "pass.sig")
	printed += w.out.String() + w.err.String()
	var secrets [][]byte
	for _, name := range []string{"identity/ada#sign", "identity/ada#sign-pq", "identity/ada#seal", "keys-next/ada#sign", "keys-next/ada#sign-pq"} {
		w.must(t, exitDone, "vault", "get", name)
		f, err := keyfile.Parse(w.out.Bytes())
		if err != nil || len(f.Entries) != 1 || f.Entries[0].Private == nil {
			t.Fatalf("%s: %v", name, err)
		}
		secrets = append(secrets, bytes.Clone(f.Entries[0].Private.Stored().Expose()))
	}
	w.must(t, exitDone, "vault", "get", "identity/ada#derive")
	secrets = append(secrets, bytes.Clone(w.out.Bytes()))
	if len(secrets[5]) != deriveSize {
		t.Fatalf("the derivation secret has %d bytes", len(secrets[5]))
	}
	var needles [][]byte
	for _, s := range secrets {
		needles = append(needles, s, []byte(hex.EncodeToString(s)))
		for skip := range 3 { // base64 at each alignment, without the ends that depend on neighbours
			text := base64.StdEncoding.EncodeToString(s[skip:])
			needles = append(needles, []byte(text[:len(text)-8]))
		}
	}
	home, err := w.userHome()
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for _, dir := range []string{home, w.workDir} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			files++
			for i, n := range needles {
				if bytes.Contains(data, n) {
					t.Errorf("%s holds secret %d", path, i/5)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 10 {
		t.Errorf("only %d files were looked at", files)
	}
	for i, n := range needles {
		if strings.Contains(printed, string(n)) {
			t.Errorf("secret %d is printed", i/5)
		}
	}
}

// The vector was computed by openssl kdf HKDF.
func TestDerived(t *testing.T) {
	root := secret.New(32)
	defer root.Wipe()
	for i := range root.Expose() {
		root.Expose()[i] = byte(i)
	}
	got, err := derived(root, "ed25519", "release-bot", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Wipe()
	const want = "71bdccd69c9b8bfa163bc3c580d4af30db19d81e6271c92ca67c0411242105dd"
	if hex.EncodeToString(got.Expose()) != want {
		t.Errorf("%x, want %s", got.Expose(), want)
	}
	for _, other := range [][2]string{{"ml-dsa-65", "release-bot"}, {"ed25519", "release"}} {
		s, err := derived(root, other[0], other[1], 0)
		if err != nil || s.Equal(got) {
			t.Errorf("%v: the same key, or %v", other, err)
		}
	}
	if s, err := derived(root, "ed25519", "release-bot", 1); err != nil || s.Equal(got) {
		t.Errorf("the next key is the present one, or %v", err)
	}
}

// A log may be sealed to the owner's post-quantum key and to a classical auditor, and each opens it.
func TestMixedRecipients(t *testing.T) {
	var list []audit.Recipient
	var identities []age.Identity
	for _, typ := range []key.Type{key.MLKEM768X25519, key.X25519} {
		p, err := key.Generate(typ, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		text, err := p.Public().AgeText()
		if err != nil {
			t.Fatal(err)
		}
		r, err := p.Public().Recipient()
		if err != nil {
			t.Fatal(err)
		}
		who, err := p.Identity()
		if err != nil {
			t.Fatal(err)
		}
		list, identities = append(list, audit.Recipient{Text: text, Recipient: r}), append(identities, who)
	}
	for _, who := range identities {
		var sealed bytes.Buffer
		mixed := mixedRecipients(list)
		w, err := age.Encrypt(&sealed, mixed[0].Recipient, mixed[1].Recipient)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, "key"); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		r, err := age.Decrypt(&sealed, who)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(r); err != nil || string(text) != "key" {
			t.Errorf("%q, %v", text, err)
		}
	}
	if same := mixedRecipients(list[:1]); same[0].Recipient != list[0].Recipient {
		t.Error("recipients of one kind lose their labels")
	}
}
