package vault

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"filippo.io/age"

	"kai/internal/secret"
	"kai/internal/vault/authority"
	"kai/internal/vault/derive"
	"kai/internal/vault/objectid"
)

func appendU32(b []byte, n uint32) []byte { return binary.LittleEndian.AppendUint32(b, n) }

func cutU32(b []byte) (n uint32, rest []byte, ok bool) {
	if len(b) < 4 {
		return 0, nil, false
	}
	return binary.LittleEndian.Uint32(b), b[4:], true
}

// Unlock opens the vault with the identity that a slot holds. The keys are an owner's.
//
// Errors are ErrTampered, ErrNotFound for a slot that is not listed, and ErrRollback.
func (v *Vault) Unlock(slot objectid.ID, who age.Identity) (*Keys, error) {
	return v.settled(func() (*Keys, error) { return v.unlock(slot, who) })
}

// settled unlocks anew when others have changed the vault since it was opened: somebody may have been
// asked for a password in between.
func (v *Vault) settled(unlock func() (*Keys, error)) (*Keys, error) {
	for {
		before := v.heads[0].Digest
		keys, err := unlock()
		if err == nil && v.heads[0].Digest == before {
			return keys, nil
		}
		if err != nil {
			entries, readErr := v.dir.ReadDir(adminDir)
			if readErr != nil || strings.Join(manifestNames(entries), "/") == v.admin || v.readManifests() != nil || v.heads[0].Digest == before {
				return nil, err
			}
		}
		keys.Wipe()
	}
}

func (v *Vault) unlock(slot objectid.ID, who age.Identity) (*Keys, error) {
	if _, ok := v.manifest.Slots[slot]; !ok {
		return nil, fmt.Errorf("slot %s: %w", slot, ErrNotFound)
	}
	e := v.manifest.Last()
	keys := &Keys{Principal: authority.Owner, rootEpoch: e.E, spaces: map[objectid.ID]*spaceKeys{}}
	var err error
	if keys.root, err = v.unwrapSlot(slot, e.E, "vrk", "vrk", who); err != nil {
		return nil, err
	}
	if commit := derive.Commit(keys.root.Expose(), v.id, "vrk"); [derive.Size]byte(e.Commit) != commit {
		keys.Wipe()
		return nil, fileError(slotWrapName(slot, e.E, "vrk"), fmt.Errorf("%w: another key than the manifest's", ErrTampered))
	}
	if keys.user, err = v.unwrapSlot(slot, e.E, "usr", "user", who); err == nil {
		err = checkUser(keys.user, e.User)
	}
	if err == nil {
		err = v.checkMACs(keys)
	}
	if err == nil {
		err = v.readDeviceKey(keys, nil)
	}
	if err == nil {
		err = v.checkMemory(keys, true)
	}
	if err != nil {
		keys.Wipe()
		return nil, err
	}
	return keys, nil
}

func checkUser(user *secret.Bytes, recipient string) error {
	id, err := age.ParseHybridIdentity(string(user.Expose()))
	if err != nil || id.Recipient().String() != recipient {
		return fmt.Errorf("user key: %w: another key than the manifest's", ErrTampered)
	}
	return nil
}

// checkMACs holds the manifests against the root key, for who has one: its owner must be that of its
// epoch, and the heads up to that epoch must have been made with it. Those after it follow it by
// their links.
func (v *Vault) checkMACs(keys *Keys) error {
	if keys.root == nil {
		return nil
	}
	if int(keys.rootEpoch) > len(v.manifest.Epochs) {
		return fileError(adminDir, fmt.Errorf("%w: epoch %d, where epoch %d is unlocked", ErrRollback, len(v.manifest.Epochs), keys.rootEpoch))
	}
	own := keys.owner(v.id).Public().(ed25519.PublicKey)
	if !own.Equal(ed25519.PublicKey(v.manifest.Epochs[keys.rootEpoch-1].Owner)) {
		return fileError(adminDir, fmt.Errorf("%w: epoch %d has another owner than the root key", ErrTampered, keys.rootEpoch))
	}
	for _, h := range v.heads {
		if h.Last().E > keys.rootEpoch {
			continue
		}
		root, err := v.rootAt(keys, h.Last().E)
		if err != nil {
			return err
		}
		err = h.CheckMAC(root.Expose())
		root.Wipe()
		if err != nil {
			return fileError(path.Join(adminDir, h.Name()), fmt.Errorf("%w: %w", ErrTampered, err))
		}
	}
	return nil
}

