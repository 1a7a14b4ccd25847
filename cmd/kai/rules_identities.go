package main

import (
	"slices"
	"time"

	"kai/internal/identity"
	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/trust/store"
	"kai/internal/verdict"
)

// knownSigners are the identities of the trust store, as signers.
type knownSigners struct {
	list []knownSigner
}

type knownSigner struct {
	*identity.Identity
	store.Local
}

// knownSigners reads them. Identities whose documents are no good are left out, with a warning.
func (e *env) knownSigners() (*knownSigners, error) {
	s, err := e.trustStore()
	if err != nil {
		return nil, err
	}
	k := &knownSigners{}
	for _, entry := range s.Entries() {
		id, err := entry.Identity()
		if err != nil {
			e.warn("identity %s: %v", entry.Local().Name, err)
			continue
		}
		k.list = append(k.list, knownSigner{id, entry.Local()})
	}
	return k, nil
}

// find is whose key it is, or ever was.
func (k *knownSigners) find(public key.Public) (*knownSigner, identity.Tenure, bool) {
	for i := range k.list {
		for _, t := range k.list[i].Tenures() {
			if t.Use == identity.ForSigning && t.Key == public {
				return &k.list[i], t, true
			}
		}
	}
	return nil, identity.Tenure{}, false
}

// ownerOfKey is the id of the own identity that a key belongs to, "" if there is none.
func (e *env) ownerOfKey(public key.Public) string {
	k, err := e.knownSigners()
	if err != nil {
		return ""
	}
	if found, _, ok := k.find(public); ok && found.Own != "" {
		return found.ID().String()
	}
	return ""
}

// signKeys are all keys that an identity has ever signed with.
func signKeys(id *identity.Identity) []key.Public {
	var list []key.Public
	for _, t := range id.Tenures() {
		if t.Use == identity.ForSigning {
			list = append(list, t.Key)
		}
	}
	return list
}

// keys are those of everybody.
func (k *knownSigners) keys() []namedKey {
	var list []namedKey
	for _, s := range k.list {
		for _, p := range signKeys(s.Identity) {
			list = append(list, namedKey{public: p})
		}
	}
	return list
}

// identityRule judges by identities: who signed, and whether the key was theirs to sign with then.
// inner decides whom to trust among those; nil: own identities, and those of class system or trusted.
type identityRule struct {
	known *knownSigners
	inner verdict.Rule
}

// Judge implements verdict.Rule.
func (r identityRule) Judge(v sig.Verified, namespace string, at time.Time) verdict.Decision {
	found, tenure, ok := r.known.find(v.Key())
	var d verdict.Decision
	switch {
	case r.inner != nil:
		if d = r.inner.Judge(v, namespace, at); !ok {
			return d
		}
	case !ok:
		return verdict.Decision{Reasons: []verdict.Reason{{Code: "unknown_signer", Text: "no rule names the key " + v.Key().Fingerprint()}}}
	default:
		d = found.trusted(v)
	}
	d.Identity = &verdict.Identity{ID: found.ID().String(), Name: found.Name, Kind: string(found.Facts().Kind), Class: string(found.Class), Own: found.Own != ""}
	d.Name = found.Name
	d.Identities = append(slices.Clone(d.Identities), found.ID().String())
	d.PQKeys, d.PQForeign = nil, false
	if half := v.PQKey(); !half.IsZero() {
		owner, at, known := r.known.find(half)
		switch {
		case known && owner.ID() == found.ID() && !at.Void:
			d.PQKeys = []key.Public{half}
		default: // the document says which halves there are: another is somebody else's
			d.PQForeign = true
		}
	}
	if against := found.against(tenure, at); against != nil {
		d.Trusted, d.Reasons = false, against
	}
	return d
}

// trusted says whether a known identity is trusted without being named.
func (s *knownSigner) trusted(v sig.Verified) verdict.Decision {
	switch {
	case s.Own != "":
		return verdict.Decision{Trusted: true, Reasons: []verdict.Reason{{Code: "own_identity", Text: s.Name + " is an identity of this home"}}}
	case s.Class == store.System, s.Class == store.Trusted:
		return verdict.Decision{Trusted: true, Reasons: []verdict.Reason{{Code: "class", Text: s.Name + " is of class " + string(s.Class)}}}
	}
	return verdict.Decision{Reasons: []verdict.Reason{{Code: "class", Text: s.Name + " is of class " + string(s.Class) + ", " + v.Key().Fingerprint()}}}
}

// against is what speaks against a key at a time, above every rule.
func (s *knownSigner) against(t identity.Tenure, at time.Time) []verdict.Reason {
	if ended, ok := s.Revoked(); ok && (ended.Reason.Hard() || !at.Before(ended.At)) {
		return []verdict.Reason{{Code: "revoked", Text: s.Name + " was revoked at " + timeText(ended.At) + ": " + string(ended.Reason)}}
	}
	switch {
	case s.Class == store.Revoked:
		return []verdict.Reason{{Code: "revoked", Text: s.Name + " is of class revoked"}}
	case t.Void:
		return []verdict.Reason{{Code: "revoked", Text: "the key of " + s.Name + " was compromised"}}
	case at.Before(t.From):
		return []verdict.Reason{{Code: "not_yet_valid", Text: "the key is one of " + s.Name + " since " + timeText(t.From)}}
	case !t.At(at):
		return []verdict.Reason{{Code: "superseded", Text: "the key was one of " + s.Name + " until " + timeText(t.Until)}}
	}
	return nil
}
