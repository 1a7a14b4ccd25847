package agent_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"math/big"
	"net"
	"testing"

	"golang.org/x/crypto/ssh"
	sshagent "golang.org/x/crypto/ssh/agent"

	"kai/internal/backend"
	"kai/internal/backend/agent"
	"kai/internal/sig"
)

// odd is an agent that signs in its own way.
type odd struct {
	sshagent.Agent
	sign func() (*ssh.Signature, error)
}

func (o odd) Sign(ssh.PublicKey, []byte) (*ssh.Signature, error) { return o.sign() }

func (o odd) SignWithFlags(ssh.PublicKey, []byte, sshagent.SignatureFlags) (*ssh.Signature, error) {
	return o.sign()
}

func (o odd) Extension(string, []byte) ([]byte, error) { return nil, sshagent.ErrExtensionUnsupported }

// returns is a sign function with one answer.
func returns(format string, blob []byte) func() (*ssh.Signature, error) {
	return func() (*ssh.Signature, error) { return &ssh.Signature{Format: format, Blob: blob}, nil }
}

func numbers(r, s *big.Int) []byte { return ssh.Marshal(struct{ R, S *big.Int }{r, s}) }

// What an agent returns is believed only when it verifies.
func TestWrongSignaturesDoNotLeave(t *testing.T) {
	s := newSecrets(t)
	one, long := big.NewInt(1), new(big.Int).Lsh(big.NewInt(1), 4096)
	for name, c := range map[string]struct {
		comment string
		scheme  sig.Scheme
		format  string
		blob    []byte
	}{
		"zeros":            {"ed", sig.Ed25519, "ssh-ed25519", make([]byte, 64)},
		"short":            {"ed", sig.Ed25519, "ssh-ed25519", make([]byte, 63)},
		"nothing":          {"ed", sig.Ed25519, "ssh-ed25519", nil},
		"another's":        {"ec", sig.ECDSASHA256, "ecdsa-sha2-nistp256", numbers(one, one)},
		"long numbers":     {"ec", sig.ECDSASHA256, "ecdsa-sha2-nistp256", numbers(long, long)},
		"long fixed":       {"ec", sig.ES256, "ecdsa-sha2-nistp256", numbers(long, one)},
		"negative fixed":   {"ec", sig.ES256, "ecdsa-sha2-nistp256", numbers(one, big.NewInt(-1))},
		"zero fixed":       {"ec", sig.ES256, "ecdsa-sha2-nistp256", numbers(new(big.Int), new(big.Int))},
		"RSA of zeros":     {"rsa", sig.RSASHA256, "rsa-sha2-256", make([]byte, 256)},
		"RSA short":        {"rsa", sig.RSASHA512, "rsa-sha2-512", []byte{1}},
		"other algorithm":  {"rsa", sig.RSASHA512, "ssh-rsa", make([]byte, 256)},
		"another key type": {"rsa", sig.RSASHA512, "ssh-ed25519", make([]byte, 64)},
	} {
		k := open(t, by("comment", c.comment), keyring(t, odd{s.ring(t), returns(c.format, c.blob)}))
		value, err := c.scheme.Sign(rand.Reader, k.Public(), signer(t, t.Context(), k), []byte("message"))
		if !errors.Is(err, sig.ErrSelfCheck) || value != nil {
			t.Errorf("%s: %x, %v, want %v", name, value, err, sig.ErrSelfCheck)
		}
	}
}

func TestMalformedECDSA(t *testing.T) {
	s := newSecrets(t)
	whole := numbers(big.NewInt(1), big.NewInt(1))
	for name, blob := range map[string][]byte{"empty": nil, "cut": whole[:len(whole)-1], "longer": append(whole, 0)} {
		k := open(t, by("comment", "ec"), keyring(t, odd{s.ring(t), returns("ecdsa-sha2-nistp256", blob)}))
		if value, err := sig.ECDSASHA256.Sign(rand.Reader, k.Public(), signer(t, t.Context(), k), nil); err == nil {
			t.Errorf("%s: returned %x", name, value)
		}
	}
}

// A hash that the caller did not choose does not verify as the chosen one.
func TestAgentThatIgnoresTheHash(t *testing.T) {
	s := newSecrets(t)
	ring := s.ring(t)
	private, err := ssh.NewSignerFromKey(s.rsa)
	if err != nil {
		t.Fatal(err)
	}
	k := open(t, by("comment", "rsa"), keyring(t, odd{ring, func() (*ssh.Signature, error) {
		return private.Sign(rand.Reader, []byte("message")) // SHA-1, as agents before RFC 8332
	}}))
	if _, err := sig.RSASHA256.Sign(rand.Reader, k.Public(), signer(t, t.Context(), k), []byte("message")); !errors.Is(err, sig.ErrSelfCheck) {
		t.Errorf("%v, want %v", err, sig.ErrSelfCheck)
	}
}

func TestAgentThatRefuses(t *testing.T) {
	s := newSecrets(t)
	refuses := func() (*ssh.Signature, error) { return nil, errors.New("not confirmed") }
	k := open(t, by("comment", "ed"), keyring(t, odd{s.ring(t), refuses}))
	if _, err := sig.Ed25519.Sign(rand.Reader, k.Public(), signer(t, t.Context(), k), nil); !errors.Is(err, backend.ErrUnavailable) {
		t.Errorf("%v, want %v", err, backend.ErrUnavailable)
	}
}

// An agent that ends while it signs, and one that ends before it lists its keys.
func TestAgentThatDies(t *testing.T) {
	s := newSecrets(t)
	socket := serve(t, func(conn net.Conn) {
		dies := func() (*ssh.Signature, error) { conn.Close(); return nil, io.EOF }
		_ = sshagent.ServeAgent(odd{s.ring(t), dies}, conn)
	})
	k := open(t, by("comment", "ed"), socket)
	for range 2 { // the second time the connection is known to be gone
		if _, err := sig.Ed25519.Sign(rand.Reader, k.Public(), signer(t, t.Context(), k), nil); !errors.Is(err, backend.ErrUnavailable) {
			t.Errorf("%v, want %v", err, backend.ErrUnavailable)
		}
	}
	socket = serve(t, func(net.Conn) {})
	if _, err := (agent.Backend{}).Open(t.Context(), by("comment", "ed"), backend.Env{AgentSocket: socket}); !errors.Is(err, backend.ErrUnavailable) {
		t.Errorf("%v, want %v", err, backend.ErrUnavailable)
	}
}

// An agent may wait for a touch that never comes: cancelling ends the wait.
func TestCancelledWhileTheAgentSigns(t *testing.T) {
	s := newSecrets(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted, over := errors.New("interrupted"), make(chan struct{})
	defer close(over)
	waits := func() (*ssh.Signature, error) {
		cancel(interrupted)
		<-over
		return nil, io.EOF
	}
	k := open(t, by("comment", "ed"), keyring(t, odd{s.ring(t), waits}))
	if _, err := sig.Ed25519.Sign(rand.Reader, k.Public(), signer(t, ctx, k), nil); !errors.Is(err, interrupted) {
		t.Errorf("%v, want %v", err, interrupted)
	}
}

func TestCancelledWhileTheAgentLists(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted, over := errors.New("interrupted"), make(chan struct{})
	defer close(over)
	socket := serve(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 1))
		cancel(interrupted)
		<-over
	})
	if _, err := (agent.Backend{}).Open(ctx, by("comment", "ed"), backend.Env{AgentSocket: socket}); !errors.Is(err, interrupted) {
		t.Errorf("%v, want %v", err, interrupted)
	}
}
