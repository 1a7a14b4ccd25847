package openssh_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"kai/internal/key"
	"kai/internal/key/armor"
	"kai/internal/key/openssh"
	"kai/internal/secret"
	"kai/internal/vectortest"
)

// held are the types with a private key file.
var held = []key.Type{key.Ed25519, key.ECDSAP256, key.RSA, key.MLDSA44Ed25519}

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

func passphrase(s string) *secret.Bytes { return secret.Take([]byte(s)) }

func marshal(t testing.TB, p *key.Private, comment string, pass *secret.Bytes) []byte {
	t.Helper()
	text, err := openssh.MarshalPrivate(p, comment, pass, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return text.Expose()
}

func parse(t testing.TB, text []byte) (key.Entry, error) {
	t.Helper()
	blocks, err := armor.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	return openssh.ParsePrivate(blocks[0].Bytes)
}

func TestPrivateKeysRoundTrip(t *testing.T) {
	for _, typ := range held {
		p := generate(t, typ)
		e, err := parse(t, marshal(t, p, "ada@laptop", nil))
		if err != nil {
			t.Fatalf("%s: %v", typ, err)
		}
		if e.Locked != nil || e.Public != p.Public() || e.Comment != "ada@laptop" || !e.Private.Stored().Equal(p.Stored()) {
			t.Errorf("%s: read %+v", typ, e)
		}

		e, err = parse(t, marshal(t, p, "ada@laptop", passphrase("correct horse")))
		if err != nil || e.Locked == nil || e.Private != nil || e.Public != p.Public() || e.Comment != "" {
			t.Fatalf("%s, encrypted: read %+v, %v", typ, e, err)
		}
		for _, wrong := range []string{"", "correct horsf"} {
			if _, err := e.Locked.Unlock(passphrase(wrong)); !errors.Is(err, key.ErrPassphrase) {
				t.Errorf("%s: passphrase %q: %v", typ, wrong, err)
			}
		}
		opened, err := e.Locked.Unlock(passphrase("correct horse"))
		if err != nil || len(opened) != 1 || opened[0].Comment != "ada@laptop" || !opened[0].Private.Stored().Equal(p.Stored()) {
			t.Errorf("%s: unlocked %+v, %v", typ, opened, err)
		}
	}
}

// x/crypto is another implementation of the format.
func TestPrivateKeysAreReadByXCrypto(t *testing.T) {
	for _, typ := range held[:3] {
		p := generate(t, typ)
		plain, err := ssh.ParsePrivateKey(marshal(t, p, "", nil))
		if err != nil || !bytes.Equal(plain.PublicKey().Marshal(), p.Public().Wire()) {
			t.Errorf("%s: %v", typ, err)
		}
		locked, err := ssh.ParsePrivateKeyWithPassphrase(marshal(t, p, "", passphrase("pass")), []byte("pass"))
		if err != nil || !bytes.Equal(locked.PublicKey().Marshal(), p.Public().Wire()) {
			t.Errorf("%s, encrypted: %v", typ, err)
		}
	}
}

func TestPrivateKeysOfXCryptoAreRead(t *testing.T) {
	for _, typ := range held[:3] {
		p := generate(t, typ)
		k, err := p.Crypto()
		if err != nil {
			t.Fatal(err)
		}
		block, err := ssh.MarshalPrivateKeyWithPassphrase(k, "its comment", []byte("pass"))
		if err != nil {
			t.Fatal(err)
		}
		e, err := openssh.ParsePrivate(block.Bytes)
		if err != nil {
			t.Fatalf("%s: %v", typ, err)
		}
		opened, err := e.Locked.Unlock(passphrase("pass"))
		if err != nil || opened[0].Comment != "its comment" || opened[0].Public != p.Public() {
			t.Errorf("%s: %+v, %v", typ, opened, err)
		}
	}
}

func TestFilesOfSSHKeygenAreRead(t *testing.T) {
	tool := vectortest.Peer(t, "ssh-keygen")
	for _, c := range [][]string{
		{"-t", "ed25519"},
		{"-t", "ecdsa", "-b", "256"},
		{"-t", "rsa", "-b", "2048"},
		{"-t", "rsa", "-b", "3072", "-a", "3", "-N", "pass"},
		{"-t", "ed25519", "-N", "pass"},
		{"-t", "ed25519", "-N", "pass", "-a", "40"},
		{"-t", "ed25519", "-N", "pass", "-Z", "aes256-cbc"},
		{"-t", "ed25519", "-N", "pass", "-Z", "aes128-ctr"},
		{"-t", "ecdsa", "-N", "pass", "-Z", "aes192-cbc"},
		{"-t", "ecdsa", "-N", "pass", "-Z", "aes256-gcm@openssh.com"},
		{"-t", "rsa", "-N", "pass", "-Z", "aes128-gcm@openssh.com"},
	} {
		file := filepath.Join(t.TempDir(), "k")
		args := append([]string{"-q", "-C", "a comment", "-f", file}, c...)
		encrypted := len(c) > 4
		if !encrypted {
			args = append(args, "-N", "")
		}
		vectortest.Run(t, nil, tool, args...)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		e, err := parse(t, text)
		if err == nil && e.Locked != nil {
			var opened []key.Entry
			opened, err = e.Locked.Unlock(passphrase("pass"))
			if err == nil {
				e = opened[0]
			}
		}
		if err != nil {
			t.Errorf("%q: %v", c, err)
			continue
		}
		line, err := os.ReadFile(file + ".pub")
		if err != nil {
			t.Fatal(err)
		}
		got, err := openssh.AppendPublic(nil, e.Private.Public(), e.Comment)
		if err != nil || string(got)+"\n" != string(line) {
			t.Errorf("%q: public line %q, %v, want %q", c, got, err, line)
		}
	}
}

func TestFilesAreReadBySSHKeygen(t *testing.T) {
	tool := vectortest.Peer(t, "ssh-keygen")
	for _, typ := range held[:3] { // the composite type needs OpenSSH 10.5
		p := generate(t, typ)
		for _, pass := range []string{"", "correct horse"} {
			var s *secret.Bytes
			if pass != "" {
				s = passphrase(pass)
			}
			file := filepath.Join(t.TempDir(), "k")
			if err := os.WriteFile(file, marshal(t, p, "ada@laptop", s), 0o600); err != nil {
				t.Fatal(err)
			}
			want, err := openssh.AppendPublic(nil, p.Public(), "ada@laptop")
			if err != nil {
				t.Fatal(err)
			}
			got := vectortest.Run(t, nil, tool, "-y", "-P", pass, "-f", file)
			if strings.TrimSpace(string(got)) != string(want) {
				t.Errorf("%s, passphrase %q: ssh-keygen -y printed %q, want %q", typ, pass, got, want)
			}
		}
	}
}

// ssh-keygen writes the same bytes when it writes a key of ours again.
func TestFilesAreWrittenAsBySSHKeygen(t *testing.T) {
	tool := vectortest.Peer(t, "ssh-keygen")
	for _, typ := range held[:3] {
		p := generate(t, typ)
		file := filepath.Join(t.TempDir(), "k")
		ours := marshal(t, p, "one", nil)
		if err := os.WriteFile(file, ours, 0o600); err != nil {
			t.Fatal(err)
		}
		vectortest.Run(t, nil, tool, "-q", "-c", "-C", "two", "-f", file)
		theirs, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		check := checkNumber(t, theirs)
		again, err := openssh.MarshalPrivate(p, "two", nil, bytes.NewReader(check))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again.Expose(), theirs) {
			t.Errorf("%s: ssh-keygen writes\n%s\nwe write\n%s", typ, theirs, again.Expose())
		}
	}
}

