package slot

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"kai/internal/secret"
)

const keyInfo = "kai/vault/v1/slot"

// yields collects what the factors of a slot yield, f1 ‖ … ‖ fn.
type yields struct {
	all *secret.Bytes
	n   int
}

func newYields(factors int) *yields { return &yields{all: secret.New(factors * FactorSize)} }

// add takes over what one factor yields.
func (y *yields) add(yield *secret.Bytes) error {
	defer yield.Wipe()
	if yield.Len() != FactorSize {
		return fmt.Errorf("factor yields %d bytes instead of %d", yield.Len(), FactorSize)
	}
	copy(y.all.Expose()[y.n*FactorSize:], yield.Expose())
	y.n++
	return nil
}

// okm is the key of the seed, 32 bytes, and the commitment to it, 32 bytes.
func (s *Slot) okm(y *yields) (*secret.Bytes, error) {
	if y.n != len(s.head.Factors) {
		return nil, errors.New("not all factors have yielded")
	}
	d := s.digest()
	salt := slices.Concat(s.head.Vault[:], s.head.ID[:])
	out, err := hkdf.Key(sha256.New, y.all.Expose(), salt, keyInfo+string(d[:]), 32+commitSize)
	if err != nil {
		return nil, fmt.Errorf("key of a slot: %w", err)
	}
	return secret.Take(out), nil
}
