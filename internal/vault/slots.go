package vault

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"kai/internal/vault/authority"
	"kai/internal/vault/derive"
	"kai/internal/vault/objectid"
	"kai/internal/vault/slot"
)

// SlotInfo describes a slot.
type SlotInfo struct {
	ID      objectid.ID
	Types   []string // factors, all needed
	Label   string   // empty while the vault is locked
	Created time.Time
}

// Slot reads a slot.
func (v *Vault) Slot(id objectid.ID) (*slot.Slot, error) {
	file, err := v.SlotFile(id)
	if err != nil {
		return nil, err
	}
	s, err := slot.Parse(file)
	name := documentName(slotDir, id, v.manifest.Slots[id])
	switch {
	case errors.Is(err, slot.ErrNewer):
		return nil, fileError(name, ErrNewer)
	case errors.Is(err, slot.ErrLimits):
		return nil, fileError(name, err)
	case err != nil:
		return nil, fileError(name, fmt.Errorf("%w: %w", ErrTampered, err))
	case s.ID() != id:
		return nil, fileError(name, fmt.Errorf("%w: it is slot %s", ErrTampered, s.ID()))
	}
	return s, nil
}

// SlotInfos describes all slots, with their labels for owners.
func (v *Vault) SlotInfos(keys *Keys) ([]SlotInfo, error) {
	var out []SlotInfo
	for _, id := range v.Slots() {
		s, err := v.Slot(id)
		if err != nil {
			return nil, err
		}
		info := SlotInfo{ID: id, Types: s.Types(), Created: s.Created()}
		if sealed := s.LabelCiphertext(); keys != nil && keys.root != nil && len(sealed) > 0 {
			label, err := v.openLabel(keys, "slot", sealed)
			if err != nil {
				return nil, err
			}
			info.Label = label
		}
		out = append(out, info)
	}
	return out, nil
}

// openLabel opens a label, which may be sealed under an older root key: u32 epoch ‖ sealed.
func (v *Vault) openLabel(keys *Keys, what string, file []byte) (string, error) {
	epoch, sealed, ok := cutU32(file)
	if !ok {
		return "", fmt.Errorf("label of a %s: %w", what, ErrTampered)
	}
	root, err := v.rootAt(keys, epoch)
	if err != nil {
		return "", err
	}
	defer root.Wipe()
	b, err := openUnder(root, v.id, sealed, labelAAD(v.id, what), "label")
	if err != nil {
		return "", fmt.Errorf("label of a %s: %w", what, err)
	}
	return string(b), nil
}

// AddSlot adds a way to unlock the vault. It needs the user key.
func (v *Vault) AddSlot(ctx context.Context, keys *Keys, make MakeSlot) (id objectid.ID, err error) {
	if keys.user == nil && keys.IsOwner() {
		return id, ErrNeedsUser
	}
	// Made before the lock is taken: factors ask people.
	made, err := make(v.id, v.root, func(label string) ([]byte, error) {
		a := &amendment{v: v, keys: keys, next: v.manifest}
		return a.sealLabel("slot", label)
	})
	if err != nil {
		return id, err
	}
	return made.ID, v.amend(ctx, keys, func(a *amendment) error {
		if len(a.next.Slots) >= maxSlots {
			return fmt.Errorf("more than %d slots: %w", maxSlots, ErrTooLarge)
		}
		return a.addSlot(func(objectid.ID, ed25519.PublicKey, func(string) ([]byte, error)) (*NewSlot, error) { return made, nil })
	})
}

// RemoveSlot takes a way to unlock the vault away, and changes every key that it could open: the root
// key, the user key, and those of all namespaces. No secret is written anew. The keys become those of
// the new epoch. What the slot could open until now is listed: whoever kept a copy can still read it.
//
// The last slot is ErrConflict.
func (v *Vault) RemoveSlot(ctx context.Context, keys *Keys, id objectid.ID) ([]Exposed, error) {
	if _, ok := v.manifest.Slots[id]; !ok {
		return nil, fmt.Errorf("slot %s: %w", id, ErrNotFound)
	}
	err := v.amend(ctx, keys, func(a *amendment) error {
		if len(a.next.Slots) == 1 {
			return fmt.Errorf("the last slot: %w", ErrConflict)
		}
		delete(a.next.Slots, id)
		a.published = func() error {
			// Only now: until then the old root key must open it, and the new one does so too.
			if err := v.writeDeviceKey(keys, nil); err != nil {
				v.opts.warnf("%v", err)
			}
			v.sweepSlot(id)
			return nil
		}
		return a.newRootEpoch()
	})
	if err != nil {
		return nil, err
	}
	names, err := v.allNamespaces(keys)
	if err != nil {
		return nil, err
	}
	return v.markExposed(ctx, keys, names)
}

