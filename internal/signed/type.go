package signed

import (
	"fmt"
	"slices"

	"kai/internal/key"
	"kai/internal/sig"
)

// Type says what an object is. The words are part of the format.
type Type string

// The types of objects.
const (
	IdentityEvent     Type = "identity-event"
	Attestation       Type = "attestation"
	Trust             Type = "trust"
	Experience        Type = "experience"
	Revocation        Type = "revocation"
	RevocationList    Type = "revocation-list"
	Delegation        Type = "delegation"
	Policy            Type = "policy"
	ChallengeResponse Type = "challenge-response"
	StoreHead         Type = "store-head"
	Pins              Type = "pins"
)

// Types lists every type.
func Types() []Type {
	return []Type{
		IdentityEvent, Attestation, Trust, Experience, Revocation, RevocationList,
		Delegation, Policy, ChallengeResponse, StoreHead, Pins,
	}
}

func (t Type) known() bool { return slices.Contains(Types(), t) }

// MediaType is the payload type under which DSSE signs objects of the type.
func (t Type) MediaType() string { return "application/vnd.kai." + string(t) + ".v1+json" }

// SchemeOf is how keys of type t sign objects. The error is sig.ErrScheme for
// types that sign none.
func SchemeOf(t key.Type) (sig.Scheme, error) {
	switch t {
	case key.Ed25519:
		return sig.Ed25519, nil
	case key.ECDSAP256:
		return sig.ECDSASHA256, nil
	case key.RSA:
		return sig.RSAPSSSHA256, nil
	case key.MLDSA65:
		return sig.MLDSA65, nil
	case key.MLDSA44Ed25519:
		return sig.Composite, nil
	case key.SLHDSA128s:
		return sig.SLHDSA128s, nil
	}
	return "", fmt.Errorf("%w: keys of type %s sign no objects", sig.ErrScheme, t)
}
