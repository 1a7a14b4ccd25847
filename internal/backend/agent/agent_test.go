package agent_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	sshagent "golang.org/x/crypto/ssh/agent"

	"kai/internal/backend"
	"kai/internal/backend/agent"
	"kai/internal/key"
	"kai/internal/sig"
)

// serve runs an agent on a socket until the test ends, each connection in its
// own goroutine.
func serve(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "kai") // t.TempDir may be longer than a socket's name can be
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
				handle(conn)
			}()
		}
	}()
	return socket
}

// keyring serves an agent that may differ from x/crypto's in some functions.
func keyring(t *testing.T, a sshagent.Agent) string {
	t.Helper()
	return serve(t, func(conn net.Conn) { _ = sshagent.ServeAgent(a, conn) })
}

// secrets are one private key of each type that agents and kai share.
type secrets struct {
	ed25519 ed25519.PrivateKey
	p256    *ecdsa.PrivateKey
	rsa     *rsa.PrivateKey
}

func newSecrets(t *testing.T) secrets {
	t.Helper()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return secrets{ed, ec, r}
}

// ring is a keyring of secrets under the comments ed, ec and rsa.
func (s secrets) ring(t *testing.T) sshagent.Agent {
	t.Helper()
	ring := sshagent.NewKeyring()
	for comment, k := range map[string]any{"ed": &s.ed25519, "ec": s.p256, "rsa": s.rsa} {
		hold(t, ring, k, comment)
	}
	return ring
}

func hold(t *testing.T, ring sshagent.Agent, private any, comment string) {
	t.Helper()
	if err := ring.Add(sshagent.AddedKey{PrivateKey: private, Comment: comment}); err != nil {
		t.Fatal(err)
	}
}

