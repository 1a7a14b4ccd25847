package krl_test

import (
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"kai/internal/key"
	"kai/internal/sig/krl"
	"kai/internal/vectortest"
)

// keygen runs ssh-keygen in dir and returns its output and whether it exited
// with 0.
func keygen(t *testing.T, program, dir string, args ...string) (string, bool) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader("")
	out, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	return string(out), err == nil
}

func mustKeygen(t *testing.T, program, dir string, args ...string) {
	t.Helper()
	if out, ok := keygen(t, program, dir, args...); !ok {
		t.Fatalf("ssh-keygen %q:\n%s", args, out)
	}
}

// subject is a .pub file.
type subject struct {
	file string
	pub  key.Public
	cert []byte
	line string
}

func load(t *testing.T, dir, file string) subject {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	parsed, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		t.Fatal(err)
	}
	s := subject{file: file, line: string(text)}
	blob := parsed.Marshal()
	if cert, ok := parsed.(*ssh.Certificate); ok {
		s.cert, blob = blob, cert.Key.Marshal()
	}
	if s.pub, err = key.ParseWire(blob); err != nil {
		t.Fatal(err)
	}
	return s
}

// subjects makes keys of all kinds, two authorities, and certificates.
func subjects(t *testing.T, program, dir string) []subject {
	t.Helper()
	var all []subject
	for name, options := range map[string][]string{
		"ca1": {"-t", "ed25519"}, "ca2": {"-t", "ecdsa"}, "rsa": {"-t", "rsa", "-b", "2048"}, "p384": {"-t", "ecdsa", "-b", "384"}, "ed": {"-t", "ed25519"},
	} {
		mustKeygen(t, program, dir, append([]string{"-q", "-N", "", "-C", "", "-f", name}, options...)...)
		all = append(all, load(t, dir, name+".pub"))
	}
	for i, serial := range []uint64{0, 1, 2, 3, 63, 64, 65, 100, 127, 128, 1000, 1 << 40, 1<<64 - 1} {
		name := fmt.Sprintf("cert%d", i)
		ca := []string{"ca1", "ca2"}[i%2]
		mustKeygen(t, program, dir, "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", name)
		mustKeygen(t, program, dir, "-q", "-s", ca, "-I", fmt.Sprintf("id %d", i%4), "-n", "alice", "-z", fmt.Sprint(serial), name+".pub")
		all = append(all, load(t, dir, name+"-cert.pub"))
	}
	return all
}

// specification writes random lines for ssh-keygen -k.
func specification(r *rand.Rand, all []subject, withCA bool) string {
	var b strings.Builder
	serials := []uint64{1, 2, 3, 62, 63, 64, 65, 66, 100, 126, 127, 128, 999, 1000, 1001, 1 << 40, 1<<64 - 1}
	for range 1 + r.Intn(6) {
		kind := r.Intn(3)
		if withCA {
			kind = r.Intn(6)
		}
		bare := all[r.Intn(5)].line
		switch kind {
		case 0:
			b.WriteString("key: " + bare)
		case 1:
			b.WriteString("sha1: " + all[r.Intn(len(all))].line)
		case 2:
			b.WriteString("sha256: " + bare)
		case 3:
			fmt.Fprintf(&b, "serial: %d\n", serials[r.Intn(len(serials))])
		case 4:
			first := serials[r.Intn(8)]
			fmt.Fprintf(&b, "serial: %d-%d\n", first, first+uint64(r.Intn(40)))
		case 5:
			fmt.Fprintf(&b, "id: id %d\n", r.Intn(5))
		}
	}
	return b.String()
}

// Lists that ssh-keygen makes revoke the same here as under ssh-keygen -Q, for
// random specifications × keys and certificates.
func TestOpenSSHLists(t *testing.T) {
	program := vectortest.Peer(t, "ssh-keygen")
	dir := t.TempDir()
	all := subjects(t, program, dir)
	r := rand.New(rand.NewSource(1))
	rounds := 25
	if testing.Short() {
		rounds = 8
	}
	revoked := map[krl.Cause]int{}
	for round := range rounds {
		args := []string{"-q", "-k", "-f", "list", "-z", fmt.Sprint(round)}
		ca := []string{"", "ca1.pub", "ca2.pub", "none"}[r.Intn(4)]
		if ca != "" {
			args = append(args, "-s", ca)
		}
		spec := specification(r, all, ca != "")
		write(t, dir, "spec", []byte(spec))
		mustKeygen(t, program, dir, append(args, "spec")...)
		if round%2 == 1 { // a second authority's section
			write(t, dir, "spec", []byte(specification(r, all, true)))
			mustKeygen(t, program, dir, "-q", "-k", "-u", "-f", "list", "-s", "ca2.pub", "-z", fmt.Sprint(round), "spec")
		}
		data, err := os.ReadFile(filepath.Join(dir, "list"))
		if err != nil {
			t.Fatal(err)
		}
		l, err := krl.Parse(data)
		if err != nil {
			t.Fatalf("round %d: %v\n%s", round, err, spec)
		}
		if l.Version != uint64(round) {
			t.Errorf("version %d, want %d", l.Version, round)
		}
		for _, s := range all {
			cause, got := l.Revokes(s.pub, s.cert)
			revoked[cause]++
			if want := asksRevoked(t, program, dir, s.file); got != want {
				t.Errorf("round %d, %s: %v (%s), ssh-keygen %v\n%s", round, s.file, got, cause, want, spec)
			}
		}
	}
	t.Logf("%d lists × %d keys: %v", rounds, len(all), revoked)
	for _, cause := range []krl.Cause{"", krl.ByKey, krl.BySHA1, krl.BySHA256, krl.BySerial, krl.ByKeyID, krl.ByAuthority} {
		if revoked[cause] == 0 && !testing.Short() {
			t.Errorf("no case of %q", cause)
		}
	}
}

func asksRevoked(t *testing.T, program, dir, file string) bool {
	t.Helper()
	out, ok := keygen(t, program, dir, "-Q", "-f", "list", file)
	if ok != strings.HasSuffix(out, ": ok\n") || !ok && !strings.HasSuffix(out, ": REVOKED\n") {
		t.Fatalf("ssh-keygen -Q %s: %s", file, out)
	}
	return !ok
}

// Lists made here revoke under ssh-keygen -Q, and are what it would have made.
func TestOpenSSHReads(t *testing.T) {
	program := vectortest.Peer(t, "ssh-keygen")
	dir := t.TempDir()
	all := subjects(t, program, dir)
	var keys []key.Public
	var spec string
	for i, s := range all {
		if i%2 == 0 && s.cert == nil {
			keys = append(keys, s.pub)
			spec += "key: " + s.line
		}
	}
	write(t, dir, "spec", []byte(spec))
	mustKeygen(t, program, dir, "-q", "-k", "-f", "list", "-z", "12", "spec")
	theirs, err := os.ReadFile(filepath.Join(dir, "list"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := krl.Parse(theirs)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := krl.Write(l.Header, keys)
	if err != nil {
		t.Fatal(err)
	}
	if string(ours) != string(theirs) {
		t.Errorf("%x\nssh-keygen: %x", ours, theirs)
	}
	write(t, dir, "list", ours)
	for _, s := range all {
		_, want := l.Revokes(s.pub, s.cert)
		if got := asksRevoked(t, program, dir, s.file); got != want {
			t.Errorf("%s: ssh-keygen says %v", s.file, got)
		}
	}
}

func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}