func (v *Vault) unwrapSlot(slot objectid.ID, epoch uint32, suffix, key string, who age.Identity) (*secret.Bytes, error) {
	name := slotWrapName(slot, epoch, suffix)
	file, err := v.dir.ReadFile(name, maxSmall)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fileError(name, fmt.Errorf("%w: it is missing", ErrTampered))
	}
	if err != nil {
		return nil, err
	}
	k, err := (&wrap{epoch: epoch, vault: v.id, of: "slot", id: slot, name: key}).open(file, who)
	if errors.Is(err, ErrDenied) {
		err = fmt.Errorf("%w: it is for another slot", ErrTampered)
	}
	if err != nil {
		return nil, fileError(name, err)
	}
	return k, nil
}

// rootAt is the root key of an epoch up to the one that is held. The caller wipes it.
func (v *Vault) rootAt(keys *Keys, epoch uint32) (*secret.Bytes, error) {
	if keys.root == nil {
		return nil, ErrDenied
	}
	if epoch > keys.rootEpoch && int(epoch) <= len(v.manifest.Epochs) {
		return nil, fmt.Errorf("the root key was changed: unlock the vault anew: %w", ErrDenied)
	}
	if epoch == 0 || epoch > keys.rootEpoch || int(keys.rootEpoch) > len(v.manifest.Epochs) {
		return nil, fmt.Errorf("%w: root key of epoch %d", ErrTampered, epoch)
	}
	k := keys.root.Clone()
	for e := keys.rootEpoch; e > epoch; e-- {
		b, err := openUnder(k, v.id, v.manifest.Epochs[e-1].Prev, labelAAD(v.id, "prev"), "prev")
		k.Wipe()
		if err != nil {
			return nil, err
		}
		k = secret.Take(b)
		if commit := derive.Commit(k.Expose(), v.id, "vrk"); [derive.Size]byte(v.manifest.Epochs[e-2].Commit) != commit {
			k.Wipe()
			return nil, fmt.Errorf("%w: root key of epoch %d", ErrTampered, e-1)
		}
	}
	return k, nil
}

// UnlockAs opens what was granted to whoever has the identity of a recipient, and to the roles it is
// a member of. It holds no root key. ErrDenied means that nothing was granted.
func (v *Vault) UnlockAs(recipient string, who age.Identity) (*Keys, error) {
	return v.settled(func() (*Keys, error) { return v.unlockAs(recipient, who) })
}

func (v *Vault) unlockAs(recipient string, who age.Identity) (*Keys, error) {
	keys := &Keys{Limited: true, spaces: map[objectid.ID]*spaceKeys{}}
	holders := []holder{{recipient, who}}
	roles, err := v.rolesOf(keys, recipient, who)
	if err != nil {
		return nil, err
	}
	holders = append(holders, roles...)
	for _, ns := range sortedIDs(v.manifest.NS) {
		p, err := v.Policy(ns)
		if err != nil {
			v.damage(keys, ns, err)
			continue
		}
		for i := range p.Readers {
			at := slices.IndexFunc(holders, func(h holder) bool { return h.recipient == p.Readers[i].Recipient })
			if at < 0 {
				continue
			}
			if at == 0 {
				keys.Principal = p.Readers[i].Principal
			}
			err := v.unwrapSpace(keys, p, &p.Readers[i], holders[at].who)
			if isDamage(err) {
				delete(keys.spaces, ns)
				v.damage(keys, ns, err)
				continue
			}
			if err != nil {
				keys.Wipe()
				return nil, err
			}
		}
	}
	if len(keys.spaces) == 0 {
		if err := keys.missing(); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("nothing in this vault: %w to %s", ErrDenied, recipient)
	}
	err = v.readDeviceKey(keys, who)
	if err == nil {
		err = v.checkMemory(keys, true)
	}
	if err != nil {
		keys.Wipe()
		return nil, err
	}
	return keys, nil
}

// holder is what opens a grant.
type holder struct {
	recipient string
	who       age.Identity
}

// rolesOf opens the keys of all roles that a recipient is a member of, of all their epochs.
func (v *Vault) rolesOf(keys *Keys, recipient string, who age.Identity) ([]holder, error) {
	var out []holder
	for _, id := range sortedIDs(v.manifest.Roles) {
		r, err := v.Role(id)
		if isDamage(err) {
			v.damage(keys, id, err)
			continue
		}
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(r.Members, func(m authority.Member) bool { return m.Recipient == recipient })
		if at < 0 {
			continue
		}
		keys.Principal = r.Members[at].Principal
		for i := range r.Epochs {
			e := &r.Epochs[i]
			if _, ok := e.Wraps[recipientName(recipient)+roleSuffix]; !ok {
				continue // not a member then
			}
			role, err := v.roleIdentity(r, e, recipient, who)
			if isDamage(err) {
				v.damage(keys, id, err)
				continue
			}
			if err != nil {
				return nil, err
			}
			out = append(out, holder{e.Recipient, role})
		}
	}
	return out, nil
}

