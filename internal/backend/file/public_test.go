package file_test

import (
	"crypto/rand"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	sshagent "golang.org/x/crypto/ssh/agent"

	"kai/internal/backend"
	"kai/internal/backend/file"
	"kai/internal/key"
	"kai/internal/key/keyfile"
	"kai/internal/sig"
)

// A public key in a file means that key in the agent.
func TestPublicKeyLeadsToTheAgent(t *testing.T) {
	held, other := generate(t, key.Ed25519), generate(t, key.Ed25519)
	h := &holder{files: map[string][]byte{"held.pub": line(t, held), "other.pub": line(t, other)}}
	env := h.env()
	env.AgentSocket = serve(t, held)
	k, err := file.Backend{}.Open(t.Context(), reference("held.pub"), env)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	s, err := k.(backend.Signer).Signer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sig.Ed25519.Sign(rand.Reader, held.Public(), s, []byte("message")); err != nil {
		t.Error(err)
	}
	if len(h.asked) != 0 {
		t.Errorf("asked for %q", h.asked)
	}
	if _, err := (file.Backend{}).Open(t.Context(), reference("other.pub"), env); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("key that the agent lacks: %v, want %v", err, backend.ErrNotFound)
	}
}

func line(t *testing.T, p *key.Private) []byte {
	t.Helper()
	text, err := keyfile.MarshalPublic(key.FormSSHPublic, []key.Public{p.Public()}, keyfile.Named{})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// serve runs an agent with one key until the test ends.
func serve(t *testing.T, p *key.Private) string {
	t.Helper()
	private, err := p.Crypto()
	if err != nil {
		t.Fatal(err)
	}
	ring := sshagent.NewKeyring()
	if err := ring.Add(sshagent.AddedKey{PrivateKey: private}); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "kai") // short enough for the name of a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "agent")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_ = sshagent.ServeAgent(ring, conn)
			}()
		}
	}()
	return socket
}
