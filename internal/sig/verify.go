package sig

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"kai/internal/digest"
	"kai/internal/key"
)

// Digester hashes the message that detached signatures are about: once, for
// all specs together, in the order asked.
type Digester interface {
	Sums(ctx context.Context, specs []digest.Spec) ([][]byte, error)
}

// KeySource answers which keys may have made a claim's signature: those that
// the caller holds and that fit the claim's hint and scheme. It must not take
// a key out of the claim; a claim that carries its own key is checked with
// that one and needs no source.
//
// The errors are ErrNoKey and ErrWrongKeyID.
type KeySource interface {
	Candidates(c *Claim) ([]key.Public, error)
}

// Keys is a KeySource of keys that are tried without regard to hints.
type Keys []key.Public

// Candidates returns the keys of the scheme's type.
func (k Keys) Candidates(c *Claim) ([]key.Public, error) {
	var fit []key.Public
	for _, pub := range k {
		if pub.Type() == c.Scheme.KeyType() {
			fit = append(fit, pub)
		}
	}
	if len(fit) == 0 {
		return nil, ErrNoKey
	}
	return fit, nil
}

// Verified is a signature that is mathematically good. Only Check makes it;
// the zero value says nothing about anybody. Whether the signer may be relied
// on is another question.
type Verified struct {
	claim *Claim
	key   key.Public
	pq    key.Public
}

// Key is the key that made the signature, zero for the zero value.
func (v Verified) Key() key.Public { return v.key }

// PQKey is the key of the post-quantum half, zero if there is none.
func (v Verified) PQKey() key.Public { return v.pq }

// Namespace is what the signature was made for.
func (v Verified) Namespace() string { return v.claim.Namespace }

// Format is the name of the signature's format.
func (v Verified) Format() string { return v.claim.Format }

// Claim is the claim that was verified. It must not be changed.
func (v Verified) Claim() *Claim { return v.claim }

// Result is what Check found for one claim.
type Result struct {
	Claim *Claim
	// Verified is set only if Err is nil.
	Verified Verified
	// Err is nil (good), a *BadSignature (bad), or another error: undecidable.
	Err error
}

// Good reports whether the signature verified.
func (r Result) Good() bool { return r.Err == nil }

// Bad reports whether the signature is proven bad, as opposed to undecidable.
func (r Result) Bad() bool {
	var bad *BadSignature
	return errors.As(r.Err, &bad)
}

// Check verifies the claims of any number of files about one message, which is
// hashed once for all of them. Results stand in the order of the claims.
//
// The error is that of the message: unreadable, changed while read, cancelled.
// Everything about a single signature is in its Result.
func Check(ctx context.Context, claims []*Claim, message Digester, keys KeySource) ([]Result, error) {
	results := make([]Result, len(claims))
	var specs []digest.Spec
	var trials []trial
	for i, c := range claims {
		results[i].Claim = c
		own, err := plan(c, keys)
		if err != nil {
			results[i].Err = err
			continue
		}
		for _, t := range own {
			t.result = i
			t.spec = -1
			if t.needs != nil {
				t.spec = len(specs)
				specs = append(specs, *t.needs)
			}
			trials = append(trials, t)
		}
	}
	var sums [][]byte
	if len(specs) > 0 {
		var err error
		if sums, err = message.Sums(ctx, specs); err != nil {
			return nil, err
		}
	}
	outcomes := runTrials(trials, sums)
	for i := range results {
		if results[i].Err == nil {
			results[i] = conclude(results[i].Claim, i, trials, outcomes)
		}
	}
	return results, ctx.Err()
}

// trial is one claim under one candidate key.
type trial struct {
	claim  *Claim
	key    key.Public
	needs  *digest.Spec
	spec   int
	result int
}

func plan(c *Claim, keys KeySource) ([]trial, error) {
	if _, ok := schemes[c.Scheme]; !ok {
		return nil, fmt.Errorf("%w: scheme %q", ErrUnsupported, string(c.Scheme))
	}
	candidates := []key.Public{c.Key}
	if c.Key.IsZero() {
		var err error
		if candidates, err = keys.Candidates(c); err != nil {
			return nil, err
		}
	}
	trials := make([]trial, 0, len(candidates))
	for _, pub := range candidates {
		needs, err := need(c, pub)
		if err != nil {
			return nil, err
		}
		trials = append(trials, trial{claim: c, key: pub, needs: needs})
	}
	return trials, nil
}

// need is the hash of the message that a trial cannot do without.
func need(c *Claim, pub key.Public) (*digest.Spec, error) {
	switch {
	case c.Content.Wrap != nil:
		return &digest.Spec{Algorithm: c.Content.Hash}, nil
	case !c.Content.Whole:
		return nil, nil
	case c.Scheme == Ed25519:
		if len(c.Signature) != 64 {
			return nil, &BadSignature{"signature", "wrong length"}
		}
		spec := ed25519Spec(pub, c.Signature)
		return &spec, nil
	}
	switch schemes[c.Scheme].hash {
	case crypto.SHA256:
		return &digest.Spec{Algorithm: digest.SHA256}, nil
	case crypto.SHA512:
		return &digest.Spec{Algorithm: digest.SHA512}, nil
	}
	return nil, fmt.Errorf("%w: %s over a streamed message", ErrUnsupported, c.Scheme)
}

// outcome of a trial: both halves of a hybrid signature must be good.
type outcome struct{ classical, pq bool }

// run computes one trial. sum is the hash it asked for.
func (t *trial) run(sum []byte) outcome {
	c := t.claim
	o := outcome{pq: true}
	switch {
	case !c.Content.Whole:
		o.classical = c.Scheme.Verify(t.key, c.Content.signed(sum), c.Signature)
	case c.Scheme == Ed25519:
		o.classical = verifyEd25519Streamed(t.key, c.Signature, sum)
	default:
		o.classical = c.Scheme.verifyDigest(t.key, sum, c.Signature)
	}
	if c.PQ != nil {
		o.pq = c.PQ.Scheme.Verify(c.PQ.Key, c.PQ.Content.signed(sum), c.PQ.Signature)
	}
	return o
}

// runTrials uses every processor, and single verifications only: batch
// equations are cofactored and would give other answers.
func runTrials(trials []trial, sums [][]byte) []outcome {
	outcomes := make([]outcome, len(trials))
	one := func(i int) {
		var sum []byte
		if trials[i].spec >= 0 {
			sum = sums[trials[i].spec]
		}
		outcomes[i] = trials[i].run(sum)
	}
	workers := min(runtime.GOMAXPROCS(0), len(trials))
	if workers < 2 {
		for i := range trials {
			one(i)
		}
		return outcomes
	}
	next := make(chan int)
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for i := range next {
				one(i)
			}
		})
	}
	for i := range trials {
		next <- i
	}
	close(next)
	wait.Wait()
	return outcomes
}

func conclude(c *Claim, result int, trials []trial, outcomes []outcome) Result {
	reason := &BadSignature{"signature", "signature does not match the content under the key"}
	for i, t := range trials {
		if t.result != result || !outcomes[i].classical {
			continue
		}
		if !outcomes[i].pq {
			reason = &BadSignature{"pq", "post-quantum half does not verify"}
			continue
		}
		v := Verified{claim: c, key: t.key}
		if c.PQ != nil {
			v.pq = c.PQ.Key
		}
		return Result{Claim: c, Verified: v}
	}
	return Result{Claim: c, Err: reason}
}