// checkNumber finds the random number of a file that is not encrypted.
func checkNumber(t *testing.T, text []byte) []byte {
	t.Helper()
	blocks, err := armor.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	data := blocks[0].Bytes
	for i := len(data) - 8; i >= 0; i-- {
		if bytes.Equal(data[i:i+4], data[i+4:i+8]) && !bytes.Equal(data[i:i+4], make([]byte, 4)) {
			return data[i : i+4]
		}
	}
	t.Fatal("no check number")
	return nil
}

// The file is a public test key of RustCrypto's ssh-key, in the form of
// OpenSSH 10.5; the seeds are those inside.
func TestCompositeFileOfAnotherImplementation(t *testing.T) {
	text, err := os.ReadFile("testdata/id_mldsa44_ed25519")
	if err != nil {
		t.Fatal(err)
	}
	e, err := parse(t, text)
	if err != nil {
		t.Fatal(err)
	}
	const seeds = "06d922b6b967a98ad5f78123ac0bd68afa5f7592129943385975b5fa32330444" +
		"a5a5f2302c824300b7a58771d4becf880d350e1b2c0915f78994850bd9d2b333"
	if got := hex.EncodeToString(e.Private.Stored().Expose()); got != seeds || e.Comment != "user@example.com" {
		t.Errorf("seeds %s, comment %q", got, e.Comment)
	}
	line, err := openssh.AppendPublic(nil, e.Public, e.Comment)
	if err != nil || !strings.HasPrefix(string(line), "ssh-mldsa44-ed25519 AAAAE3NzaC1tbGRzYTQ0LWVkMjU1MTkAAAVAniHueEjKxQWUbV3F") {
		t.Errorf("public line %.120q, %v", line, err)
	}
}

func TestDamagedPrivateKeysAreRefused(t *testing.T) {
	for _, typ := range held {
		text := marshal(t, generate(t, typ), "c", nil)
		blocks, err := armor.Decode(text)
		if err != nil {
			t.Fatal(err)
		}
		data := blocks[0].Bytes
		step := max(1, len(data)/97)
		for i := 0; i < len(data); i += step {
			if _, err := openssh.ParsePrivate(data[:i]); err == nil {
				t.Errorf("%s: cut at %d of %d accepted", typ, i, len(data))
			}
			damaged := bytes.Clone(data)
			damaged[i] ^= 1
			if e, err := openssh.ParsePrivate(damaged); err == nil && e.Comment == "c" {
				t.Errorf("%s: flipped byte %d of %d accepted", typ, i, len(data))
			}
		}
		for _, extra := range []string{"\x00", "\x01", "\x01\x02\x03\x04\x05\x06\x07\x08", strings.Repeat("\x00", 16)} {
			if _, err := openssh.ParsePrivate(append(bytes.Clone(data), extra...)); err == nil {
				t.Errorf("%s: %d trailing bytes accepted", typ, len(extra))
			}
		}
	}
}

