package vault

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"kai/internal/vault/authority"
	"kai/internal/vault/objectid"
	"kai/internal/vault/reference"
	"kai/internal/vault/vlog"
)

const (
	maxSpaces  = 1024
	maxSlots   = 64
	maxRoles   = 256
	maxDevices = 1024
)

// AddNamespace makes a namespace. Who may read the one above it may read it too, unless it is
// isolated. Errors are ErrExists, reference.ErrMalformed, ErrDenied and ErrTwoHeads.
func (v *Vault) AddNamespace(ctx context.Context, keys *Keys, name string, isolated bool) error {
	name, err := reference.ParseName(name)
	if err != nil {
		return err
	}
	return v.amend(ctx, keys, func(a *amendment) error {
		names, err := v.allNamespaces(keys)
		if err != nil {
			return err
		}
		if slices.Contains(names, name) {
			return fmt.Errorf("namespace %s: %w", name, ErrExists)
		}
		if len(a.next.NS) >= maxSpaces {
			return fmt.Errorf("more than %d namespaces: %w", maxSpaces, ErrTooLarge)
		}
		var readers []authority.Reader
		writers := []authority.Principal{authority.Owner}
		if parent := nearest(names, name); parent != "" && !isolated {
			s, err := v.Space(keys, parent)
			if err != nil {
				return err
			}
			readers, writers = inherited(s.policy)
		}
		return a.addSpace(name, isolated, readers, writers)
	})
}

// nearest is the longest of names that lies above name.
func nearest(names []string, name string) (above string) {
	for _, n := range names {
		if strings.HasPrefix(name, n+"/") && len(n) > len(above) {
			above = n
		}
	}
	return above
}

// inherited are the readers and writers of a policy, for a new namespace, where all are there from
// the first epoch on.
func inherited(p *authority.Policy) ([]authority.Reader, []authority.Principal) {
	readers := slices.Clone(p.Readers)
	for i := range readers {
		readers[i].From = 1
	}
	return readers, slices.Clone(p.Writers)
}

// RemoveNamespace takes a namespace out of the vault. Its secrets are marked as deleted first, so
// that another device that has not heard of it yet does not show them.
func (v *Vault) RemoveNamespace(ctx context.Context, keys *Keys, name string) error {
	s, err := v.Space(keys, name)
	if err != nil {
		return err
	}
	list, err := s.List(false)
	if err != nil {
		return err
	}
	var changes []Change
	for _, x := range list {
		changes = append(changes, Change{Type: vlog.Del, Meta: Meta{Path: x.Path, Kind: x.Kind, Scope: x.Scope}})
	}
	if len(changes) > 0 {
		if _, err := s.Commit(ctx, changes); err != nil {
			return err
		}
	}
	return v.amend(ctx, keys, func(a *amendment) error {
		delete(a.next.NS, s.id)
		delete(keys.spaces, s.id)
		return nil
	})
}

// Grant is what a principal is given.
type Grant struct {
	Principal authority.Principal
	Recipient string // age recipient of the principal
	Write     bool
	User      bool // with what credentials need
	FromNow   bool // not what was written before
}

// covered are the namespaces that a grant on name is about: it, and those below that are not
// isolated.
func (v *Vault) covered(keys *Keys, name string) ([]*Space, error) {
	names, err := v.allNamespaces(keys)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(names, name) {
		return nil, fmt.Errorf("namespace %s: %w", name, ErrNotFound)
	}
	var out []*Space
	for _, n := range names {
		if n != name && !strings.HasPrefix(n, name+"/") {
			continue
		}
		s, err := v.Space(keys, n)
		if err != nil {
			return nil, err
		}
		if n == name || !s.policy.Isolated {
			out = append(out, s)
		}
	}
	return out, nil
}

