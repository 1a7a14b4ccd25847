// Package agent signs with keys held by an ssh-agent (draft-miller-ssh-agent).
//
// A reference names the key by its fingerprint, agent:SHA256:…, or by its
// comment, agent:comment=…, which must be unique in the agent. The socket is
// that of the environment unless ?socket=PATH says otherwise. Agents see whole
// messages only: they sign what an SSH signature covers, not the digest of a
// long file.
package agent

import (
	"context"
	"crypto"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/big"
	"net"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"kai/internal/backend"
	"kai/internal/key"
)

// Backend is the holder for agent: references.
type Backend struct{}

// Info implements backend.Backend.
func (Backend) Info() backend.Info {
	return backend.Info{
		Syntax:  backend.Syntax{Scheme: "agent", Main: "fingerprint", Attributes: []string{"comment"}, Query: []string{"socket"}},
		Summary: "keys in the running ssh-agent",
	}
}

// List implements backend.Backend. Keys of types that package key does not know
// are left out.
func (Backend) List(ctx context.Context, env backend.Env) iter.Seq2[backend.Entry, error] {
	return func(yield func(backend.Entry, error) bool) {
		held, err := dial(ctx, env.AgentSocket)
		if err != nil {
			yield(backend.Entry{}, err)
			return
		}
		defer held.conn.Close()
		entries, err := held.entries(ctx)
		if err != nil {
			yield(backend.Entry{}, err)
			return
		}
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// Open implements backend.Backend.
func (Backend) Open(ctx context.Context, ref backend.Ref, env backend.Env) (backend.Key, error) {
	socket := ref.Get("socket")
	if socket == "" {
		socket = env.AgentSocket
	}
	held, err := dial(ctx, socket)
	if err != nil {
		return nil, err
	}
	entries, err := held.entries(ctx)
	if err != nil {
		held.conn.Close()
		return nil, err
	}
	var match []backend.Entry
	for _, e := range entries {
		if fits(e, ref.Get("fingerprint"), ref.Get("comment")) {
			match = append(match, e)
		}
	}
	if len(match) != 1 {
		held.conn.Close()
		return nil, fmt.Errorf("ssh-agent: %d keys fit %s: %w", len(match), ref, backend.ErrNotFound)
	}
	return &agentKey{connection: held, public: match[0].Public}, nil
}

// fits reports whether a key is what a reference says it is, in all it says.
func fits(e backend.Entry, fingerprint, comment string) bool {
	return (fingerprint != "" || comment != "") &&
		(fingerprint == "" || e.Public.Fingerprint() == fingerprint) &&
		(comment == "" || e.Comment == comment)
}

// OpenPublic finds a key by its public half.
func OpenPublic(ctx context.Context, pub key.Public, env backend.Env) (backend.Key, error) {
	ref := backend.Ref{Scheme: "agent", Attributes: []backend.Pair{{Name: "fingerprint", Value: pub.Fingerprint()}}}
	return Backend{}.Open(ctx, ref, env)
}

type connection struct {
	conn net.Conn
	agent.ExtendedAgent
}

func dial(ctx context.Context, socket string) (connection, error) {
	if socket == "" {
		return connection{}, fmt.Errorf("ssh-agent: %w: SSH_AUTH_SOCK is not set", backend.ErrUnavailable)
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", socket)
	if err != nil {
		return connection{}, fmt.Errorf("ssh-agent: %w: %w", backend.ErrUnavailable, err)
	}
	return connection{conn, agent.NewClient(conn)}, nil
}

func (c connection) entries(ctx context.Context) ([]backend.Entry, error) {
	stop := context.AfterFunc(ctx, func() { c.conn.Close() })
	defer stop()
	keys, err := c.ExtendedAgent.List()
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("ssh-agent: %w: %w", backend.ErrUnavailable, err)
	}
	var entries []backend.Entry
	for _, k := range keys {
		pub, err := key.ParseWire(k.Blob)
		if err != nil {
			continue
		}
		ref := backend.Ref{Scheme: "agent", Attributes: []backend.Pair{{Name: "fingerprint", Value: pub.Fingerprint()}}}
		entries = append(entries, backend.Entry{Ref: ref, Public: pub, Comment: k.Comment})
	}
	return entries, nil
}

type agentKey struct {
	connection
	public key.Public
}

func (k *agentKey) Public() key.Public { return k.public }
func (k *agentKey) Close() error       { return k.conn.Close() }

// Signer implements backend.Signer. Cancelling ctx breaks the connection: an
// agent may be waiting for a touch.
func (k *agentKey) Signer(ctx context.Context) (crypto.Signer, error) {
	if !k.public.Type().Signs() {
		return nil, fmt.Errorf("%s: %w", k.public.Type(), backend.ErrUnsupported)
	}
	return &signer{ctx: ctx, key: k}, nil
}

// signer implements crypto.MessageSigner: the agent does the hashing.
type signer struct {
	ctx context.Context //nolint:containedctx // crypto.Signer has no other way to be cancelled
	key *agentKey
}

func (s *signer) Public() crypto.PublicKey { return s.key.public }

func (s *signer) Sign(_ io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts.HashFunc() != 0 {
		return nil, fmt.Errorf("ssh-agent signs messages, not digests: %w", backend.ErrUnsupported)
	}
	return s.SignMessage(nil, message, opts)
}

func (s *signer) SignMessage(_ io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	flags, err := flagsFor(s.key.public.Type(), opts)
	if err != nil {
		return nil, err
	}
	pub, err := ssh.ParsePublicKey(s.key.public.Wire())
	if err != nil {
		return nil, fmt.Errorf("ssh-agent: %w", key.ErrType)
	}
	stop := context.AfterFunc(s.ctx, func() { s.key.conn.Close() })
	defer stop()
	value, err := s.key.SignWithFlags(pub, message, flags)
	if err != nil {
		if s.ctx.Err() != nil {
			return nil, context.Cause(s.ctx)
		}
		return nil, fmt.Errorf("ssh-agent: %w: %w", backend.ErrUnavailable, err)
	}
	return plainValue(s.key.public.Type(), value)
}

func flagsFor(t key.Type, opts crypto.SignerOpts) (agent.SignatureFlags, error) {
	switch {
	case t == key.RSA && opts == crypto.SignerOpts(crypto.SHA256): // PSS options are another type
		return agent.SignatureFlagRsaSha256, nil
	case t == key.RSA && opts == crypto.SignerOpts(crypto.SHA512):
		return agent.SignatureFlagRsaSha512, nil
	case t == key.Ed25519 && opts.HashFunc() == 0, t == key.ECDSAP256 && opts.HashFunc() == crypto.SHA256:
		return 0, nil
	}
	return 0, fmt.Errorf("ssh-agent: %s with this hash: %w", t, backend.ErrUnsupported)
}

// plainValue takes OpenSSH's wrapping off a signature value.
func plainValue(t key.Type, value *ssh.Signature) ([]byte, error) {
	if t != key.ECDSAP256 {
		return value.Blob, nil
	}
	var rs struct{ R, S *big.Int }
	if err := ssh.Unmarshal(value.Blob, &rs); err != nil {
		return nil, errors.New("ssh-agent: malformed ECDSA signature")
	}
	return asn1.Marshal(rs)
}