func public(t *testing.T, k crypto.Signer) key.Public {
	t.Helper()
	p, err := key.PublicOf(k.Public())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func by(name, value string) backend.Ref {
	return backend.Ref{Scheme: "agent", Attributes: []backend.Pair{{Name: name, Value: value}}}
}

func both(fingerprint, comment string) backend.Ref {
	return backend.Ref{Scheme: "agent", Attributes: []backend.Pair{{Name: "fingerprint", Value: fingerprint}, {Name: "comment", Value: comment}}}
}

func open(t *testing.T, ref backend.Ref, socket string) backend.Key {
	t.Helper()
	k, err := agent.Backend{}.Open(t.Context(), ref, backend.Env{AgentSocket: socket})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

func signer(t *testing.T, ctx context.Context, k backend.Key) crypto.Signer {
	t.Helper()
	s, err := k.(backend.Signer).Signer(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// signsAll opens the three keys by fingerprint and by comment and signs with
// every scheme that agents have.
func signsAll(t *testing.T, s secrets, socket string) {
	t.Helper()
	for _, c := range []struct {
		comment string
		public  key.Public
		schemes []sig.Scheme
	}{
		{"ed", public(t, s.ed25519), []sig.Scheme{sig.Ed25519}},
		{"ec", public(t, s.p256), []sig.Scheme{sig.ECDSASHA256, sig.ES256}},
		{"rsa", public(t, s.rsa), []sig.Scheme{sig.RSASHA256, sig.RSASHA512}},
	} {
		for _, ref := range []backend.Ref{by("fingerprint", c.public.Fingerprint()), by("comment", c.comment)} {
			k := open(t, ref, socket)
			if k.Public() != c.public {
				t.Fatalf("%s opened %s", ref, k.Public().Fingerprint())
			}
			for _, scheme := range c.schemes {
				// Sign verifies what the agent returned.
				if _, err := scheme.Sign(rand.Reader, k.Public(), signer(t, t.Context(), k), []byte("message")); err != nil {
					t.Errorf("%s: %s: %v", ref, scheme, err)
				}
			}
		}
	}
}

func TestSigns(t *testing.T) {
	s := newSecrets(t)
	signsAll(t, s, keyring(t, s.ring(t)))
}

func TestSocketOfTheReferenceWins(t *testing.T) {
	s := newSecrets(t)
	ref := by("comment", "ed")
	ref.Query = []backend.Pair{{Name: "socket", Value: keyring(t, s.ring(t))}}
	if k := open(t, ref, filepath.Join(t.TempDir(), "nobody")); k.Public() != public(t, s.ed25519) {
		t.Errorf("opened %s", k.Public().Fingerprint())
	}
}

func TestKeysThatDoNotFit(t *testing.T) {
	s, other := newSecrets(t), newSecrets(t)
	ring := s.ring(t)
	hold(t, ring, &other.ed25519, "ed") // a second key of that comment
	hold(t, ring, other.p256, "")
	socket := keyring(t, ring)
	for name, c := range map[string]struct {
		ref    backend.Ref
		socket string
		want   error
	}{
		"ambiguous comment":               {by("comment", "ed"), socket, backend.ErrNotFound},
		"unknown comment":                 {by("comment", "nobody"), socket, backend.ErrNotFound},
		"unknown fingerprint":             {by("fingerprint", public(t, other.rsa).Fingerprint()), socket, backend.ErrNotFound},
		"comment as prefix":               {by("comment", "rs"), socket, backend.ErrNotFound},
		"comment of another":              {both(public(t, s.p256).Fingerprint(), "rsa"), socket, backend.ErrNotFound},
		"fingerprint and not its comment": {both(public(t, other.rsa).Fingerprint(), "rsa"), socket, backend.ErrNotFound},
		"no socket named":                 {by("comment", "ed"), "", backend.ErrUnavailable},
		"nobody listens":                  {by("comment", "ed"), filepath.Join(t.TempDir(), "nobody"), backend.ErrUnavailable},
	} {
		if k, err := (agent.Backend{}).Open(t.Context(), c.ref, backend.Env{AgentSocket: c.socket}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, %v, want %v", name, k, err, c.want)
		}
	}
	if k := open(t, both(public(t, other.ed25519).Fingerprint(), "ed"), socket); k.Public() != public(t, other.ed25519) {
		t.Errorf("opened %s", k.Public().Fingerprint())
	}
	for _, p := range []crypto.Signer{s.ed25519, other.ed25519, other.p256} { // fingerprints still tell them apart
		if k := open(t, by("fingerprint", public(t, p).Fingerprint()), socket); k.Public() != public(t, p) {
			t.Errorf("opened %s", k.Public().Fingerprint())
		}
	}
}

// Agents hash themselves: a digest signed as a message would be a signature of
// something else.
func TestDigestsAndOtherHashesAreRefused(t *testing.T) {
	s := newSecrets(t)
	socket := keyring(t, s.ring(t))
	sum := bytes.Repeat([]byte{7}, 32)
	for comment, opts := range map[string][]crypto.SignerOpts{
		"ec":  {crypto.SHA256},
		"rsa": {crypto.SHA256, &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256}},
	} {
		for _, o := range opts {
			if _, err := signer(t, t.Context(), open(t, by("comment", comment), socket)).Sign(nil, sum, o); !errors.Is(err, backend.ErrUnsupported) {
				t.Errorf("%s: digest: %v, want %v", comment, err, backend.ErrUnsupported)
			}
		}
	}
	for comment, opts := range map[string][]crypto.SignerOpts{
		"ed":  {crypto.SHA512, &ed25519.Options{Hash: crypto.SHA512}},
		"ec":  {crypto.SHA384, crypto.Hash(0)},
		"rsa": {crypto.SHA1, crypto.SHA384, crypto.Hash(0), &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256}},
	} {
		for _, o := range opts {
			s := signer(t, t.Context(), open(t, by("comment", comment), socket)).(crypto.MessageSigner)
			if _, err := s.SignMessage(nil, sum, o); !errors.Is(err, backend.ErrUnsupported) {
				t.Errorf("%s with %v: %v, want %v", comment, o, err, backend.ErrUnsupported)
			}
		}
	}
	k := open(t, by("comment", "rsa"), socket)
	if _, err := sig.RSAPSSSHA256.Sign(rand.Reader, k.Public(), signer(t, t.Context(), k), nil); !errors.Is(err, backend.ErrUnsupported) {
		t.Errorf("RSA-PSS: %v, want %v", err, backend.ErrUnsupported)
	}
}

func TestList(t *testing.T) {
	s := newSecrets(t)
	ring := s.ring(t)
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader) // no type of package key
	if err != nil {
		t.Fatal(err)
	}
	hold(t, ring, p521, "p521")
	got := map[string]key.Public{}
	for e, err := range (agent.Backend{}).List(t.Context(), backend.Env{AgentSocket: keyring(t, ring)}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Ref.String() != "agent:fingerprint="+e.Public.Fingerprint() {
			t.Errorf("%s listed as %s", e.Comment, e.Ref)
		}
		got[e.Comment] = e.Public
	}
	if len(got) != 3 || got["ed"] != public(t, s.ed25519) || got["ec"] != public(t, s.p256) || got["rsa"] != public(t, s.rsa) {
		t.Errorf("listed %v", got)
	}
	errs := 0
	for _, err := range (agent.Backend{}).List(t.Context(), backend.Env{}) {
		errs++
		if !errors.Is(err, backend.ErrUnavailable) || !strings.Contains(err.Error(), "SSH_AUTH_SOCK") {
			t.Error(err)
		}
	}
	if errs != 1 {
		t.Errorf("%d errors, want one", errs)
	}
}
