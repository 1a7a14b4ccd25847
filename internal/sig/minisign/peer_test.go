package minisign_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/blake2b"

	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/sig/minisign"
	"kai/internal/sig/sigtest"
	"kai/internal/vectortest"
)

// run executes a program in dir and reports whether it succeeded.
func run(t *testing.T, dir, program string, args ...string) (string, bool) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if _, failed := err.(*exec.ExitError); err != nil && !failed {
		t.Fatal(err)
	}
	return string(out), err == nil
}

func put(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, dir, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// secondLine is the base64 of a key file.
func secondLine(t *testing.T, file []byte) string {
	t.Helper()
	lines := strings.Split(string(file), "\n")
	if len(lines) < 2 {
		t.Fatalf("key file %q", file)
	}
	return lines[1]
}

func TestMinisignAcceptsOurs(t *testing.T) {
	program := vectortest.Peer(t, "minisign")
	dir := t.TempDir()
	signer := sigtest.Signer(t, key.Ed25519)
	id := minisign.KeyID{0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 0}
	public := base64.StdEncoding.EncodeToString(append(append([]byte("Ed"), id[:]...), signer.Public.Raw()...))
	data := bytes.Repeat([]byte("0123456789"), 100_000)
	sum := blake2b.Sum512(data)
	put(t, dir, "m", data)
	for _, c := range []struct{ untrusted, trusted string }{
		{"signature by kai", minisign.TrustedComment(time.Unix(1795462772, 0), "m")},
		{"", ""},
		{strings.Repeat("u", 1022-19), strings.Repeat("t", 8190-17)}, // the longest that both read
	} {
		file, err := minisign.Sign(nil, signer, id, sum[:], c.untrusted, c.trusted)
		if err != nil {
			t.Fatal(err)
		}
		put(t, dir, "m.minisig", file)
		out, ok := run(t, dir, program, "-V", "-P", public, "-m", "m")
		if !ok || !strings.Contains(out, "Trusted comment: "+c.trusted+"\n") {
			t.Errorf("comments of %d and %d bytes: %s", len(c.untrusted), len(c.trusted), out)
		}
	}
	// One byte more than kai writes is more than minisign reads.
	file, err := minisign.Sign(nil, signer, id, sum[:], "", strings.Repeat("t", 8190-17))
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, "m.minisig", bytes.Replace(file, []byte("ttt"), []byte("tttt"), 1))
	if out, ok := run(t, dir, program, "-V", "-P", public, "-m", "m"); ok || !strings.Contains(out, "too long") {
		t.Errorf("minisign reads longer comments than expected: %s", out)
	}
}

// kai and minisign agree about files that minisign made, whole and damaged.
func TestMinisignsAreAccepted(t *testing.T) {
	program := vectortest.Peer(t, "minisign")
	dir := t.TempDir()
	if out, ok := run(t, dir, program, "-G", "-W", "-p", "k.pub", "-s", "k.sec"); !ok {
		t.Fatal(out)
	}
	h := holderOf(t, secondLine(t, get(t, dir, "k.pub")))
	if !strings.Contains(string(get(t, dir, "k.pub")), " "+minisign.KeyID(*h.ID).String()+"\n") {
		t.Errorf("id %x is not what minisign prints: %s", *h.ID, get(t, dir, "k.pub"))
	}
	data := bytes.Repeat([]byte("payload\n"), 70_000)
	put(t, dir, "m", data)
	for _, args := range [][]string{{"-S"}, {"-S", "-l"}, {"-S", "-t", "released\tby hand"}, {"-S", "-c", "other"}} {
		if out, ok := run(t, dir, program, append(args, "-s", "k.sec", "-m", "m", "-x", "m.minisig")...); !ok {
			t.Fatal(out)
		}
		file := get(t, dir, "m.minisig")
		u := sigtest.Parse(t, minisign.Format{}, file)
		if r := sigtest.Check(t, u, data, h)[0]; !r.Good() {
			t.Errorf("minisign %q: %v", args, r.Err)
		}
		for _, damaged := range [][]byte{
			bytes.Replace(file, []byte("trusted comment: "), []byte("trusted comment: x"), 2),
			bytes.ReplaceAll(file, []byte("\n"), []byte("\r\n")),
			append(bytes.Clone(file), "more\n"...),
			bytes.TrimSuffix(file, []byte("\n")),
			file[:len(file)-10],
		} {
			put(t, dir, "d.minisig", damaged)
			_, theirs := run(t, dir, program, "-V", "-p", "k.pub", "-m", "m", "-x", "d.minisig")
			u, err := minisign.Format{}.Parse(bytes.NewReader(damaged), sig.DetachedLimits)
			ours := err == nil && sigtest.Check(t, u, data, h)[0].Good()
			if ours != theirs {
				t.Errorf("accepted here %v, by minisign %v:\n%s", ours, theirs, damaged)
			}
		}
	}
}

func TestSignifysAreAccepted(t *testing.T) {
	program := vectortest.Peer(t, "signify-openbsd")
	dir := t.TempDir()
	if out, ok := run(t, dir, program, "-G", "-n", "-p", "k.pub", "-s", "k.sec"); !ok {
		t.Fatal(out)
	}
	h := holderOf(t, secondLine(t, get(t, dir, "k.pub")))
	data := bytes.Repeat([]byte("payload\n"), 70_000)
	put(t, dir, "m", data)
	if out, ok := run(t, dir, program, "-S", "-s", "k.sec", "-m", "m", "-x", "m.sig"); !ok {
		t.Fatal(out)
	}
	u := sigtest.Parse(t, minisign.Signify{}, get(t, dir, "m.sig"))
	if r := sigtest.Check(t, u, data, h)[0]; !r.Good() {
		t.Error(r.Err)
	}
	if r := sigtest.Check(t, u, data[1:], h)[0]; !r.Bad() {
		t.Errorf("another message: %v", r.Err)
	}
	// An embedded message is refused with its place, not taken for a comment.
	if out, ok := run(t, dir, program, "-S", "-e", "-s", "k.sec", "-m", "m", "-x", "e.sig"); !ok {
		t.Fatal(out)
	}
	if _, err := (minisign.Signify{}).Parse(bytes.NewReader(get(t, dir, "e.sig")), sig.DetachedLimits); err == nil {
		t.Error("embedded message accepted as detached signature")
	}
}