// roleIdentity opens the key of a role's epoch that was wrapped for a member.
func (v *Vault) roleIdentity(r *authority.Role, e *authority.RoleEpoch, recipient string, who age.Identity) (age.Identity, error) {
	name := path.Join(roleEpochDir(r.ID, e.E), recipientName(recipient)+roleSuffix)
	file, err := v.listed(name, e.Wraps[recipientName(recipient)+roleSuffix], maxSmall)
	if err != nil {
		return nil, err
	}
	seed, err := (&wrap{epoch: e.E, vault: v.id, of: "role", id: r.ID, name: "seed"}).open(file, who)
	if err != nil {
		return nil, fileError(name, err)
	}
	defer seed.Wipe()
	// The library takes a string; it is not kept.
	role, err := age.ParseHybridIdentity(string(seed.Expose()))
	if err != nil || role.Recipient().String() != e.Recipient {
		return nil, fileError(name, ErrTampered)
	}
	return role, nil
}

const roleSuffix = ".age"

func roleEpochDir(id objectid.ID, epoch uint32) string {
	return path.Join(roleDir, id.String(), fmt.Sprint(epoch))
}

// unwrapSpace opens the keys of a namespace that were wrapped for a reader.
func (v *Vault) unwrapSpace(keys *Keys, p *authority.Policy, r *authority.Reader, who age.Identity) error {
	s := keys.space(p.NSID)
	rcpt := recipientName(r.Recipient)
	for i := range p.Epochs {
		e := &p.Epochs[i]
		nsk, err := v.unwrapListed(p, e, rcpt+authority.KeySuffix, "nsk", e.Commit, who)
		if err != nil {
			return err
		}
		if nsk == nil {
			continue
		}
		s.epoch(e.E).nsk.Wipe()
		s.epoch(e.E).nsk = nsk
		csk, err := v.unwrapListed(p, e, rcpt+authority.UserSuffix, "csk", e.CCommit, who)
		if err != nil {
			return err
		}
		if csk != nil {
			s.epoch(e.E).csk.Wipe()
			s.epoch(e.E).csk = csk
		}
	}
	last := s.epochs[p.Last().E]
	if last == nil || last.nsk == nil {
		delete(keys.spaces, p.NSID) // revoked, and only old keys are left: its name cannot be read
		return nil
	}
	return v.nameSpace(s, p, last.nsk)
}

// nameSpace opens name and audit key of a namespace.
func (v *Vault) nameSpace(s *spaceKeys, p *authority.Policy, nsk *secret.Bytes) error {
	name, err := openUnder(nsk, v.id, p.NameCT, spaceAAD("name", v.id, p.NSID), "name")
	if err != nil {
		return fmt.Errorf("name of namespace %s: %w", p.NSID, err)
	}
	audit, err := openUnder(nsk, v.id, p.AuditCT, spaceAAD("audit", v.id, p.NSID), "name")
	if err != nil || len(audit) != derive.Size {
		return fmt.Errorf("audit key of namespace %s: %w", p.NSID, ErrTampered)
	}
	s.name = string(name)
	s.audit.Wipe()
	s.audit = secret.Take(audit)
	return nil
}

// unwrapListed opens a wrapped key of a namespace and compares it with its commitment. It is nil when
// the policy lists none of that name.
func (v *Vault) unwrapListed(p *authority.Policy, e *authority.KeyEpoch, file, key string, commit authority.Bytes, who age.Identity) (*secret.Bytes, error) {
	d, ok := e.Wraps[file]
	if !ok {
		return nil, nil
	}
	name := path.Join(epochDir(p.NSID, e.Number()), file)
	data, err := v.listed(name, d, maxSmall)
	if err != nil {
		return nil, err
	}
	k, err := (&wrap{epoch: e.Number(), vault: v.id, of: "ns", id: p.NSID, name: key}).open(data, who)
	if err != nil {
		return nil, fileError(name, err)
	}
	if k.Len() != derive.Size || [derive.Size]byte(commit) != derive.Commit(k.Expose(), v.id, key) {
		k.Wipe()
		return nil, fileError(name, fmt.Errorf("%w: another key than the policy's", ErrTampered))
	}
	return k, nil
}