func TestSecretsThatDifferFromTheirPublicHalfAreRefused(t *testing.T) {
	for _, typ := range held {
		one, two := generate(t, typ), generate(t, typ)
		mix := bytes.Replace(decode(t, marshal(t, one, "", nil)), one.Public().Wire(), two.Public().Wire(), 1)
		if _, err := openssh.ParsePrivate(mix); !errors.Is(err, key.ErrWeak) {
			if typ != key.RSA || !errors.Is(err, key.ErrMalformed) { // another length of the exponent
				t.Errorf("%s: foreign public half: %v", typ, err)
			}
		}
	}
}

func decode(t *testing.T, text []byte) []byte {
	t.Helper()
	blocks, err := armor.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	return blocks[0].Bytes
}

func TestPictureIsThatOfSSHKeygen(t *testing.T) {
	tool := vectortest.Peer(t, "ssh-keygen")
	for _, typ := range held[:3] {
		for range 6 {
			compareWithKeygen(t, tool, generate(t, typ).Public())
		}
	}
	file := filepath.Join(t.TempDir(), "k")
	vectortest.Run(t, nil, tool, "-q", "-t", "ecdsa", "-b", "384", "-N", "", "-C", "", "-f", file)
	text, err := os.ReadFile(file + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	e, err := openssh.ParsePublic(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	compareWithKeygen(t, tool, e.Public)
	compareWithKeygen(t, tool, securityKey(t, key.SKEd25519))
	compareWithKeygen(t, tool, securityKey(t, key.SKECDSA))
}

func compareWithKeygen(t *testing.T, tool string, p key.Public) {
	t.Helper()
	line, err := openssh.AppendPublic(nil, p, "a comment")
	if err != nil {
		t.Fatal(err)
	}
	want := string(vectortest.Run(t, append(line, '\n'), tool, "-lvf", "/dev/stdin"))
	if got := openssh.Summary(p, "a comment") + "\n" + openssh.Picture(p); got != want {
		t.Errorf("%s\ngot\n%swant\n%s", line, got, want)
	}
}

// securityKey is a FIDO key of no authenticator.
func securityKey(t *testing.T, typ key.Type) key.Public {
	t.Helper()
	k, err := generate(t, map[key.Type]key.Type{key.SKEd25519: key.Ed25519, key.SKECDSA: key.ECDSAP256}[typ]).Public().Crypto()
	if err != nil {
		t.Fatal(err)
	}
	plain, err := ssh.NewPublicKey(k)
	if err != nil {
		t.Fatal(err)
	}
	_, inner, _ := bytes.Cut(plain.Marshal(), []byte(plain.Type()))
	blob := ssh.Marshal(struct{ Type string }{typ.SSHName()})
	blob = append(blob, inner...)
	blob = append(blob, ssh.Marshal(struct{ Application string }{"ssh:"})...)
	p, err := key.ParseWire(blob)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPictureOfTypesWithLongNames(t *testing.T) {
	p := generate(t, key.MLDSA44Ed25519).Public()
	if got, _, _ := strings.Cut(openssh.Picture(p), "\n"); got != "+[MLDSA44-ED25519-+" { // OpenSSH's own buffer cuts it so
		t.Errorf("edge %q", got)
	}
}

func TestBoundsOfBcrypt(t *testing.T) {
	data := decode(t, marshal(t, generate(t, key.Ed25519), "", passphrase("x")))
	options := bytes.Index(data, []byte("bcrypt")) + 6
	for _, rounds := range []string{"\x00\x00\x00\x00", "\x00\x00\x08\x01", "\xff\xff\xff\xff"} {
		changed := bytes.Clone(data)
		copy(changed[options+4+4+16:], rounds)
		if _, err := openssh.ParsePrivate(changed); err == nil {
			t.Errorf("%x rounds accepted", rounds)
		}
	}
}

func FuzzParsePrivate(f *testing.F) {
	for _, typ := range []key.Type{key.Ed25519, key.ECDSAP256, key.MLDSA44Ed25519} {
		for _, pass := range []*secret.Bytes{nil, passphrase("x")} {
			blocks, err := armor.Decode(marshal(f, generate(f, typ), "c", pass))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(blocks[0].Bytes)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > key.MaxFile {
			return
		}
		e, err := openssh.ParsePrivate(data)
		if err != nil || e.Private == nil || key.CheckComment(e.Comment) != nil {
			return
		}
		again, err := parse(t, marshal(t, e.Private, e.Comment, nil))
		if err != nil || again.Public != e.Public || again.Comment != e.Comment {
			t.Errorf("%x: written differently: %v", data, err)
		}
	})
}
