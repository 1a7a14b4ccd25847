package threshold

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"

	"kai/internal/secret"
	"kai/internal/threshold/gf256"
)

// Split shares s, SecretSize bytes, among n so that any k are needed. random gives the name
// of the set, 4 bytes, and the coefficients, SecretSize·(k−1) bytes, those of x first.
//
// The errors are ErrLimits and those of random.
func Split(s *secret.Bytes, k, n int, random io.Reader) ([]*Share, error) {
	if err := CheckLimits(k, n); err != nil {
		return nil, err
	}
	if s.Len() != SecretSize {
		return nil, fmt.Errorf("secret of %d bytes: %w: shared are %d", s.Len(), ErrLimits, SecretSize)
	}
	set := Set{Threshold: k, Total: n}
	polynomial := secret.New(SecretSize * k)
	defer polynomial.Wipe()
	b := polynomial.Expose()
	copy(b, s.Expose())
	if _, err := io.ReadFull(random, set.Name[:]); err != nil {
		return nil, fmt.Errorf("name of a set of shares: %w", err)
	}
	if _, err := io.ReadFull(random, b[SecretSize:]); err != nil {
		return nil, fmt.Errorf("coefficients of shares: %w", err)
	}
	coefficients := make([][]byte, k)
	for i := range coefficients {
		coefficients[i] = b[i*SecretSize : (i+1)*SecretSize]
	}
	shares := make([]*Share, n)
	for i := range shares {
		raw := secret.New(shareSize)
		gf256.Evaluate(raw.Expose()[8:8+SecretSize], coefficients, byte(i+1))
		shares[i] = newShare(set, i+1, raw)
	}
	return shares, nil
}

// Combine returns the secret of shares, which are of one set and at least its Threshold. All
// of them are used: what is more than needed must agree with the rest.
//
// The errors are ErrMissing, a *MissingError; ErrMixed and ErrDuplicate, in a *ShareError; and
// ErrContradiction. A share that was made up is not found as long as there are no more than
// needed; callers who have digests use Check first, the others compare what comes out.
func Combine(shares []*Share) (*secret.Bytes, error) {
	if len(shares) == 0 {
		return nil, &MissingError{Need: MinThreshold}
	}
	set := shares[0].set
	var seen [256]bool
	for _, s := range shares {
		if s.set != set {
			return nil, &ShareError{Index: s.index, Err: fmt.Errorf("%w (%x) than share %d (%x)", ErrMixed, s.set.Name, shares[0].index, set.Name)}
		}
		if seen[s.index] {
			return nil, &ShareError{Index: s.index, Err: ErrDuplicate}
		}
		seen[s.index] = true
	}
	if len(shares) < set.Threshold {
		return nil, &MissingError{Have: len(shares), Need: set.Threshold}
	}
	xs, ys := make([]byte, set.Threshold), make([][]byte, set.Threshold)
	for i, s := range shares[:set.Threshold] {
		xs[i], ys[i] = byte(s.index), s.values()
	}
	want := secret.New(SecretSize)
	defer want.Wipe()
	for _, s := range shares[set.Threshold:] {
		gf256.Interpolate(want.Expose(), xs, ys, byte(s.index))
		if subtle.ConstantTimeCompare(want.Expose(), s.values()) != 1 {
			return nil, ErrContradiction
		}
	}
	out := secret.New(SecretSize)
	gf256.Interpolate(out.Expose(), xs, ys, 0)
	return out, nil
}

// Check holds shares against what was written down when they were made: their set, and the
// digest of each, share 1 first.
//
// The errors are ErrMixed and ErrAltered, in a *ShareError.
func Check(shares []*Share, set Set, digests [][sha256.Size]byte) error {
	for _, s := range shares {
		if s.set != set || s.index > len(digests) {
			return &ShareError{Index: s.index, Err: fmt.Errorf("%w (%x) than %x", ErrMixed, s.set.Name, set.Name)}
		}
		if s.Digest() != digests[s.index-1] {
			return &ShareError{Index: s.index, Err: ErrAltered}
		}
	}
	return nil
}
