package minisign_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kai/internal/key"
	"kai/internal/key/minisign"
	"kai/internal/secret"
	"kai/internal/vectortest"
)

// The key of minisign's own documentation.
const bare = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"

func generate(t testing.TB) *key.Private {
	t.Helper()
	p, err := key.Generate(key.Ed25519, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPublicKeys(t *testing.T) {
	for name, c := range map[string]struct {
		in, comment string
		form        key.Form
	}{
		"bare":       {bare, "", key.FormMinisign},
		"minisign":   {"untrusted comment: minisign public key E7620F1842B4E81F\n" + bare + "\n", "", key.FormMinisign},
		"crlf":       {"untrusted comment: x\r\n" + bare + "\r\n", "x", key.FormMinisign},
		"no newline": {"untrusted comment: \n" + bare, "", key.FormMinisign},
		"signify":    {"untrusted comment: openbsd signify public key\n" + bare + "\n", "openbsd signify public key", key.FormSignify},
	} {
		e, err := minisign.Parse([]byte(c.in))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if e.Comment != c.comment || e.Form != c.form || e.ID == nil || hex.EncodeToString(e.ID[:]) != "1fe8b442180f62e7" {
			t.Errorf("%s: read %+v", name, e)
		}
		if !minisign.Is(c.in) {
			t.Errorf("%s: not detected", name)
		}
		text, err := minisign.MarshalPublic(e.Public, e.ID)
		if want := "untrusted comment: minisign public key E7620F1842B4E81F\n" + bare + "\n"; err != nil || string(text) != want {
			t.Errorf("%s: written as %q, %v", name, text, err)
		}
	}
}

func TestKeysWithoutAnIDGetTheirOwn(t *testing.T) {
	p := generate(t)
	text, err := minisign.MarshalPublic(p.Public(), nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := minisign.Parse(text)
	if err != nil || *e.ID != p.Public().KeyID() {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestOtherTextsAreRefused(t *testing.T) {
	public, err := base64.StdEncoding.DecodeString(bare)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(change func([]byte) []byte) string {
		return base64.StdEncoding.EncodeToString(change(bytes.Clone(public)))
	}
	plain, err := minisign.MarshalSecret(generate(t), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, encoded, _ := strings.Cut(string(plain.Expose()), "\n")
	data, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		t.Fatal(err)
	}
	secretWith := func(at int, b ...byte) string {
		changed := bytes.Clone(data)
		copy(changed[at:], b)
		return "untrusted comment: x\n" + base64.StdEncoding.EncodeToString(changed) + "\n"
	}
	for name, c := range map[string]struct {
		in   string
		want error
	}{
		"empty":                  {"", key.ErrMalformed},
		"one line":               {"untrusted comment: x\n", key.ErrMalformed},
		"three lines":            {"untrusted comment: x\n" + bare + "\n\n", key.ErrMalformed},
		"text before":            {"x\nuntrusted comment: x\n" + bare + "\n", key.ErrMalformed},
		"cut":                    {bare[:52], key.ErrMalformed},
		"trailing bytes":         {encode(func(b []byte) []byte { return append(b, 0) }), key.ErrMalformed},
		"not base64":             {strings.Replace(bare, "f", "*", 1), key.ErrMalformed},
		"carriage return":        {bare[:30] + "\r" + bare[30:], key.ErrMalformed},
		"another algorithm":      {encode(func(b []byte) []byte { b[1] = 'D'; return b }), key.ErrType},
		"weak":                   {encode(func(b []byte) []byte { return append(b[:10], append([]byte{1}, make([]byte, 31)...)...) }), key.ErrWeak},
		"long comment":           {"untrusted comment: " + strings.Repeat("x", 1025) + "\n" + bare + "\n", key.ErrMalformed},
		"secret, another kdf":    {secretWith(2, 'A', '2'), key.ErrType},
		"secret, cost of memory": {secretWith(2, 'S', 'c', 'B', '2', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0x40), key.ErrType},
		"secret, salt":           {secretWith(6, 1), key.ErrMalformed},
		"secret, checksum":       {secretWith(157, 1), key.ErrMalformed},
		"secret, public half":    {secretWith(125, data[125]^1), key.ErrWeak},
		"secret, cut":            {"untrusted comment: x\n" + base64.StdEncoding.EncodeToString(data[:157]), key.ErrMalformed},
		"secret of signify": {"untrusted comment: signify secret key\n" +
			base64.StdEncoding.EncodeToString(append([]byte("EdBK"), make([]byte, 100)...)) + "\n", key.ErrType},
	} {
		if e, err := minisign.Parse([]byte(c.in)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %+v, %v, want %v", name, e, err, c.want)
		}
	}
	ec, err := key.Generate(key.ECDSAP256, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := minisign.MarshalPublic(ec.Public(), nil); !errors.Is(err, key.ErrType) {
		t.Errorf("public key: %v", err)
	}
	if _, err := minisign.MarshalSecret(ec, nil, nil); !errors.Is(err, key.ErrType) {
		t.Errorf("secret key: %v", err)
	}
	if _, err := minisign.MarshalSecret(generate(t), nil, secret.Take(nil)); !errors.Is(err, key.ErrPassphrase) {
		t.Errorf("empty passphrase: %v", err)
	}
}

func write(t *testing.T, dir, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestKeysOfMinisign(t *testing.T) {
	tool := vectortest.Peer(t, "minisign")
	dir := t.TempDir()
	public, private := filepath.Join(dir, "p"), filepath.Join(dir, "s")
	vectortest.Run(t, nil, tool, "-G", "-W", "-p", public, "-s", private)
	pub, err := minisign.Parse(read(t, public))
	if err != nil {
		t.Fatal(err)
	}
	e, err := minisign.Parse(read(t, private))
	if err != nil || e.Private.Public() != pub.Public || *e.ID != *pub.ID {
		t.Fatalf("%+v, %v", e, err)
	}
	text, err := minisign.MarshalPublic(pub.Public, pub.ID)
	if err != nil || !bytes.Equal(text, read(t, public)) {
		t.Errorf("written as %s, %v", text, err)
	}
	again, err := minisign.MarshalSecret(e.Private, e.ID, nil)
	if err != nil || !bytes.Equal(again.Expose(), read(t, private)) {
		t.Errorf("secret key is written differently: %v", err)
	}
}

func TestKeysAreReadByMinisign(t *testing.T) {
	tool := vectortest.Peer(t, "minisign")
	dir := t.TempDir()
	p := generate(t)
	text, err := minisign.MarshalPublic(p.Public(), nil)
	if err != nil {
		t.Fatal(err)
	}
	public := write(t, dir, "p", text)
	message := write(t, dir, "m", []byte("hello"))
	passphrases := map[string]*secret.Bytes{"plain": nil}
	if !testing.Short() { // 1 GiB and some seconds, three times
		passphrases["encrypted"] = secret.Take([]byte("correct horse"))
	}
	for name, passphrase := range passphrases {
		text, err := minisign.MarshalSecret(p, nil, passphrase)
		if err != nil {
			t.Fatal(err)
		}
		private := write(t, dir, "s", text.Expose())
		vectortest.Run(t, []byte("correct horse\n"), tool, "-S", "-s", private, "-m", message)
		vectortest.Run(t, nil, tool, "-V", "-q", "-p", public, "-m", message)
		if passphrase == nil {
			continue
		}
		e, err := minisign.Parse(text.Expose())
		if err != nil || e.Locked == nil || e.Locked.Memory() < 1<<30 || e.Locked.Memory() > minisign.MarshalMemory {
			t.Fatalf("%s: %+v, %v", name, e, err)
		}
		opened, err := e.Locked.Unlock(passphrase)
		if err != nil || !opened[0].Private.Stored().Equal(p.Stored()) || *opened[0].ID != p.Public().KeyID() {
			t.Errorf("%s: %+v, %v", name, opened, err)
		}
		if _, err := e.Locked.Unlock(secret.Take([]byte("correct horsf"))); !errors.Is(err, key.ErrPassphrase) {
			t.Errorf("%s: wrong passphrase: %v", name, err)
		}
	}
}

func TestKeysOfSignify(t *testing.T) {
	tool := vectortest.Peer(t, "signify-openbsd")
	dir := t.TempDir()
	public, private := filepath.Join(dir, "k.pub"), filepath.Join(dir, "k.sec")
	vectortest.Run(t, nil, tool, "-G", "-n", "-p", public, "-s", private)
	e, err := minisign.Parse(read(t, public))
	if err != nil || e.Form != key.FormSignify || e.ID == nil {
		t.Fatalf("%+v, %v", e, err)
	}
	if text, err := minisign.MarshalSignify(e.Public, e.ID); err != nil || !bytes.Equal(text, read(t, public)) {
		t.Errorf("written as %q, %v", text, err)
	}
	if e, err := minisign.Parse(read(t, private)); !errors.Is(err, key.ErrType) {
		t.Errorf("secret key: %+v, %v", e, err)
	}
}

func FuzzParse(f *testing.F) {
	plain, err := minisign.MarshalSecret(generate(f), nil, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(bare))
	f.Add([]byte("untrusted comment: x\n" + bare + "\n"))
	f.Add(plain.Expose())
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := minisign.Parse(text)
		if err != nil || e.Locked != nil {
			return
		}
		again, err := minisign.MarshalPublic(e.Public, e.ID)
		if err != nil {
			t.Fatal(err)
		}
		back, err := minisign.Parse(again)
		if err != nil || back.Public != e.Public || *back.ID != *e.ID {
			t.Errorf("%q is written as %q: %v", text, again, err)
		}
	})
}
