package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"kai/internal/identity"
	"kai/internal/trust/store"
	"kai/internal/vault"
	"kai/internal/vault/authority"
)

// vaultPrincipal is somebody who is given something: who, what seals to them, and how people call them.
type vaultPrincipal struct {
	authority.Principal
	recipient string
	name      string
}

// principal finds who is meant: role:NAME, or a key, as age1…, an ssh key, or a file of one. The name
// of an identity is one when the home knows it.
func (o *openedVault) principal(ctx context.Context, text string) (*vaultPrincipal, error) {
	if name, ok := strings.CutPrefix(text, authority.RolePrefix); ok {
		r, err := o.RoleNamed(o.keys, name)
		if err != nil {
			return nil, withHint(err, "kai vault role list")
		}
		return &vaultPrincipal{r.Principal(), r.Recipient, text}, nil
	}
	switch entry, err := o.env.findIdentity(text); {
	case err == nil:
		return identityPrincipal(entry, o.env.now())
	case !errors.Is(err, store.ErrNotFound):
		return nil, err
	}
	_, recipient, err := o.env.recipientOf(ctx, text)
	if err != nil {
		return nil, withHint(err, "role:NAME, an identity of kai id list, age1..., or the file of a public key")
	}
	p, err := recipientKey(recipient)
	if err != nil {
		return nil, err
	}
	return &vaultPrincipal{authority.Principal(p.Fingerprint()), recipient, p.Fingerprint()}, nil
}

// identityPrincipal is an identity of the trust store, by the key that is sealed to.
func identityPrincipal(entry *store.Entry, now time.Time) (*vaultPrincipal, error) {
	name := entry.Local().Name
	known, err := entry.Identity()
	if err != nil {
		return nil, err
	}
	keys := known.KeysAt(identity.ForSealing, now)
	if len(keys) == 0 {
		return nil, failf(exitUntrusted, "no_sealing_key", "identity %s has no key to seal to", name)
	}
	recipient, err := recipientText(keys[0])
	if err != nil {
		return nil, err
	}
	return &vaultPrincipal{authority.Principal(entry.ID().String()), recipient, name + " (" + entry.ID().String() + ")"}, nil
}

// known names a principal that has something already: by its name, its fingerprint or its key.
func (o *openedVault) known(ctx context.Context, text string) (*vaultPrincipal, error) {
	if p := authority.Principal(text); p.Check() == nil && p != authority.Owner {
		if _, isRole := p.Role(); !isRole {
			return &vaultPrincipal{Principal: p, name: text}, nil
		}
	}
	return o.principal(ctx, text)
}

// confirmPrincipal shows who is given something, which is what a person must check.
func (o *openedVault) confirmPrincipal(ctx context.Context, p *vaultPrincipal, what string, yes bool) error {
	if yes || strings.HasPrefix(p.name, authority.RolePrefix) {
		return nil
	}
	return o.env.confirm(ctx, fmt.Sprintf("Give %s to %s?", what, printable(p.name)), "--yes")
}

// principalText is how a principal is shown: a role by its name.
func (o *openedVault) principalText(p authority.Principal, roles []vault.RoleInfo) string {
	for i := range roles {
		if roles[i].Principal() == p {
			return authority.RolePrefix + roles[i].Name
		}
	}
	return string(p)
}
