package vault

import (
	"context"
	"fmt"
	"path"
	"slices"

	"filippo.io/age"

	"kai/internal/secret"
	"kai/internal/vault/authority"
	"kai/internal/vault/objectid"
)

// rootSeed is the name of the file that gives owners a role's key: u32 epoch of the root key ‖ the
// identity's text, sealed under HK(VRK, "role", ID).
const rootSeed = "vrk.seed"

// RoleInfo describes a role, for owners.
type RoleInfo struct {
	ID        objectid.ID
	Name      string
	Recipient string
	Members   []authority.Member
}

// Principal is what grants name it by.
func (r *RoleInfo) Principal() authority.Principal {
	return authority.Principal(authority.RolePrefix + r.ID.String())
}

// Roles describes all roles, by name.
func (v *Vault) Roles(keys *Keys) ([]RoleInfo, error) {
	if !keys.IsOwner() {
		return nil, fmt.Errorf("names of roles: %w", ErrDenied)
	}
	var out []RoleInfo
	for _, id := range sortedIDs(v.manifest.Roles) {
		r, err := v.Role(id)
		if err != nil {
			return nil, err
		}
		name, err := v.openLabel(keys, "role", r.NameCT)
		if err != nil {
			return nil, err
		}
		out = append(out, RoleInfo{id, name, r.Last().Recipient, r.Members})
	}
	slices.SortFunc(out, func(a, b RoleInfo) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return out, nil
}

// RoleNamed finds a role.
func (v *Vault) RoleNamed(keys *Keys, name string) (*RoleInfo, error) {
	list, err := v.Roles(keys)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].Name == name {
			return &list[i], nil
		}
	}
	return nil, fmt.Errorf("role %s: %w", name, ErrNotFound)
}

// AddRole makes a role without members.
func (v *Vault) AddRole(ctx context.Context, keys *Keys, name string) error {
	return v.amend(ctx, keys, func(a *amendment) error {
		list, err := v.Roles(keys)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(list, func(r RoleInfo) bool { return r.Name == name }) {
			return fmt.Errorf("role %s: %w", name, ErrExists)
		}
		if len(list) >= maxRoles {
			return fmt.Errorf("more than %d roles: %w", maxRoles, ErrTooLarge)
		}
		id, err := objectid.New(v.opts.Random)
		if err != nil {
			return err
		}
		r := &authority.Role{ID: id}
		if r.NameCT, err = a.sealLabel("role", name); err != nil {
			return err
		}
		if err := mkdirs(v.dir, path.Join(roleDir, id.String())); err != nil {
			return err
		}
		return a.newRoleEpoch(r)
	})
}

// newRoleEpoch gives a role a new key, wraps it for the members, and writes the role.
func (a *amendment) newRoleEpoch(r *authority.Role) error {
	v := a.v
	who, err := age.GenerateHybridIdentity()
	if err != nil {
		return err
	}
	seed := secret.Take([]byte(who.String()))
	defer seed.Wipe()
	e := authority.RoleEpoch{E: uint32(len(r.Epochs) + 1), Recipient: who.Recipient().String(), Wraps: map[string]authority.Digest{}}
	dir := roleEpochDir(r.ID, e.E)
	if err := mkdirs(v.dir, dir); err != nil {
		return err
	}
	sealed, err := sealUnder(a.keys.root, v.id, v.opts.Random, seed.Expose(), labelAAD(v.id, "role"), "role", r.ID.String())
	if err != nil {
		return err
	}
	file := append(appendU32(nil, a.keys.rootEpoch), sealed...)
	e.Wraps[rootSeed] = authority.DigestOf(file)
	if err := v.dir.WriteFile(path.Join(dir, rootSeed), file, 0o600); err != nil {
		return err
	}
	for _, m := range r.Members {
		if err := a.wrapRole(r.ID, &e, m.Recipient, seed); err != nil {
			return err
		}
	}
	r.Epochs = append(r.Epochs, e)
	return a.writeRole(r)
}

func (a *amendment) wrapRole(id objectid.ID, e *authority.RoleEpoch, recipient string, seed *secret.Bytes) error {
	name := recipientName(recipient) + roleSuffix
	if d, ok := e.Wraps[name]; ok { // as in wrapKey
		if _, err := a.v.listed(path.Join(roleEpochDir(id, e.E), name), d, maxSmall); err == nil {
			return nil
		}
	}
	to, err := a.v.opts.recipient(recipient)
	if err != nil {
		return err
	}
	file, err := (&wrap{epoch: e.E, vault: a.v.id, of: "role", id: id, name: "seed", key: seed.Expose()}).seal(to)
	if err != nil {
		return err
	}
	e.Wraps[name] = authority.DigestOf(file)
	return a.v.dir.WriteFile(path.Join(roleEpochDir(id, e.E), name), file, 0o600)
}

func (a *amendment) writeRole(r *authority.Role) error {
	file, err := r.Encode()
	if err != nil {
		return err
	}
	d, err := a.document(roleDir, r.ID, file)
	if err != nil {
		return err
	}
	a.next.Roles[r.ID] = d
	return nil
}

