// Package vault signs with private keys that lie in the vault.
//
// vault:NAMESPACE/PATH[#FIELD] names a field of a secret. What the field holds is
// read as a file is: any encoding of one private key that package keyfile knows,
// not encrypted once more. Without #FIELD it is the field "sign", else "value", else
// the only one.
//
// The vault itself is opened by Env.Secret. A key is taken out of it when it is
// opened, and kept in memory until Close.
package vault

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"iter"

	"kai/internal/backend"
	"kai/internal/key"
	"kai/internal/key/keyfile"
)

// Backend is the holder for vault: references.
type Backend struct{}

// Info implements backend.Backend.
func (Backend) Info() backend.Info {
	return backend.Info{
		Syntax:  backend.Syntax{Scheme: "vault", Main: "path", Opaque: true},
		Summary: "a private key in the vault of the home",
	}
}

// List implements backend.Backend: the vault is not searched.
func (Backend) List(context.Context, backend.Env) iter.Seq2[backend.Entry, error] {
	return func(func(backend.Entry, error) bool) {}
}

// Open implements backend.Backend.
func (Backend) Open(ctx context.Context, ref backend.Ref, env backend.Env) (backend.Key, error) {
	name := ref.Get("path")
	if env.Secret == nil {
		return nil, fmt.Errorf("vault:%s: %w", name, backend.ErrUnavailable)
	}
	data, err := env.Secret(ctx, name)
	if err != nil {
		return nil, err
	}
	defer data.Wipe()
	parsed, err := keyfile.Parse(data.Expose())
	if err != nil {
		return nil, fmt.Errorf("vault:%s: %w", name, err)
	}
	if len(parsed.Entries) != 1 || parsed.Entries[0].Private == nil {
		parsed.Wipe()
		return nil, fmt.Errorf("vault:%s: not one private key, unencrypted: %w", name, key.ErrNoSecret)
	}
	return &vaultKey{name, parsed.Entries[0]}, nil
}

type vaultKey struct {
	name  string
	entry key.Entry
}

// Public implements backend.Key.
func (k *vaultKey) Public() key.Public { return k.entry.Private.Public() }

// KeyID implements backend.Identified.
func (k *vaultKey) KeyID() *[8]byte { return k.entry.ID }

// Close wipes the key.
func (k *vaultKey) Close() error {
	k.entry.Wipe()
	return nil
}

// Private returns the secret itself, valid until Close.
func (k *vaultKey) Private(context.Context) (*key.Private, error) { return k.entry.Private, nil }

// Signer implements backend.Signer.
func (k *vaultKey) Signer(context.Context) (crypto.Signer, error) {
	if !k.Public().Type().Signs() {
		return nil, fmt.Errorf("vault:%s: %s: %w", k.name, k.Public().Type(), backend.ErrUnsupported)
	}
	s, err := k.entry.Private.Signer()
	if err != nil {
		return nil, errors.Join(backend.ErrUnsupported, err)
	}
	return s, nil
}
