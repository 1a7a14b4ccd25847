package backend

import (
	"context"
	"crypto"
	"errors"
	"iter"

	"kai/internal/key"
	"kai/internal/secret"
)

var (
	// ErrNotFound: the holder is there and has no such key.
	ErrNotFound = errors.New("key not found")
	// ErrUnavailable: the holder cannot be reached.
	ErrUnavailable = errors.New("key holder not available")
	// ErrUnsupported: the key or its holder lacks the operation.
	ErrUnsupported = errors.New("not supported by the key holder")
)

// Backend is a key holder.
type Backend interface {
	// Info describes the holder; it costs nothing.
	Info() Info
	// List yields the keys that can be opened. It ends at the first error.
	List(ctx context.Context, env Env) iter.Seq2[Entry, error]
	// Open finds the key of a reference. The key may not yet be usable: secrets
	// are asked for when first needed.
	//
	// The errors are ErrNotFound, ErrUnavailable, those of package key, and
	// those of Env's functions.
	Open(ctx context.Context, ref Ref, env Env) (Key, error)
}

// Info describes a holder.
type Info struct {
	Syntax  Syntax
	Summary string
}

// Entry is a key in a listing.
type Entry struct {
	Ref     Ref
	Public  key.Public
	Comment string
}

// Key is a key in its holder. Close frees the connection and wipes what the
// process knows of it.
type Key interface {
	Public() key.Public
	Close() error
}

// Signer is a Key that signs. The crypto.Signer follows the rules of
// key.Private.Signer; holders that see only whole messages implement
// crypto.MessageSigner and refuse digests.
type Signer interface {
	Key
	Signer(ctx context.Context) (crypto.Signer, error)
}

// Identified is a Key that may have come with a minisign key id.
type Identified interface {
	// KeyID is that id, nil if the key came without one.
	KeyID() *[8]byte
}

// Env is what holders may use of the outside.
type Env struct {
	// ReadFile reads a key file. The error is that of package os.
	ReadFile func(path string) ([]byte, error)
	// Passphrase asks for the secret that opens what.
	Passphrase func(ctx context.Context, what string) (*secret.Bytes, error)
	// Afford is asked before what needs that many bytes of memory, such as opening
	// a minisign key; its error is final. nil allows everything.
	Afford func(what string, bytes uint64) error
	// Secret opens a field of a secret of the vault, NAMESPACE/PATH[#FIELD]. nil: there
	// is no vault.
	Secret func(ctx context.Context, name string) (*secret.Bytes, error)
	// AgentSocket is where the ssh-agent listens, "" if there is none.
	AgentSocket string
}
