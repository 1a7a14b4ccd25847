// Package file signs with private keys in files.
//
// file:PATH names a file in any encoding that package keyfile reads. It must
// hold exactly one private key. A file that holds a public key instead means
// that key in the ssh-agent, as with ssh-keygen. An encrypted key asks for its
// passphrase at the first signature, not before.
package file

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"iter"

	"kai/internal/backend"
	"kai/internal/backend/agent"
	"kai/internal/key"
	"kai/internal/key/keyfile"
)

// Backend is the holder for file: references.
type Backend struct{}

// Info implements backend.Backend.
func (Backend) Info() backend.Info {
	return backend.Info{
		Syntax:  backend.Syntax{Scheme: "file", Main: "path", Opaque: true},
		Summary: "a private key in a file, or the public key of one in the ssh-agent",
	}
}

// List implements backend.Backend: files are not searched for.
func (Backend) List(context.Context, backend.Env) iter.Seq2[backend.Entry, error] {
	return func(func(backend.Entry, error) bool) {}
}

// Open implements backend.Backend.
func (Backend) Open(ctx context.Context, ref backend.Ref, env backend.Env) (backend.Key, error) {
	path := ref.Get("path")
	data, err := env.ReadFile(path)
	if err != nil {
		return nil, err
	}
	parsed, err := keyfile.Parse(data)
	clear(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	entries := parsed.Entries
	if len(entries) != 1 {
		wipe(entries)
		return nil, fmt.Errorf("%s: holds %d keys, want one: %w", path, len(entries), key.ErrMalformed)
	}
	e := entries[0]
	if e.Private == nil && e.Locked == nil {
		k, err := agent.OpenPublic(ctx, e.Public, env)
		if err != nil {
			return nil, fmt.Errorf("%s is a public key: %w", path, err)
		}
		return k, nil
	}
	k := &fileKey{path: path, entry: e, env: env}
	if e.Public.IsZero() { // an encryption that hides even the public key
		if err := k.unlock(ctx); err != nil {
			return nil, err
		}
	}
	return k, nil
}

type fileKey struct {
	path  string
	entry key.Entry
	env   backend.Env
}

func (k *fileKey) Public() key.Public {
	if k.entry.Private != nil {
		return k.entry.Private.Public()
	}
	return k.entry.Public
}

// KeyID implements backend.Identified.
func (k *fileKey) KeyID() *[8]byte { return k.entry.ID }

func (k *fileKey) Close() error {
	k.entry.Wipe()
	return nil
}

// Private returns the secret itself, unlocked, valid until Close.
func (k *fileKey) Private(ctx context.Context) (*key.Private, error) {
	if err := k.unlock(ctx); err != nil {
		return nil, err
	}
	return k.entry.Private, nil
}

func (k *fileKey) unlock(ctx context.Context) error {
	if k.entry.Private != nil {
		return nil
	}
	if k.env.Afford != nil { // before the question: the answer would be in vain
		if err := k.env.Afford(k.path, k.entry.Locked.Memory()); err != nil {
			return err
		}
	}
	passphrase, err := k.env.Passphrase(ctx, "key "+k.path)
	if err != nil {
		return err
	}
	defer passphrase.Wipe()
	entries, err := k.entry.Locked.Unlock(passphrase)
	if err != nil {
		return fmt.Errorf("%s: %w", k.path, err)
	}
	if len(entries) != 1 || entries[0].Private == nil {
		wipe(entries)
		return fmt.Errorf("%s: holds %d keys, want one: %w", k.path, len(entries), key.ErrMalformed)
	}
	if err := entries[0].Private.Matches(k.entry.Public); err != nil {
		wipe(entries)
		return fmt.Errorf("%s: %w", k.path, err)
	}
	k.entry = entries[0]
	return nil
}

// Signer implements backend.Signer.
func (k *fileKey) Signer(ctx context.Context) (crypto.Signer, error) {
	if !k.Public().Type().Signs() {
		return nil, fmt.Errorf("%s: %s: %w", k.path, k.Public().Type(), backend.ErrUnsupported)
	}
	return &lazySigner{ctx: ctx, key: k}, nil
}

// lazySigner unlocks the key at the first signature: a command that fails
// before it signs has then asked for nothing.
type lazySigner struct {
	ctx    context.Context //nolint:containedctx // crypto.Signer has no other way to be cancelled
	key    *fileKey
	signer crypto.Signer
}

func (s *lazySigner) Public() crypto.PublicKey { return s.key.Public() }

func (s *lazySigner) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if err := s.open(); err != nil {
		return nil, err
	}
	return s.signer.Sign(rand, digest, opts)
}

func (s *lazySigner) open() error {
	if s.signer != nil {
		return nil
	}
	private, err := s.key.Private(s.ctx)
	if err != nil {
		return err
	}
	s.signer, err = private.Signer()
	if err != nil {
		return errors.Join(backend.ErrUnsupported, err)
	}
	return nil
}

func wipe(entries []key.Entry) {
	for i := range entries {
		entries[i].Wipe()
	}
}