// Grant lets a principal read a namespace and those below it, and write when it says so. With the
// user key held, that can be given on too; without, Grant.User is ErrNeedsUser.
func (v *Vault) Grant(ctx context.Context, keys *Keys, name string, g Grant) error {
	if err := g.Principal.Check(); err != nil || g.Principal == authority.Owner {
		return fmt.Errorf("grant to %q: %w", string(g.Principal), ErrMalformed)
	}
	if _, err := v.opts.recipient(g.Recipient); err != nil {
		return err
	}
	return v.amend(ctx, keys, func(a *amendment) error {
		spaces, err := v.covered(keys, name)
		if err != nil {
			return err
		}
		for _, s := range spaces {
			if err := a.grant(s, &g); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *amendment) grant(s *Space, g *Grant) error {
	p := s.policy.Clone()
	narrower := false // than what the principal had: only a new key takes it away
	for _, r := range p.Readers {
		if r.Principal == g.Principal {
			narrower = r.Recipient != g.Recipient || r.User && !g.User
		}
	}
	p.Readers = slices.DeleteFunc(p.Readers, func(r authority.Reader) bool { return r.Principal == g.Principal })
	p.Writers = slices.DeleteFunc(p.Writers, func(w authority.Principal) bool { return w == g.Principal })
	r := authority.Reader{Principal: g.Principal, Recipient: g.Recipient, User: g.User, From: 1}
	if g.Write {
		p.Writers = append(p.Writers, g.Principal)
	}
	if err := a.cutWriters(s, p); err != nil {
		return err
	}
	if g.FromNow {
		r.From = p.Last().E + 1
		p.Readers = append(p.Readers, r)
		return a.newSpaceEpoch(p)
	}
	p.Readers = append(p.Readers, r)
	if err := a.loadEpochs(s, g.User); err != nil {
		return err
	}
	for i := range p.Epochs {
		if err := a.wrapReader(p, p.Epochs[i].E, &r); err != nil {
			return err
		}
	}
	if narrower {
		return a.newSpaceEpoch(p)
	}
	return a.writePolicy(p, s.held.epochs[p.Last().E].nsk)
}

// cutWriters keeps what devices have written until now that may write under the policy of s and not
// under p any more: what was acknowledged stays, and what comes after does not count.
func (a *amendment) cutWriters(s *Space, p *authority.Policy) error {
	for _, id := range sortedIDs(a.v.manifest.Devices) {
		d, err := a.v.Device(id)
		if err != nil {
			return err
		}
		before, err := a.v.mayWrite(s.policy, d, a.v.manifest.Roles)
		if err != nil {
			return err
		}
		after, err := a.v.mayWrite(p, d, a.next.Roles)
		if err != nil {
			return err
		}
		if d.Removed || !before || after {
			continue
		}
		last, err := s.lastOf(id)
		if err != nil {
			return err
		}
		p.Cut[id] = last
	}
	return nil
}

// mayWrite reports whether a device may write under a policy: its holder, or a role that its holder is
// a member of.
func (v *Vault) mayWrite(p *authority.Policy, d *authority.Device, roles map[objectid.ID]authority.Digest) (bool, error) {
	if p.MayWrite(d) {
		return true, nil
	}
	for _, w := range p.Writers {
		id, ok := w.Role()
		digest, listed := roles[id]
		if !ok || !listed {
			continue
		}
		r, err := v.roleAt(id, digest)
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(r.Members, func(m authority.Member) bool { return m.Principal == d.Holder }) {
			return true, nil
		}
	}
	return false, nil
}

// loadEpochs opens the keys of all epochs of a namespace, those of credentials too if user is set.
func (a *amendment) loadEpochs(s *Space, user bool) error {
	for i := range s.policy.Epochs {
		n := s.policy.Epochs[i].E
		if _, err := s.secrets(n); err != nil {
			return err
		}
		if !user {
			continue
		}
		key, err := s.credentialKey(n)
		if err != nil {
			return err
		}
		clear(key)
	}
	return nil
}

// Exposed names a secret that somebody who lost access could read.
type Exposed struct {
	Namespace string
	Path      string
}

// Revoke takes a namespace and those below it from a principal. What is written from now on it cannot
// open; what it could read before it may have kept, so the secrets are marked as compromised and
// listed, to be changed.
func (v *Vault) Revoke(ctx context.Context, keys *Keys, name string, who authority.Principal) ([]Exposed, error) {
	var changed []string
	err := v.amend(ctx, keys, func(a *amendment) error {
		spaces, err := v.covered(keys, name)
		if err != nil {
			return err
		}
		for _, s := range spaces {
			did, err := a.revoke(s, func(r *authority.Reader) bool { return r.Principal != who }, who)
			if err != nil {
				return err
			}
			if did {
				changed = append(changed, s.name)
			}
		}
		if len(changed) == 0 {
			return fmt.Errorf("%s has no grant on %s: %w", who, name, ErrNotFound)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return v.markExposed(ctx, keys, changed)
}

// revoke keeps only some readers, under a new key.
func (a *amendment) revoke(s *Space, keep func(*authority.Reader) bool, writer authority.Principal) (did bool, err error) {
	p := s.policy.Clone()
	before := len(p.Readers) + len(p.Writers)
	p.Readers = slices.DeleteFunc(p.Readers, func(r authority.Reader) bool { return !keep(&r) })
	p.Writers = slices.DeleteFunc(p.Writers, func(w authority.Principal) bool { return w == writer })
	if err := a.cutWriters(s, p); err != nil {
		return false, err
	}
	if len(p.Readers)+len(p.Writers) == before {
		return false, nil
	}
	return true, a.newSpaceEpoch(p)
}

// markExposed marks all secrets of some namespaces as compromised from now on.
func (v *Vault) markExposed(ctx context.Context, keys *Keys, names []string) ([]Exposed, error) {
	var out []Exposed
	since := v.opts.Now().Unix()
	for _, name := range names {
		s, err := v.Space(keys, name)
		if err != nil {
			return out, err
		}
		list, err := s.List(false)
		if err != nil {
			return out, err
		}
		var changes []Change
		for _, x := range list {
			m := x.Meta
			if m.CompromisedSince == 0 {
				m.CompromisedSince = since
			}
			changes = append(changes, Change{Type: vlog.Meta, Meta: m, Of: x})
			out = append(out, Exposed{name, x.Path})
		}
		if len(changes) == 0 {
			continue
		}
		if _, err := s.Commit(ctx, changes); err != nil {
			return out, err
		}
	}
	return out, nil
}

// SetMeta changes what is said of a secret, not its value.
func (s *Space) SetMeta(ctx context.Context, x *Version, change func(*Meta)) (*Committed, error) {
	m := x.Meta
	change(&m)
	return s.Commit(ctx, []Change{{Type: vlog.Meta, Meta: m, Of: x}})
}

// Delete marks a secret as deleted.
func (s *Space) Delete(ctx context.Context, x *Version) (*Committed, error) {
	return s.Commit(ctx, []Change{{Type: vlog.Del, Meta: Meta{Path: x.Path, Kind: x.Kind, Scope: x.Scope}}})
}

// State is how a secret stands.
type State string

// The states, of which the first that holds is given.
const (
	StateDeleted     State = "deleted"
	StateConflict    State = "conflict"
	StateCompromised State = "compromised"
	StateExpired     State = "expired"
	StateDue         State = "due"
	StateOK          State = "ok"
)

// State is how a version stands at a time.
func (x *Version) State(now time.Time) State {
	switch {
	case x.Deleted:
		return StateDeleted
	case x.Conflict:
		return StateConflict
	case x.CompromisedSince != 0:
		return StateCompromised
	case x.Expired(now):
		return StateExpired
	case x.DueAt() != 0 && x.DueAt() <= now.Unix():
		return StateDue
	}
	return StateOK
}

// Expired reports whether a version must not be used any more.
func (x *Version) Expired(now time.Time) bool {
	return x.NotAfter != 0 && x.NotAfter <= now.Unix()
}

// DueAt is when a secret is to be changed, in seconds since 1970; 0 is never.
func (x *Version) DueAt() int64 {
	if x.RotateEvery == 0 {
		return 0
	}
	from := x.LastRotated
	if from == 0 {
		from = x.Created
	}
	return from + x.RotateEvery
}
