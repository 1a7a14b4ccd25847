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

// Loader is a Digester that can also hand out the message itself, for the
// formats whose signed bytes contain it encoded. A message longer than limit
// bytes is ErrTooLarge.
type Loader interface {
	Load(ctx context.Context, limit int64) ([]byte, error)
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
		if c.Accepts(pub.Type()) {
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
	claim  *Claim
	scheme Scheme
	key    key.Public
	pq     key.Public
}

// Key is the key that made the signature, zero for the zero value.
func (v Verified) Key() key.Public { return v.key }

// PQKey is the key of the post-quantum half, zero if there is none.
func (v Verified) PQKey() key.Public { return v.pq }

// Scheme is what the signature turned out to be, "" for the zero value.
func (v Verified) Scheme() Scheme { return v.scheme }

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
// message is nil if there is none: then only claims over fixed bytes are judged.
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
		if err == nil && message == nil && c.Content.elsewhere() {
			err = ErrNoMessage
		}
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
	if err := load(ctx, trials, message); err != nil {
		return nil, err
	}
	outcomes := runTrials(trials, sums)
	for i := range results {
		if results[i].Err == nil {
			results[i] = conclude(results[i].Claim, i, trials, outcomes)
		}
	}
	excuse(results, trials)
	return results, ctx.Err()
}

// load fetches the message once for the trials that need it in memory. That it
// is too long for them, or at nobody's hand, is their fault alone.
func load(ctx context.Context, trials []trial, message Digester) error {
	var loaded []byte
	var fault error
	for i := range trials {
		t := &trials[i]
		if t.claim.Content.Embed == nil {
			continue
		}
		if loaded == nil && fault == nil {
			loader, ok := message.(Loader)
			if !ok {
				fault = fmt.Errorf("%w: %s over a streamed message", ErrUnsupported, t.claim.Format)
			} else if loaded, fault = loader.Load(ctx, MaxEmbedded); fault != nil && !errors.Is(fault, ErrTooLarge) {
				return fault
			}
		}
		t.message, t.fault = loaded, fault
	}
	return nil
}

// trial is one claim under one candidate key, as one scheme.
type trial struct {
	claim  *Claim
	scheme Scheme
	key    key.Public
	needs  *digest.Spec
	spec   int
	result int

	message []byte // for Content.Embed
	fault   error  // why the message is not at hand
}

func plan(c *Claim, keys KeySource) ([]trial, error) {
	if err := c.fault(); err != nil {
		return nil, err
	}
	for _, s := range c.schemes() {
		if _, ok := schemes[s]; !ok {
			return nil, fmt.Errorf("%w: scheme %q", ErrUnsupported, string(s))
		}
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
		own, err := trialsOf(c, pub)
		if err != nil {
			return nil, err
		}
		trials = append(trials, own...)
	}
	return trials, nil
}

// trialsOf are one for each scheme that the key's type leaves. A claim of a
// single scheme is tried with any key: it fails then, it is not left out.
func trialsOf(c *Claim, pub key.Public) (trials []trial, err error) {
	for _, s := range c.schemes() {
		if len(c.Or) > 0 && s.KeyType() != pub.Type() {
			continue
		}
		needs, unsupported := need(c, s, pub)
		if unsupported != nil {
			err = unsupported
			continue
		}
		trials = append(trials, trial{claim: c, scheme: s, key: pub, needs: needs})
	}
	switch {
	case len(trials) > 0:
		return trials, nil
	case err != nil:
		return nil, err
	}
	return nil, fmt.Errorf("%w: %s by a key of type %s", ErrScheme, c.Format, pub.Type())
}

// need is the hash of the message that a trial cannot do without.
func need(c *Claim, s Scheme, pub key.Public) (*digest.Spec, error) {
	switch {
	case c.Content.Wrap != nil:
		return &digest.Spec{Algorithm: c.Content.Hash}, nil
	case !c.Content.Whole:
		return nil, nil // also Embed: see load
	case s == Ed25519:
		if len(c.Signature) != 64 {
			return nil, nil // fails whatever the message
		}
		spec := ed25519Spec(pub, c.Signature)
		return &spec, nil
	}
	switch schemes[s].hash {
	case crypto.SHA256:
		return &digest.Spec{Algorithm: digest.SHA256}, nil
	case crypto.SHA512:
		return &digest.Spec{Algorithm: digest.SHA512}, nil
	}
	return nil, fmt.Errorf("%w: %s over a streamed message", ErrUnsupported, s)
}

// outcome of a trial: the signature itself, and what must be good with it.
type outcome struct {
	classical, pq, companion bool
	fault                    error // nothing was computed
}

// run computes one trial. sum is the hash it asked for.
func (t *trial) run(sum []byte) outcome {
	c := t.claim
	o := outcome{pq: true, companion: true, fault: t.fault}
	switch {
	case t.fault != nil:
		return o
	case c.Content.Embed != nil:
		o.classical = t.scheme.Verify(t.key, c.Content.Embed(t.message), c.Signature)
	case !c.Content.Whole:
		o.classical = t.scheme.Verify(t.key, c.Content.signed(sum), c.Signature)
	case t.scheme == Ed25519:
		o.classical = verifyEd25519Streamed(t.key, c.Signature, sum)
	default:
		o.classical = t.scheme.verifyDigest(t.key, sum, c.Signature)
	}
	if c.PQ != nil {
		o.pq = c.PQ.Scheme.Verify(c.PQ.Key, c.PQ.Content.signed(sum), c.PQ.Signature)
	}
	if c.Companion != nil {
		o.companion = t.scheme.Verify(t.key, c.Companion.Signed, c.Companion.Signature)
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
	var reason error = &BadSignature{"signature", "signature does not match the content under the key"}
	for i, t := range trials {
		if t.result != result {
			continue
		}
		o := outcomes[i]
		switch {
		case o.fault != nil:
			reason = o.fault
		case !o.classical:
		case !o.pq:
			reason = &BadSignature{"pq", "post-quantum half does not verify"}
		case !o.companion:
			reason = c.Companion.Fault
		default:
			v := Verified{claim: c, scheme: t.scheme, key: t.key}
			if c.PQ != nil {
				v.pq = c.PQ.Key
			}
			return Result{Claim: c, Verified: v}
		}
	}
	return Result{Claim: c, Err: reason}
}

// excuse finds the failures that prove nothing. A signature that does not say
// whose it is may be a stranger's: it is bad only under the one key that the
// caller expects, and not where another signature shows the payload unharmed.
func excuse(results []Result, trials []trial) {
	for i, r := range results {
		c := r.Claim
		if !r.Bad() || !c.Key.IsZero() || c.NamesKey != nil || c.NeedsOneKey {
			continue
		}
		if keysTried(trials, i) > 1 || payloadUnharmed(results, c) {
			results[i].Err = fmt.Errorf("%w: it says not whose it is, and no key at hand made it", ErrNoKey)
		}
	}
}

func keysTried(trials []trial, result int) int {
	tried := map[key.Public]bool{}
	for _, t := range trials {
		if t.result == result {
			tried[t.key] = true
		}
	}
	return len(tried)
}

// payloadUnharmed reports whether a signature in c's own file, over the same
// payload, is good.
func payloadUnharmed(results []Result, c *Claim) bool {
	for _, r := range results {
		p := r.Claim.Payload
		if r.Good() && len(p) > 0 && len(p) == len(c.Payload) && &p[0] == &c.Payload[0] {
			return true
		}
	}
	return false
}
