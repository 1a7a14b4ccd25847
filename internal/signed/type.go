package signed

import "slices"

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
