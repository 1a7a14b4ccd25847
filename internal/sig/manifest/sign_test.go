package manifest_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/sig/manifest"
	"kai/internal/sig/sigtest"
	"kai/internal/vectortest"
)

// signed is the manifest of base with the signatures of some new keys.
func signed(t testing.TB, signers ...sig.Signer) *manifest.Manifest {
	t.Helper()
	m := build(t, grow(t, t.TempDir(), base), manifest.Options{})
	for _, s := range signers {
		if err := m.Sign(rand.Reader, s, "sha256"); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func hybrid(t testing.TB) sig.Signer {
	t.Helper()
	s, pq := sigtest.Signer(t, key.Ed25519), sigtest.Signer(t, key.MLDSA65)
	s.PQ = &pq
	return s
}

func TestSignatures(t *testing.T) {
	one, two := hybrid(t), sigtest.Signer(t, key.ECDSAP256)
	m := signed(t, one, two)
	p, err := m.Prove("b/d")
	if err != nil {
		t.Fatal(err)
	}
	for format, file := range map[sig.Format][]byte{
		manifest.Format{}:      []byte(text(t, m)),
		manifest.ProofFormat{}: p.Bytes(),
	} {
		u := sigtest.Parse(t, format, file)
		if string(u.Payload) != string(m.Signed()) || len(u.Claims) != 2 {
			t.Fatalf("%s: payload %q, %d claims", format.Name(), u.Payload, len(u.Claims))
		}
		for i, r := range sigtest.Check(t, u, nil, nil) {
			want := []sig.Signer{one, two}[i].Public
			if !r.Good() || r.Verified.Key() != want || r.Verified.Namespace() != manifest.Namespace || r.Verified.Format() != format.Name() {
				t.Errorf("%s: signature %d: %v", format.Name(), i, r.Err)
			}
			if i == 0 && r.Verified.PQKey() != one.PQ.Public {
				t.Errorf("%s: no post-quantum half", format.Name())
			}
		}
	}
}

// Blocks of one manifest under another head are bad, not merely unknown.
func TestBlocksOfAnotherManifest(t *testing.T) {
	one := text(t, signed(t, hybrid(t)))
	two := build(t, grow(t, t.TempDir(), tree{"other": file("")}), manifest.Options{})
	forged := text(t, two) + one[strings.Index(one, "-----BEGIN"):]
	for _, r := range sigtest.Check(t, sigtest.Parse(t, manifest.Format{}, []byte(forged)), nil, nil) {
		if !r.Bad() {
			t.Errorf("signature of another manifest: %v", r.Err)
		}
	}
}

func TestAddSignatureToAFile(t *testing.T) {
	first := open(t, text(t, signed(t, hybrid(t))))
	if err := first.Sign(rand.Reader, sigtest.Signer(t, key.Ed25519), "sha512"); err != nil {
		t.Fatal(err)
	}
	for i, r := range sigtest.Check(t, sigtest.Parse(t, manifest.Format{}, []byte(text(t, first))), nil, nil) {
		if !r.Good() {
			t.Errorf("signature %d: %v", i, r.Err)
		}
	}
	m := signed(t)
	s := sigtest.Signer(t, key.Ed25519)
	for i := range 65 {
		err := m.Sign(rand.Reader, s, "sha256")
		if i < 64 && err != nil || i == 64 && !errors.Is(err, sig.ErrTooLarge) {
			t.Fatalf("signature %d: %v", i, err)
		}
	}
	if got := len(m.Claims()); got != 64 {
		t.Errorf("%d claims after the refused one", got)
	}
}

func TestFaultsInBlocksAreInTheFile(t *testing.T) {
	good := text(t, signed(t, sigtest.Signer(t, key.Ed25519)))
	begin := strings.Index(good, "-----BEGIN")
	for name, text := range map[string]string{
		"text before":     good[:begin] + "hello\n" + good[begin:],
		"text after":      good + "hello\n",
		"cut":             good[:begin+100],
		"character":       good[:begin+60] + "!" + good[begin+61:],
		"another label":   strings.Replace(good, "SSH SIG", "PGP SIG", 1),
		"two empty lines": good[:begin] + "\n" + good[begin:],
	} {
		_, err := manifest.Open(strings.NewReader(text), int64(len(text)))
		var syntax *sig.SyntaxError
		if !errors.As(err, &syntax) || syntax.Offset < int64(begin) || syntax.Format != "manifest" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Any bit of the whole file flipped: refused, bad, or the same head.
func TestEveryFlippedBitOfASignedFile(t *testing.T) {
	m := signed(t, sigtest.Signer(t, key.Ed25519))
	same := func(u *sig.Unverified) bool { return string(u.Payload) == string(m.Signed()) }
	sigtest.NeverAccepted(t, manifest.Format{}, []byte(text(t, m)), nil, nil, same)
	p, err := m.Prove("a")
	if err != nil {
		t.Fatal(err)
	}
	sigtest.NeverAccepted(t, manifest.ProofFormat{}, p.Bytes(), nil, nil, same)
}

// The line of the documentation, with the ssh-keygen that is installed.
func TestStockToolsCheckAManifest(t *testing.T) {
	for _, tool := range []string{"bash", "sed", "ssh-keygen"} {
		vectortest.Peer(t, tool)
	}
	dir := t.TempDir()
	s := hybrid(t)
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("A", []byte("bob namespaces=\"kai-manifest/1\" ssh-ed25519 "+base64.StdEncoding.EncodeToString(s.Public.Wire())+"\n"))
	good := text(t, signed(t, s))
	line := `sed '/^$/q' M | ssh-keygen -Y verify -f A -I bob -n kai-manifest/1 -s <(sed -n '/^-----BEGIN SSH/,$p' M)`
	run := func(manifest string) (string, error) {
		write("M", []byte(manifest))
		cmd := exec.Command("bash", "-c", line)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run(good); err != nil || !strings.HasPrefix(out, `Good "kai-manifest/1" signature for bob with ED25519 key SHA256:`) {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := run(strings.Replace(good, "\nsize ", "\nsize 1", 1)); err == nil {
		t.Errorf("changed head accepted: %s", out)
	}
	var empty bytes.Buffer
	m := build(t, grow(t, t.TempDir(), nil), manifest.Options{})
	if err := m.Sign(rand.Reader, s, "sha512"); err != nil {
		t.Fatal(err)
	}
	if _, err := m.WriteTo(&empty); err != nil {
		t.Fatal(err)
	}
	if out, err := run(empty.String()); err != nil {
		t.Errorf("manifest of nothing: %v: %s", err, out)
	}
}
