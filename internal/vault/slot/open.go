package slot

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/subtle"
	"fmt"

	"kai/internal/key"
	"kai/internal/secret"
	"kai/internal/vault/objectid"
	"kai/internal/vault/xaes"
)

// Open asks for the factors of the slot and returns the identity that they open. vault and
// root are those of the vault in hand; openers are one for each type of factor that the caller
// can do something about. Each factor is asked for and tried once, in its order. Wipe the
// identity after use.
//
// The errors are ErrForeign and ErrNoOpener, before anybody is asked; ErrWrongFactor;
// ErrTampered; and those of the openers.
func (s *Slot) Open(ctx context.Context, vault objectid.ID, root ed25519.PublicKey, openers ...Opener) (*Identity, error) {
	identity, err := s.open(ctx, vault, root, openers)
	if err != nil {
		return nil, fmt.Errorf("slot %s: %w", s.head.ID, err)
	}
	return identity, nil
}

func (s *Slot) open(ctx context.Context, vault objectid.ID, root ed25519.PublicKey, openers []Opener) (*Identity, error) {
	if s.head.Vault != vault || !bytes.Equal(s.head.Root, root) {
		return nil, ErrForeign
	}
	n := len(s.head.Factors)
	chosen := make([]Opener, n)
	for i, word := range s.types {
		for _, o := range openers {
			if o.Type() == word {
				chosen[i] = o
			}
		}
		if chosen[i] == nil {
			return nil, fmt.Errorf("%s factor: %w", word, ErrNoOpener)
		}
	}
	y := newYields(n)
	defer y.all.Wipe()
	for i, o := range chosen {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		yield, err := o.Open(ctx, s.request(i, n), s.head.Factors[i])
		if err != nil {
			return nil, fmt.Errorf("%s factor: %w", s.types[i], err)
		}
		if err := y.add(yield); err != nil {
			return nil, fmt.Errorf("%s factor: %w", s.types[i], err)
		}
	}
	return s.unseal(y)
}

// unseal opens the seed with what the factors have yielded.
func (s *Slot) unseal(y *yields) (*Identity, error) {
	okm, err := s.okm(y)
	if err != nil {
		return nil, err
	}
	defer okm.Wipe()
	if subtle.ConstantTimeCompare(okm.Expose()[32:], s.file.Commit) != 1 {
		return nil, ErrWrongFactor
	}
	seed := secret.New(seedSize)
	if _, err := xaes.Open(okm.Expose()[:32], seed.Expose()[:0], s.file.Seed, s.file.Head); err != nil {
		seed.Wipe()
		return nil, fmt.Errorf("%w: seed: %w", ErrTampered, err)
	}
	private, err := key.NewPrivate(key.MLKEM768X25519, seed) // takes the seed over
	if err != nil {
		return nil, fmt.Errorf("%w: seed: %w", ErrTampered, err)
	}
	identity, err := newIdentity(private)
	if err != nil {
		return nil, err
	}
	if identity.recipient != s.head.Recipient {
		identity.Wipe()
		return nil, fmt.Errorf("%w: the identity is not the recipient's", ErrTampered)
	}
	return identity, nil
}
