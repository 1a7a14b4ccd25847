package slot

import (
	"context"
	"fmt"
	"io"

	"kai/internal/canon"
	"kai/internal/secret"
	"kai/internal/threshold"
)

// Recovery makes shares, K of N of which are a factor. Limits are those of package threshold.
type Recovery struct {
	K, N int

	shares []*threshold.Share
}

// Shares are the shares of the slot that was made with this factor, for their custodians:
// nobody keeps them. They are the caller's to wipe; Shares returns them once.
func (f *Recovery) Shares() []*threshold.Share {
	shares := f.shares
	f.shares = nil
	return shares
}

type recoveryObject struct {
	Digests []digest `json:"digests"`
	K       int      `json:"k"`
	N       int      `json:"n"`
	Set     text64   `json:"set"`
	Type    string   `json:"type"`
}

func parseRecovery(object []byte) (*recoveryObject, error) {
	var o recoveryObject
	if err := unmarshal(object, "recovery factor", &o); err != nil {
		return nil, err
	}
	if err := threshold.CheckLimits(o.K, o.N); err != nil {
		return nil, fmt.Errorf("recovery factor: %w: %w", ErrLimits, err)
	}
	if o.Type != TypeRecovery || len(o.Digests) != o.N || len(o.Set) != len(threshold.Set{}.Name) {
		return nil, fmt.Errorf("recovery factor: %w", ErrMalformed)
	}
	return &o, nil
}

func (o *recoveryObject) set() threshold.Set {
	return threshold.Set{Name: [4]byte(o.Set), Threshold: o.K, Total: o.N}
}

// Enrol is that of Factor.
func (f *Recovery) Enrol(_ context.Context, _ Request, random io.Reader) ([]byte, *secret.Bytes, error) {
	if err := threshold.CheckLimits(f.K, f.N); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrLimits, err)
	}
	yield := secret.New(FactorSize)
	object, err := f.enrol(yield, random)
	if err != nil {
		yield.Wipe()
		return nil, nil, err
	}
	return object, yield, nil
}

func (f *Recovery) enrol(yield *secret.Bytes, random io.Reader) ([]byte, error) {
	if _, err := io.ReadFull(random, yield.Expose()); err != nil {
		return nil, fmt.Errorf("recovery factor: %w", err)
	}
	shares, err := threshold.Split(yield, f.K, f.N, random)
	if err != nil {
		return nil, err
	}
	wipe(f.shares)
	f.shares = shares
	set := shares[0].Set()
	o := recoveryObject{K: f.K, N: f.N, Set: set.Name[:], Type: TypeRecovery}
	for _, s := range shares {
		o.Digests = append(o.Digests, s.Digest())
	}
	return canon.Marshal(&o)
}

func wipe(shares []*threshold.Share) {
	for _, s := range shares {
		s.Wipe()
	}
}

// RecoveryOpener opens recovery factors with the shares that ask returns, which it wipes; set
// says which are wanted and how many.
//
// Its errors are those of ask and of threshold: ErrMissing, ErrDuplicate, ErrMixed and, for a
// share that was altered, ErrAltered, which names it.
func RecoveryOpener(ask func(ctx context.Context, r Request, set threshold.Set) ([]*threshold.Share, error)) Opener {
	return opener{TypeRecovery, func(ctx context.Context, r Request, object []byte) (*secret.Bytes, error) {
		o, err := parseRecovery(object)
		if err != nil {
			return nil, err
		}
		shares, err := ask(ctx, r, o.set())
		defer wipe(shares)
		if err != nil {
			return nil, err
		}
		digests := make([][32]byte, len(o.Digests))
		for i, d := range o.Digests {
			digests[i] = d
		}
		if err := threshold.Check(shares, o.set(), digests); err != nil {
			return nil, err
		}
		if len(shares) == 0 {
			return nil, &threshold.MissingError{Need: o.K}
		}
		return threshold.Combine(shares)
	}}
}