// newRootEpoch changes the root key, the user key, and the keys of all namespaces and roles.
func (a *amendment) newRootEpoch() error {
	v, keys := a.v, a.keys
	if keys.user == nil {
		return ErrNeedsUser
	}
	// All keys are opened while the old ones are at hand.
	if err := v.nameSpaces(keys); err != nil {
		return err
	}
	var spaces []*Space
	for _, id := range sortedIDs(a.next.NS) {
		held := keys.spaces[id]
		if held == nil {
			return fmt.Errorf("namespace %s: %w", id, ErrTampered)
		}
		s, err := v.Space(keys, held.name)
		if err != nil {
			return err
		}
		if err := a.loadEpochs(s, true); err != nil {
			return err
		}
		spaces = append(spaces, s)
	}
	root, err := randomSecret(v.opts.Random)
	if err != nil {
		return err
	}
	user, recipient, err := newUser()
	if err != nil {
		return err
	}
	before, old := a.next.Last(), keys.root
	owner := ownerKey(root, v.id)
	commit := derive.Commit(root.Expose(), v.id, "vrk")
	e := authority.Epoch{E: before.E + 1, Owner: authority.Bytes(owner.Public().(ed25519.PublicKey)), User: recipient, Commit: commit[:]}
	if e.Prev, err = sealUnder(root, v.id, v.opts.Random, old.Expose(), labelAAD(v.id, "prev"), "prev"); err != nil {
		return err
	}
	e.Link = authority.Link(ownerKey(old, v.id), v.id, &e)
	a.next.Epochs = append(a.next.Epochs, e)
	oldUser := keys.user
	keys.root, keys.rootEpoch, keys.user = root, e.E, user
	a.undo = append(a.undo, func() { keys.root, keys.rootEpoch, keys.user = old, before.E, oldUser })
	return a.spreadRoot(spaces, recipient)
}

// spreadRoot gives the new root and user keys to all slots and makes new keys of all namespaces.
func (a *amendment) spreadRoot(spaces []*Space, user string) error {
	v := a.v
	for _, id := range sortedIDs(a.next.Slots) {
		s, err := v.Slot(id)
		if err != nil {
			return err
		}
		if err := a.wrapForSlot(id, s.Recipient()); err != nil {
			return err
		}
	}
	roles, err := a.newRoleKeys()
	if err != nil {
		return err
	}
	for _, s := range spaces {
		p := s.policy.Clone()
		for i := range p.Epochs {
			if err := a.wrapUser(p, p.Epochs[i].E, user); err != nil {
				return err
			}
		}
		for i := range p.Readers {
			r := &p.Readers[i]
			recipient, ok := roles[r.Principal]
			if !ok {
				continue
			}
			r.Recipient = recipient
			for j := range p.Epochs {
				if err := a.wrapReader(p, p.Epochs[j].E, r); err != nil {
					return err
				}
			}
		}
		if err := a.newSpaceEpoch(p); err != nil {
			return err
		}
	}
	return nil
}

// newRoleKeys gives all roles new keys, which the root key until now does not open, and returns their
// recipients.
func (a *amendment) newRoleKeys() (map[authority.Principal]string, error) {
	recipients := map[authority.Principal]string{}
	for _, id := range sortedIDs(a.next.Roles) {
		r, err := a.v.Role(id)
		if err != nil {
			return nil, err
		}
		if err := a.newRoleEpoch(r); err != nil {
			return nil, err
		}
		recipients[authority.Principal(authority.RolePrefix+id.String())] = r.Last().Recipient
	}
	return recipients, nil
}

// sweepSlot removes the files of a slot that is not listed any more. Those of slots that no manifest
// lists yet may be another device's.
func (v *Vault) sweepSlot(id objectid.ID) {
	entries, err := v.dir.ReadDir(slotDir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), id.String()) {
			continue
		}
		if err := v.dir.Remove(path.Join(slotDir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			v.opts.warnf("%v", err)
		}
	}
}

// boundToDevice reports whether a slot type is bound to one device: with only such slots the vault is lost
// with it.
func boundToDevice(types []string) bool { return slices.Contains(types, slot.TypeDevice) }

// LastPortable reports whether a slot is the last one that is not bound to one device.
func (v *Vault) LastPortable(id objectid.ID) (bool, error) {
	portable := 0
	isPortable := false
	for _, other := range v.Slots() {
		s, err := v.Slot(other)
		if err != nil {
			return false, err
		}
		if !boundToDevice(s.Types()) {
			portable++
			isPortable = isPortable || other == id
		}
	}
	return isPortable && portable == 1, nil
}
