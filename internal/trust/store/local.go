package store

import (
	"slices"
	"strings"
	"unicode"

	"kai/internal/identity"
)

// Class is how close an identity is to this home. The words are part of the
// format.
type Class string

// The classes.
const (
	System   Class = "system"
	Trusted  Class = "trusted"
	Partner  Class = "partner"
	External Class = "external"
	Revoked  Class = "revoked"
)

// Local is what a home says about an identity. Only its owner can.
type Local struct {
	Class Class  `json:"class"`
	Name  string `json:"name"`
	// Own is the key reference of the secret with the private keys, "" for
	// identities of others.
	Own   string   `json:"own,omitempty"`
	Roles []string `json:"roles,omitempty"`
}

func (l *Local) check() error {
	switch l.Class {
	case System, Trusted, Partner, External, Revoked:
	default:
		return malformed("class %.20q", l.Class)
	}
	switch {
	case !identity.IsName(l.Name):
		return malformed("name %.80q", l.Name)
	case l.Own != "" && l.Class != System && l.Class != Revoked:
		return malformed("an own identity of class %s", l.Class)
	case len(l.Own) > maxOwn || strings.ContainsFunc(l.Own, unicode.IsControl) || l.Own != "" && !strings.Contains(l.Own, ":"):
		return malformed("own is no key reference")
	case !slices.IsSorted(l.Roles) || len(slices.Compact(slices.Clone(l.Roles))) != len(l.Roles):
		return malformed("roles are not sorted")
	}
	for _, r := range l.Roles {
		if r != "certifier" && r != "revoker" {
			return malformed("role %.20q", r)
		}
	}
	return nil
}
