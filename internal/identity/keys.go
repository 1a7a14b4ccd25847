package identity

import (
	"slices"

	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/signed"
)

// Keys are the keys of an identity at one time.
type Keys struct {
	// Sign are 1 to 8 signing keys, of which Threshold must sign.
	Sign      []key.Public
	Threshold int
	// Next are the fingerprints of the keys that may come into Sign with the next
	// rotation, of which NextThreshold must sign it. None: there is no next one.
	Next          []string
	NextThreshold int
	// Seal are the keys to seal to, Channel the X25519 keys of live channels.
	Seal, Channel []key.Public
}

func (k Keys) clone() Keys {
	k.Sign, k.Next = slices.Clone(k.Sign), slices.Clone(k.Next)
	k.Seal, k.Channel = slices.Clone(k.Seal), slices.Clone(k.Channel)
	return k
}

// check holds the keys against their bounds and each other. Errors are
// ErrMalformed, ErrTooLarge and sig.ErrScheme.
func (k Keys) check() error {
	if err := checkQuorum("keys.sign", Quorum{k.Sign, k.Threshold}); err != nil {
		return err
	}
	if len(k.Next) > maxKeys {
		return tooLarge("next", len(k.Next), maxKeys)
	}
	for i, fp := range k.Next {
		if !key.IsFingerprint(fp) || slices.Contains(k.Next[:i], fp) {
			return malformed("next: no fingerprint, or one twice")
		}
	}
	if k.NextThreshold > len(k.Next) || k.NextThreshold < min(1, len(k.Next)) {
		return malformed("next_threshold of %d for %d keys", k.NextThreshold, len(k.Next))
	}
	if k.Threshold+k.NextThreshold > signed.MaxSignatures {
		return malformed("thresholds of %d and %d need more signatures than the %d of an event", k.Threshold, k.NextThreshold, signed.MaxSignatures)
	}
	return checkSealing(k)
}

// checkSealing bounds the keys that do not sign.
func checkSealing(k Keys) error {
	if err := checkKeys("keys.seal", k.Seal, key.Type.Seals); err != nil {
		return err
	}
	if err := checkKeys("keys.channel", k.Channel, func(t key.Type) bool { return t == key.X25519 }); err != nil {
		return err
	}
	if slices.ContainsFunc(k.Channel, func(p key.Public) bool { return slices.Contains(k.Seal, p) }) {
		return malformed("a key both of keys.seal and keys.channel")
	}
	return nil
}

// Quorum is a number of keys that decide together. The zero value is none.
type Quorum struct {
	Keys      []key.Public
	Threshold int
}

func (q Quorum) isZero() bool { return len(q.Keys) == 0 && q.Threshold == 0 }

func (q Quorum) clone() Quorum { return Quorum{slices.Clone(q.Keys), q.Threshold} }

// metBy reports whether enough keys of a quorum have signed; none never have.
func (q Quorum) metBy(v *signed.Verified) bool {
	return q.Threshold > 0 && v.Count(q.Keys) >= q.Threshold
}

func checkQuorum(what string, q Quorum) error {
	if err := checkKeys(what, q.Keys, signsObjects); err != nil {
		return err
	}
	if q.Threshold < 1 || q.Threshold > len(q.Keys) {
		return malformed("%s: threshold of %d for %d keys", what, q.Threshold, len(q.Keys))
	}
	return nil
}

func signsObjects(t key.Type) bool {
	_, err := sig.SchemeOf(t)
	return err == nil
}

// checkKeys bounds a list of keys, none twice, all of types that will do.
func checkKeys(what string, keys []key.Public, fits func(key.Type) bool) error {
	if len(keys) > maxKeys {
		return tooLarge(what, len(keys), maxKeys)
	}
	for i, k := range keys {
		if !fits(k.Type()) {
			return malformed("%s: a key of type %s", what, k.Type())
		}
		if slices.Contains(keys[:i], k) {
			return malformed("%s: a key twice", what)
		}
	}
	return nil
}
