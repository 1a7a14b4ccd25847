package verdict

import (
	"slices"
	"time"

	"kai/internal/key"
	"kai/internal/sig"
)

// Signer is somebody the caller names: all keys are one identity.
type Signer struct {
	Name string
	Keys []key.Public
	// Fingerprints are keys that the caller knows by these alone.
	Fingerprints []string
}

func (s *Signer) has(k key.Public) bool {
	return contains(s.Keys, k) || len(s.Fingerprints) > 0 && slices.Contains(s.Fingerprints, k.Fingerprint())
}

// Signers is the rule that trusts the named signers, for any namespace.
type Signers []Signer

// NewSigners merges signers who share a key: one person under two names must
// not count twice. Signers without keys are left out.
func NewSigners(named ...Signer) Signers {
	var list Signers
	for _, s := range named {
		if len(s.Keys)+len(s.Fingerprints) == 0 {
			continue
		}
		kept := list[:0:0]
		for _, other := range list {
			if shareKey(other, s) {
				s = Signer{other.Name, slices.Concat(other.Keys, s.Keys), slices.Concat(other.Fingerprints, s.Fingerprints)}
			} else {
				kept = append(kept, other)
			}
		}
		list = append(kept, s)
	}
	return list
}

func shareKey(a, b Signer) bool {
	return slices.ContainsFunc(a.Keys, b.has) || slices.ContainsFunc(b.Keys, a.has) ||
		slices.ContainsFunc(a.Fingerprints, func(f string) bool { return slices.Contains(b.Fingerprints, f) })
}

// Judge implements Rule.
func (list Signers) Judge(v sig.Verified, _ string, _ time.Time) Decision {
	for _, s := range list {
		if !s.has(v.Key()) {
			continue
		}
		d := Decision{
			Trusted:    true,
			Identities: []string{s.identity()},
			Name:       s.Name,
			Reasons:    []Reason{{"signer_match", "named by the caller as " + s.Name}},
		}
		for _, k := range s.Keys {
			if k.Type() == key.MLDSA65 {
				d.PQKeys = append(d.PQKeys, k)
			}
		}
		for _, other := range list {
			d.PQForeign = d.PQForeign || !v.PQKey().IsZero() && other.has(v.PQKey()) && !s.has(v.PQKey())
		}
		return d.touched(v)
	}
	return Decision{Reasons: []Reason{{"not_named", "signed by " + v.Key().Fingerprint() + ", which is none of the named signers"}}}
}

// identity is the first key: the same person named twice counts once.
func (s *Signer) identity() string {
	if len(s.Keys) == 0 {
		return s.Fingerprints[0]
	}
	return s.Keys[0].Fingerprint()
}

// touched refuses a security key's signature that nobody was present for.
func (d Decision) touched(v sig.Verified) Decision {
	if touched, _, _, ok := v.Claim().Presence(); ok && !touched {
		d.Trusted = false
		d.Reasons = []Reason{{"no_touch", "the security key was not touched"}}
	}
	return d
}
