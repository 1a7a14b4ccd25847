package sshsig_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kai/internal/key"
	"kai/internal/vectortest"
)

// opensshKeys are made by ssh-keygen: options, and kai's type of the key.
var opensshKeys = []struct {
	name    string
	options []string
	kind    key.Type
}{
	{"ed25519", []string{"-t", "ed25519"}, key.Ed25519},
	{"p256", []string{"-t", "ecdsa", "-b", "256"}, key.ECDSAP256},
	{"p384", []string{"-t", "ecdsa", "-b", "384"}, key.ECDSAP384},
	{"rsa", []string{"-t", "rsa", "-b", "2048"}, key.RSA},
}

// ssh-keygen checks what is written here, with and without the KAI block.
func TestOpenSSHReads(t *testing.T) {
	program := vectortest.Peer(t, "ssh-keygen")
	dir := t.TempDir()
	for _, kind := range []key.Type{key.Ed25519, key.ECDSAP256, key.RSA} {
		s, pq := newSigner(t, kind), newSigner(t, key.MLDSA65)
		signers := filepath.Join(dir, string(kind))
		line := fmt.Sprintf("alice@example.org %s %s\n", kind.SSHName(), encode(s.Public.Wire()))
		write(t, signers, []byte(line))
		for _, hash := range []string{"sha256", "sha512"} {
			for _, hybrid := range []bool{false, true} {
				s.PQ = nil
				if hybrid {
					s.PQ = &pq
				}
				name := filepath.Join(dir, fmt.Sprintf("%s-%s-%v.sig", kind, hash, hybrid))
				write(t, name, sign(t, s, "file", hash, memory(message)))
				out, err := run(message, program, "-Y", "verify", "-f", signers, "-I", "alice@example.org", "-n", "file", "-s", name)
				want := fmt.Sprintf("Good \"file\" signature for alice@example.org with %s key %s\n", kind.Word(), s.Public.Fingerprint())
				if err != nil || out != want {
					t.Errorf("%s: %v\n%s", name, err, out)
				}
				if out, err = run(message+"x", program, "-Y", "verify", "-f", signers, "-I", "alice@example.org", "-n", "file", "-s", name); err == nil {
					t.Errorf("%s: other message: %s", name, out)
				}
			}
		}
	}
}

// What ssh-keygen writes is good here, and would be written the same.
func TestOpenSSHWrites(t *testing.T) {
	program := vectortest.Peer(t, "ssh-keygen")
	dir := t.TempDir()
	for _, k := range opensshKeys {
		file := filepath.Join(dir, k.name)
		if out, err := run("", program, append([]string{"-q", "-N", "", "-f", file}, k.options...)...); err != nil {
			t.Fatal(err, out)
		}
		for _, hash := range []string{"sha256", "sha512"} {
			out, err := run(message, program, "-Y", "sign", "-f", file, "-n", "name space", "-O", "hashalg="+hash)
			if err != nil {
				t.Fatal(err, out)
			}
			r := check(t, []byte(out), memory(message))[0]
			if !r.Good() || r.Verified.Key().Type() != k.kind || r.Verified.Namespace() != "name space" || r.Claim.Hash != hash {
				t.Errorf("%s %s: %+v", k.name, hash, r)
			}
		}
	}
}

// Ed25519 and RSA PKCS#1 have one signature a message: both programs must write
// the same file.
func TestSameBytes(t *testing.T) {
	program := vectortest.Peer(t, "ssh-keygen")
	for _, kind := range []key.Type{key.Ed25519, key.RSA} {
		s, file := storedSigner(t, kind)
		for _, hash := range []string{"sha256", "sha512"} {
			want, err := run(message, program, "-Y", "sign", "-f", file, "-n", "file", "-O", "hashalg="+hash)
			if err != nil {
				t.Fatal(err, want)
			}
			if got := sign(t, s, "file", hash, memory(message)); string(got) != want {
				t.Errorf("%s %s:\n%s\nssh-keygen:\n%s", kind, hash, got, want)
			}
		}
	}
}

func run(stdin, program string, args ...string) (string, error) {
	cmd := exec.Command(program, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	return string(out), err
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