// roleSeed opens a role's key for an owner.
func (v *Vault) roleSeed(keys *Keys, id objectid.ID, e *authority.RoleEpoch) (*secret.Bytes, error) {
	name := path.Join(roleEpochDir(id, e.E), rootSeed)
	file, err := v.listed(name, e.Wraps[rootSeed], maxSmall)
	if err != nil {
		return nil, err
	}
	epoch, sealed, ok := cutU32(file)
	if !ok {
		return nil, fileError(name, ErrTampered)
	}
	root, err := v.rootAt(keys, epoch)
	if err != nil {
		return nil, fileError(name, err)
	}
	defer root.Wipe()
	b, err := openUnder(root, v.id, sealed, labelAAD(v.id, "role"), "role", id.String())
	if err != nil {
		return nil, fileError(name, err)
	}
	seed := secret.Take(b)
	// The library takes a string; it is not kept.
	role, err := age.ParseHybridIdentity(string(seed.Expose()))
	if err != nil || role.Recipient().String() != e.Recipient {
		seed.Wipe()
		return nil, fileError(name, fmt.Errorf("%w: another key than the role's", ErrTampered))
	}
	return seed, nil
}

// AddMember lets somebody act for a role: read what it may read, of all its epochs.
func (v *Vault) AddMember(ctx context.Context, keys *Keys, role string, m authority.Member) error {
	if err := m.Principal.Check(); err != nil {
		return err
	}
	if _, isRole := m.Principal.Role(); isRole || m.Principal == authority.Owner {
		return fmt.Errorf("member %s: only identities are members: %w", m.Principal, ErrMalformed)
	}
	return v.amend(ctx, keys, func(a *amendment) error {
		info, err := v.RoleNamed(keys, role)
		if err != nil {
			return err
		}
		r, err := v.Role(info.ID)
		if err != nil {
			return err
		}
		if slices.Contains(r.Members, m) {
			return fmt.Errorf("%s is a member of %s: %w", m.Principal, role, ErrExists)
		}
		r.Members = append(r.Members, m)
		for i := range r.Epochs {
			seed, err := v.roleSeed(keys, r.ID, &r.Epochs[i])
			if err != nil {
				return err
			}
			err = a.wrapRole(r.ID, &r.Epochs[i], m.Recipient, seed)
			seed.Wipe()
			if err != nil {
				return err
			}
		}
		return a.writeRole(r)
	})
}

// RemoveMember takes somebody out of a role. The role and the namespaces it reads get new keys; what
// the member could read is listed.
func (v *Vault) RemoveMember(ctx context.Context, keys *Keys, role string, who authority.Principal) ([]Exposed, error) {
	var changed []string
	err := v.amend(ctx, keys, func(a *amendment) error {
		info, err := v.RoleNamed(keys, role)
		if err != nil {
			return err
		}
		r, err := v.Role(info.ID)
		if err != nil {
			return err
		}
		before := len(r.Members)
		r.Members = slices.DeleteFunc(r.Members, func(m authority.Member) bool { return m.Principal == who })
		if len(r.Members) == before {
			return fmt.Errorf("%s is no member of %s: %w", who, role, ErrNotFound)
		}
		if err := a.newRoleEpoch(r); err != nil {
			return err
		}
		changed, err = a.rekeyReaders(info.Principal(), r.Last().Recipient)
		return err
	})
	if err != nil {
		return nil, err
	}
	return v.markExposed(ctx, keys, changed)
}

// rekeyReaders gives the namespaces that a role reads new keys, for the role's new key. An empty
// recipient takes them from it.
func (a *amendment) rekeyReaders(role authority.Principal, recipient string) (changed []string, err error) {
	v, keys := a.v, a.keys
	names, err := v.allNamespaces(keys)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		s, err := v.Space(keys, name)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(s.policy.Readers, func(r authority.Reader) bool { return r.Principal == role })
		if at < 0 {
			continue
		}
		p := s.policy.Clone()
		if recipient == "" {
			p.Readers = slices.Delete(p.Readers, at, at+1)
			p.Writers = slices.DeleteFunc(p.Writers, func(w authority.Principal) bool { return w == role })
			if err := a.cutWriters(s, p); err != nil {
				return nil, err
			}
			if err := a.newSpaceEpoch(p); err != nil {
				return nil, err
			}
			changed = append(changed, name)
			continue
		}
		// The members that stay read on with the role's new key, what is old and what is new.
		p.Readers[at].Recipient = recipient
		if err := a.loadEpochs(s, p.Readers[at].User); err != nil {
			return nil, err
		}
		if err := a.cutWriters(s, p); err != nil {
			return nil, err
		}
		for i := range p.Epochs {
			if err := a.wrapReader(p, p.Epochs[i].E, &p.Readers[at]); err != nil {
				return nil, err
			}
		}
		if err := a.newSpaceEpoch(p); err != nil {
			return nil, err
		}
		changed = append(changed, name)
	}
	return changed, nil
}

// RemoveRole takes a role and its grants away.
func (v *Vault) RemoveRole(ctx context.Context, keys *Keys, role string) ([]Exposed, error) {
	var changed []string
	err := v.amend(ctx, keys, func(a *amendment) error {
		info, err := v.RoleNamed(keys, role)
		if err != nil {
			return err
		}
		delete(a.next.Roles, info.ID)
		changed, err = a.rekeyReaders(info.Principal(), "")
		return err
	})
	if err != nil {
		return nil, err
	}
	return v.markExposed(ctx, keys, changed)
}
