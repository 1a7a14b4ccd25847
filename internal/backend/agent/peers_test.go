package agent_test

import (
	"bufio"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"kai/internal/vectortest"
)

// OpenSSH's agent signs with keys that ssh-add brought in.
func TestOpenSSHAgent(t *testing.T) {
	program, add := vectortest.Peer(t, "ssh-agent"), vectortest.Peer(t, "ssh-add")
	dir, err := os.MkdirTemp("", "kai") // short enough for the name of a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "agent")
	startAgent(t, program, socket)
	s := newSecrets(t)
	for comment, private := range map[string]any{"ed": s.ed25519, "ec": s.p256, "rsa": s.rsa} {
		block, err := ssh.MarshalPrivateKey(private, comment)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, comment)
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(add, "-q", file)
		cmd.Env = append(os.Environ(), "SSH_AUTH_SOCK="+socket)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("ssh-add: %v\n%s", err, out)
		}
	}
	signsAll(t, s, socket)
}

// startAgent runs ssh-agent until the test ends. It listens once it has said so.
func startAgent(t *testing.T, program, socket string) {
	t.Helper()
	cmd := exec.Command(program, "-D", "-a", socket)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.Contains(line, "SSH_AUTH_SOCK") {
		t.Fatalf("ssh-agent said %q: %v", line, err)
	}
}
