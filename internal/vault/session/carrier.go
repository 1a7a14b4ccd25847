package session

import (
	"fmt"
	"time"

	"kai/internal/vault/objectid"
)

// Carrier gives S to one process after another.
type Carrier interface {
	// Name is what messages call it: "keyring", "KAI_SESSION".
	Name() string

	// Load returns S of the vault's session, for the caller to wipe. ErrNone means that it has
	// none, ErrExpired that it had, ErrUnavailable that it does not work here; other errors end
	// the search for a session.
	Load(vault objectid.ID) (*Token, error)
}

// Keeper is a Carrier that is told what to carry, and for how long.
type Keeper interface {
	Carrier

	// Keep replaces what is carried for the vault: S, which lasts for life, and S_u, if there is one,
	// for user. The Token stays the caller's.
	Keep(vault objectid.ID, t *Token, life, user time.Duration) error

	// KeepUser replaces S_u, which lasts for life, if S is still that of the Token.
	KeepUser(vault objectid.ID, t *Token, life time.Duration) error

	// Renew gives S another time to live, if it is still that of the Token.
	Renew(vault objectid.ID, t *Token, life time.Duration) error

	// Forget makes S and S_u useless to everybody, at once: those of the Token, or, when it is
	// nil, whatever is there. That nothing is there is no error.
	Forget(vault objectid.ID, t *Token) error
}

// Given is a carrier of what this process was given, by [ParseToken] or [ReadToken].
type Given struct {
	From  string // "KAI_SESSION", "--session-fd", "kai.session"
	Token *Token // nil: nothing was given; else the caller's to wipe
}

// Name implements Carrier.
func (g Given) Name() string { return g.From }

// Load implements Carrier.
func (g Given) Load(objectid.ID) (*Token, error) {
	if g.Token == nil {
		return nil, fmt.Errorf("%w given", ErrNone)
	}
	return g.Token.clone(), nil
}
