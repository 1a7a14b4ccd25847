package main

import (
	"context"
	"fmt"
	"strings"

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
	_, recipient, err := o.env.recipientOf(ctx, text)
	if err != nil {
		return nil, withHint(err, "role:NAME, age1..., or the file of a public key")
	}
	p, err := recipientKey(recipient)
	if err != nil {
		return nil, err
	}
	return &vaultPrincipal{authority.Principal(p.Fingerprint()), recipient, p.Fingerprint()}, nil
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
