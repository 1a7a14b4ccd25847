package keyfile_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kai/internal/key"
	"kai/internal/key/armor"
	"kai/internal/key/keyfile"
	"kai/internal/key/openssh"
	"kai/internal/key/pkix"
	"kai/internal/secret"
	"kai/internal/vectortest"
)

const (
	sshLine  = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"
	textLine = "ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
	spki     = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"
)

// generate makes a key; of RSA a short one, since 4096 bits take long.
func generate(t testing.TB, typ key.Type) *key.Private {
	t.Helper()
	if typ == key.RSA {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		p, err := key.PrivateOf(k)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p, err := key.Generate(typ, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFilesOfSeveralKeys(t *testing.T) {
	pq := generate(t, key.MLDSA65).Public().String()
	for name, c := range map[string]struct {
		in    string
		forms []key.Form
		lines []int
	}{
		"one line":        {sshLine, []key.Form{"ssh-public"}, []int{1}},
		"crlf":            {sshLine + " x\r\n" + textLine + "\r\n", []key.Form{"ssh-public", "text"}, []int{1, 2}},
		"both halves":     {"# release key\n\n" + sshLine + "\n" + pq + "\n", []key.Form{"ssh-public", "text"}, []int{3, 4}},
		"a forge's page":  {sshLine + "\n" + sshLine + "\n", []key.Form{"ssh-public", "ssh-public"}, []int{1, 2}},
		"authorized_keys": {`restrict,command="a b" ` + sshLine + " c\n", []key.Form{"ssh-public"}, []int{1}},
		"json":            {"\n" + `{"keys":[{"kty":"oct"},{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`, []key.Form{"jwks"}, []int{2}},
		"one-line forms": {"did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw\nRWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\n" +
			"sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8\nAGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n",
			[]key.Form{"did", "minisign", "vkey", "age"}, []int{1, 2, 3, 4}},
		"minisign": {"untrusted comment: x\nRWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\n", []key.Form{"minisign"}, []int{1}},
		"blocks":   {spki + "\n" + spki, []key.Form{"pem", "pem"}, []int{1, 5}},
	} {
		f, err := keyfile.Parse([]byte(c.in))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, e := range f.Entries {
			if len(c.forms) != len(f.Entries) || e.Form != c.forms[i] || e.Line != c.lines[i] {
				t.Errorf("%s: entry %d of %d: %+v", name, i, len(f.Entries), e)
			}
		}
	}
}

func TestPrivateKeysAreFound(t *testing.T) {
	ed, pq := generate(t, key.Ed25519), generate(t, key.MLDSA65)
	plain, err := openssh.MarshalPrivate(ed, "c", nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	locked, err := openssh.MarshalPrivate(ed, "c", secret.Take([]byte("x")), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := pkix.MarshalPrivate(pq)
	if err != nil {
		t.Fatal(err)
	}
	encrypted, err := pkix.MarshalEncrypted(pq, secret.Take([]byte("x")), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text := bytes.Join([][]byte{
		plain.Expose(), locked.Expose(), armor.Encode("PRIVATE KEY", der.Expose(), 64), armor.Encode("ENCRYPTED PRIVATE KEY", encrypted, 64),
	}, nil)
	f, err := keyfile.Parse(text)
	if err != nil || len(f.Entries) != 4 {
		t.Fatalf("%+v, %v", f, err)
	}
	defer f.Wipe()
	for i, want := range []struct {
		public          key.Public
		private, locked bool
	}{{ed.Public(), true, false}, {ed.Public(), false, true}, {pq.Public(), true, false}, {key.Public{}, false, true}} {
		e := f.Entries[i]
		if e.Public != want.public || (e.Private != nil) != want.private || (e.Locked != nil) != want.locked {
			t.Errorf("entry %d: %+v", i, e)
		}
	}
	if _, err := f.Unlock(3, secret.Take([]byte("y"))); !errors.Is(err, key.ErrPassphrase) || len(f.Entries) != 4 {
		t.Errorf("wrong passphrase: %+v, %v", f, err)
	}
	n, err := f.Unlock(3, secret.Take([]byte("x")))
	if e := f.Entries[3]; err != nil || n != 1 || e.Public != pq.Public() || !e.Encrypted || e.Locked != nil || e.Line == 0 {
		t.Errorf("unlocked %+v, %v", e, err)
	}
}

func TestWhatIsNoKeyIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want error
	}{
		"empty":             {"", key.ErrMalformed},
		"only comments":     {"# nothing\n\n", key.ErrMalformed},
		"prose":             {"this is not a key\n", key.ErrMalformed},
		"damaged line":      {sshLine + "\n" + sshLine[:60] + "\n", key.ErrMalformed},
		"damaged text":      {textLine[:30], key.ErrMalformed},
		"binary":            {"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70", key.ErrType},
		"escape":            {sshLine + " \x1b[2J", key.ErrMalformed},
		"carriage returns":  {strings.ReplaceAll(sshLine+"\n"+sshLine, "\n", "\r"), key.ErrMalformed},
		"byte order mark":   {"\ufeff" + sshLine, key.ErrType},
		"utf-16":            {"\xff\xfes\x00s\x00h\x00", key.ErrType},
		"utf-16, no mark":   {"s\x00s\x00h\x00", key.ErrMalformed},
		"PuTTY":             {"PuTTY-User-Key-File-3: ssh-ed25519\n", key.ErrType},
		"RFC 4716":          {"---- BEGIN SSH2 PUBLIC KEY ----\n", key.ErrType},
		"OpenPGP":           {"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n", key.ErrType},
		"weak key":          {sshLine + "\ned25519:AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n", key.ErrWeak},
		"unknown type":      {"ssh-dss AAAAB3NzaC1kc3MAAAAA x\n", key.ErrType},
		"certificate":       {"ssh-ed25519-cert-v01@openssh.com AAAA x\n", key.ErrCertificate},
		"x.509":             {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", key.ErrCertificate},
		"old encryption":    {"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n", key.ErrType},
		"text before block": {"x\n" + spki, key.ErrMalformed},
		"text after block":  {spki + "x\n", key.ErrMalformed},
		"dsa block":         {"-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----\n", key.ErrType},
		"too large":         {strings.Repeat("#\n", key.MaxFile/2) + "#", key.ErrTooLarge},
		"symmetric key":     {`{"kty":"oct","k":"AAAA"}`, key.ErrType},
		"empty set":         {`{"keys":[]}`, key.ErrMalformed},
		"another document":  {`{"name":"x"}`, key.ErrMalformed},
		"sealed file":       {"age-encryption.org/v1\n-> X25519 x\n", key.ErrType},
		"hardware":          {"age1tag1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq\n", key.ErrMalformed},
		"another did":       {"did:web:example.com\n", key.ErrMalformed},
		"allowed signers":   {"ada@example.com " + sshLine, key.ErrMalformed},
	} {
		f, err := keyfile.Parse([]byte(c.in))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %+v, %v, want %v", name, f, err, c.want)
		}
		if err != nil && strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("%s: foreign bytes in %q", name, err)
		}
	}
}

func TestUnknownKeysBesideKnownOnesAreSkipped(t *testing.T) {
	f, err := keyfile.Parse([]byte("ssh-dss AAAAB3NzaC1kc3MAAAAA old\n" + sshLine + "\nssh-ed25519-cert-v01@openssh.com AAAA\n"))
	if err != nil || len(f.Entries) != 1 || len(f.Skipped) != 2 || f.Skipped[0].Line != 1 || f.Skipped[1].Line != 3 {
		t.Errorf("%+v, %v", f, err)
	}
	f, err = keyfile.Parse([]byte("cert-authority " + sshLine))
	if err != nil || !f.Entries[0].Authority {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestFilesOfTools(t *testing.T) {
	file := filepath.Join(t.TempDir(), "k")
	vectortest.Run(t, nil, vectortest.Peer(t, "openssl"), "ecparam", "-name", "prime256v1", "-genkey", "-out", file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if f, err := keyfile.Parse(text); err != nil || len(f.Entries) != 1 || f.Entries[0].Public.Type() != key.ECDSAP256 {
		t.Errorf("openssl ecparam -genkey: %+v, %v", f, err)
	}
}

func FuzzParse(f *testing.F) {
	seeds := []string{
		sshLine, textLine, spki, "# c\n" + sshLine + " x\n" + textLine,
		`{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
		"untrusted comment: x\nRWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\n",
		"sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
		"did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw",
		"AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX",
	}
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := keyfile.Parse(data)
		if err == nil && len(file.Entries) == 0 {
			t.Errorf("%q: no entry and no error", data)
		}
	})
}
