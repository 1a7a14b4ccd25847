package agefile_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"kai/internal/key"
	"kai/internal/key/agefile"
	"kai/internal/secret"
	"kai/internal/vectortest"
)

func generate(t testing.TB, typ key.Type) *key.Private {
	t.Helper()
	p, err := key.Generate(typ, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// cheap encrypts with little work.
func cheap(t testing.TB, content string, recipients ...age.Recipient) []byte {
	t.Helper()
	if len(recipients) == 0 {
		r, err := age.NewScryptRecipient("pass")
		if err != nil {
			t.Fatal(err)
		}
		r.SetWorkFactor(5)
		recipients = append(recipients, r)
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, recipients...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func unlock(t testing.TB, data []byte, passphrase string) ([]key.Entry, error) {
	t.Helper()
	e, err := agefile.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return e.Locked.Unlock(secret.Take([]byte(passphrase)))
}

func TestFilesRoundTrip(t *testing.T) {
	for _, typ := range []key.Type{key.X25519, key.MLKEM768X25519} {
		p := generate(t, typ)
		text, err := agefile.Marshal(p, secret.Take([]byte("correct horse")))
		if err != nil {
			t.Fatal(err)
		}
		if !agefile.Is(text.Expose()) {
			t.Errorf("%s: not detected", typ)
		}
		e, err := agefile.Parse(text.Expose())
		if err != nil || e.Locked.Memory() > agefile.MarshalMemory {
			t.Fatalf("%+v, %v", e, err)
		}
		opened, err := unlock(t, text.Expose(), "correct horse")
		if err != nil || len(opened) != 1 || !opened[0].Private.Stored().Equal(p.Stored()) {
			t.Errorf("%s: %+v, %v", typ, opened, err)
		}
	}
	if _, err := agefile.Marshal(generate(t, key.X25519), secret.Take(nil)); !errors.Is(err, key.ErrPassphrase) {
		t.Errorf("empty passphrase: %v", err)
	}
	if _, err := agefile.Marshal(generate(t, key.Ed25519), nil); !errors.Is(err, key.ErrType) {
		t.Errorf("ed25519: %v", err)
	}
}

func TestWrongPassphrases(t *testing.T) {
	data := cheap(t, "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n")
	for _, passphrase := range []string{"", "pasS", "pass "} {
		if e, err := unlock(t, data, passphrase); !errors.Is(err, key.ErrPassphrase) {
			t.Errorf("%q: %+v, %v", passphrase, e, err)
		}
	}
	if _, err := unlock(t, data, "pass"); err != nil {
		t.Error(err)
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	recipient, err := generate(t, key.X25519).Public().Recipient()
	if err != nil {
		t.Fatal(err)
	}
	good := cheap(t, "x")
	replace := func(old, new string) []byte { return bytes.Replace(good, []byte(old), []byte(new), 1) }
	for name, c := range map[string]struct {
		in   []byte
		want error
	}{
		"sealed to a recipient": {cheap(t, "x", recipient), key.ErrType},
		"no stanza":             {[]byte("age-encryption.org/v1\n--- x\n"), key.ErrMalformed},
		"cut":                   {[]byte("age-encryption.org/v1\n-> scrypt"), key.ErrMalformed},
		"work factor":           {replace(" 5\n", " 21\n"), key.ErrType},
		"no work factor":        {replace(" 5\n", "\n"), key.ErrMalformed},
		"leading zero":          {replace(" 5\n", " 05\n"), key.ErrMalformed},
		"armor":                 {[]byte("-----BEGIN AGE ENCRYPTED FILE-----\nAAAA\n"), key.ErrMalformed},
	} {
		if e, err := agefile.Parse(c.in); !errors.Is(err, c.want) {
			t.Errorf("%s: %+v, %v, want %v", name, e, err, c.want)
		}
	}
	for name, c := range map[string]struct {
		content string
		want    error
	}{
		"nothing":   {"", key.ErrType},
		"comments":  {"# x\n", key.ErrType},
		"prose":     {"hello\n", key.ErrMalformed},
		"damaged":   {"AGE-SECRET-KEY-1GFPYYSJZ\n", key.ErrMalformed},
		"lowercase": {"age-secret-key-1gfpyysjzgfpyysjzgfpyysjzgfpyysjzgfpyysjzgfpyysjzgfpq4egaex", key.ErrMalformed},
	} {
		if e, err := unlock(t, cheap(t, c.content), "pass"); !errors.Is(err, c.want) {
			t.Errorf("%s inside: %+v, %v, want %v", name, e, err, c.want)
		}
	}
	damaged := bytes.Clone(good)
	damaged[len(damaged)-1] ^= 1
	if e, err := unlock(t, damaged, "pass"); !errors.Is(err, key.ErrMalformed) {
		t.Errorf("damaged payload: %+v, %v", e, err)
	}
}

func TestFilesAreReadByAge(t *testing.T) {
	keygen, tool := vectortest.Peer(t, "age-keygen"), vectortest.Peer(t, "age")
	p := generate(t, key.X25519)
	text, err := agefile.Marshal(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := p.Public().AgeText()
	if err != nil {
		t.Fatal(err)
	}
	if got := vectortest.Run(t, text.Expose(), keygen, "-y"); strings.TrimSpace(string(got)) != want {
		t.Errorf("age-keygen -y prints %s, want %s", got, want)
	}
	file := filepath.Join(t.TempDir(), "id")
	if err := os.WriteFile(file, text.Expose(), 0o600); err != nil {
		t.Fatal(err)
	}
	sealed := vectortest.Run(t, []byte("hello"), tool, "-r", want)
	if got := vectortest.Run(t, sealed, tool, "-d", "-i", file); string(got) != "hello" {
		t.Errorf("age opened %q", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(cheap(f, "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := agefile.Parse(data)
		if err == nil && (e.Locked == nil || e.Locked.Memory() > 1<<31) {
			t.Errorf("%q: %+v", data, e)
		}
	})
}
