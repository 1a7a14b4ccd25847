package vault

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"filippo.io/age"

	"kai/internal/canon"
	"kai/internal/durable"
	"kai/internal/secret"
	"kai/internal/vault/authority"
	"kai/internal/vault/derive"
	"kai/internal/vault/objectid"
)

// DefaultNamespace is made with the vault.
const DefaultNamespace = "default"

// NewSlot is a slot that was made for a vault.
type NewSlot struct {
	ID        objectid.ID
	File      []byte
	Recipient string // of the slot's age identity
}

// MakeSlot makes a slot for a vault whose first owner is root. sealLabel encrypts a label for it.
type MakeSlot func(vault objectid.ID, root ed25519.PublicKey, sealLabel func(label string) ([]byte, error)) (*NewSlot, error)

// Create makes a vault in an empty directory, with one slot for each of slots, the namespace default
// and this machine as its device. It returns the keys, as Unlock would. An existing vault is
// ErrExists.
//
// vault.json is written last: before that there is no vault, and what such an attempt has left is
// removed by the next.
func Create(ctx context.Context, dir *durable.Dir, opts Options, slots ...MakeSlot) (*Vault, *Keys, error) {
	if err := mkdirs(dir, localDir); err != nil {
		return nil, nil, err
	}
	held, err := dir.Lock(ctx, lockFile, lockPoll)
	if err != nil {
		return nil, nil, err
	}
	defer held.Unlock()
	if _, err := dir.Lstat(rootFile); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = ErrExists
		}
		return nil, nil, err
	}
	if err := clearUnfinished(dir); err != nil {
		return nil, nil, err
	}
	if err := mkdirs(dir, adminDir, slotDir, deviceDir, roleDir, spaceDir, indexDir, quarantineDir); err != nil {
		return nil, nil, err
	}
	id, err := objectid.New(opts.Random)
	if err != nil {
		return nil, nil, err
	}
	root, err := randomSecret(opts.Random)
	if err != nil {
		return nil, nil, err
	}
	v := &Vault{
		dir: dir, locking: dir.NewLock(lockFile), opts: opts, id: id, manifest: &authority.Manifest{Vault: id}, roll: rollFile, epochRecords: epochRecords,
		devices: map[objectid.ID]*authority.Device{}, policies: map[objectid.ID]*authority.Policy{},
	}
	keys := &Keys{Principal: authority.Owner, rootEpoch: 1, root: root, spaces: map[objectid.ID]*spaceKeys{}}
	owner := ownerKey(root, id)
	v.root = owner.Public().(ed25519.PublicKey)
	a := &amendment{v: v, keys: keys, next: v.manifest}
	if err := a.firstEpoch(); err != nil {
		keys.Wipe()
		return nil, nil, err
	}
	for _, make := range slots {
		if err := a.addSlot(make); err != nil {
			keys.Wipe()
			return nil, nil, err
		}
	}
	if err := a.create(ctx); err != nil {
		keys.Wipe()
		return nil, nil, err
	}
	return v, keys, nil
}

// create writes the rest of a new vault.
func (a *amendment) create(ctx context.Context) error {
	v := a.v
	if err := a.newDevice(authority.Owner); err != nil {
		return err
	}
	if err := a.addSpace(DefaultNamespace, false, nil, []authority.Principal{authority.Owner}); err != nil {
		return err
	}
	if err := a.publish(); err != nil {
		return err
	}
	file, err := canon.Marshal(rootDocument{Root: authority.Bytes(v.root), Suite: suite, V: version, Vault: v.id})
	if err != nil {
		return err
	}
	return v.dir.CreateNew(rootFile, file, 0o400)
}

// amendment is a change of the documents of authority: new files first, then the manifest that lists
// them, so that it happens whole or not at all. The lock is held by whoever makes one.
type amendment struct {
	v    *Vault
	keys *Keys
	next *authority.Manifest
	// undo puts the keys back when it is not published, the last first.
	undo []func()
	// published is called once there is no way back, for what must not be seen before; nil: nothing to do.
	published func() error
}

// amend changes the documents of authority. It refuses while there are two heads.
func (v *Vault) amend(ctx context.Context, keys *Keys, change func(*amendment) error) error {
	if err := keys.mayAmend(); err != nil {
		return err
	}
	held, err := v.lock(ctx)
	if err != nil {
		return err
	}
	defer held.Unlock()
	return v.amendHeld(keys, change)
}

// mayAmend reports whether the keys are those of an owner who writes.
func (k *Keys) mayAmend() error {
	switch {
	case !k.IsOwner():
		return fmt.Errorf("only owners change who may do what: %w", ErrDenied)
	case k.device == nil:
		return ErrReadOnly
	}
	return nil
}

// mayAmend reports whether the documents of authority, as they were read last, can be changed.
func (v *Vault) mayAmend(keys *Keys) error {
	if err := keys.mayAmend(); err != nil {
		return err
	}
	if len(v.heads) > 1 {
		return ErrTwoHeads
	}
	if v.manifest.Last().E != keys.rootEpoch {
		return fmt.Errorf("the root key was changed: unlock the vault anew: %w", ErrDenied)
	}
	return nil
}

// amendHeld is amend with the lock held.
func (v *Vault) amendHeld(keys *Keys, change func(*amendment) error) error {
	if err := v.reread(keys); err != nil {
		return err
	}
	if err := v.mayAmend(keys); err != nil {
		return err
	}
	a := &amendment{v: v, keys: keys, next: v.manifest.Clone()}
	a.next.Parents, a.next.Rev = []authority.Digest{v.heads[0].Digest}, v.heads[0].Rev+1
	err := change(a)
	if err == nil {
		err = a.publish()
	}
	if err != nil {
		a.takeBack()
	}
	return err
}

// takeBack puts the keys back.
func (a *amendment) takeBack() {
	for _, undo := range slices.Backward(a.undo) {
		undo()
	}
}

// publish signs the manifest and writes it.
func (a *amendment) publish() error {
	v := a.v
	if a.next.Rev == 0 {
		a.next.Rev = 1
	}
	a.next.At, a.next.Dev = v.opts.Now().Unix(), a.keys.device.id
	file, err := a.next.Sign(a.keys.owner(v.id), a.keys.root.Expose())
	if err != nil {
		return err
	}
	if len(file) > authority.MaxFile {
		return fmt.Errorf("manifest: %w", ErrTooLarge)
	}
	m, err := authority.ParseManifest(file, v.id, v.root)
	if err != nil {
		return err
	}
	if err := v.dir.CreateNew(path.Join(adminDir, m.Name()), file, 0o600); err != nil {
		return err
	}
	v.heads, v.manifest = []*authority.Signed{m}, m.Manifest.Clone()
	clear(v.policies)
	clear(v.devices)
	if v.known == nil {
		v.known = map[authority.Digest]bool{}
	}
	v.known[m.Digest], v.admin = true, "" // read anew when it is asked for
	a.undo = nil
	if a.published != nil {
		if err := a.published(); err != nil {
			return err
		}
	}
	// It is done: what goes wrong from here on does not undo it.
	err = v.remember(a.keys, v.seenManifest())
	if err == nil {
		err = v.pruneManifests()
	}
	if err != nil {
		v.opts.warnf("after manifest %d: %v", m.Rev, err)
	}
	return nil
}

// pruneManifests removes all but the newest.
func (v *Vault) pruneManifests() error {
	entries, err := v.dir.ReadDir(adminDir)
	if err != nil {
		return err
	}
	names := manifestNames(entries)
	for len(names) > keptManifests {
		if err := v.dir.Remove(path.Join(adminDir, names[0])); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		names = names[1:]
	}
	return nil
}

// write writes a file that nothing lists yet.
func (a *amendment) write(name string, data []byte) (authority.Digest, error) {
	return authority.DigestOf(data), createSame(a.v.dir, name, data, 0o600)
}

// document writes dir/ID-H16.json.
func (a *amendment) document(dir string, id objectid.ID, file []byte) (authority.Digest, error) {
	d := authority.DigestOf(file)
	_, err := a.write(documentName(dir, id, d), file)
	return d, err
}

// newUser makes a user key.
func newUser() (user *secret.Bytes, recipient string, err error) {
	u, err := age.GenerateHybridIdentity()
	if err != nil {
		return nil, "", err
	}
	return secret.Take([]byte(u.String())), u.Recipient().String(), nil
}

// firstEpoch begins the epochs of the root key.
func (a *amendment) firstEpoch() error {
	user, recipient, err := newUser()
	if err != nil {
		return err
	}
	a.keys.user = user
	commit := derive.Commit(a.keys.root.Expose(), a.v.id, "vrk")
	a.next.Epochs = []authority.Epoch{{
		E: 1, Owner: authority.Bytes(a.v.root), User: recipient, Commit: commit[:],
	}}
	a.next.Slots = map[objectid.ID]authority.Digest{}
	a.next.Devices = map[objectid.ID]authority.Digest{}
	a.next.NS = map[objectid.ID]authority.Digest{}
	a.next.Roles = map[objectid.ID]authority.Digest{}
	return nil
}

// labelAAD is what the labels of slots and devices are bound to.
func labelAAD(vault objectid.ID, what string) []byte { return append([]byte(what+"\x00"), vault[:]...) }

func (a *amendment) sealLabel(what, label string) ([]byte, error) {
	sealed, err := sealUnder(a.keys.root, a.v.id, a.v.opts.Random, []byte(label), labelAAD(a.v.id, what), "label")
	return append(appendU32(nil, a.keys.rootEpoch), sealed...), err
}

// addSlot makes a slot and gives it the keys of the present epoch.
func (a *amendment) addSlot(make MakeSlot) error {
	s, err := make(a.v.id, a.v.root, func(label string) ([]byte, error) { return a.sealLabel("slot", label) })
	if err != nil {
		return err
	}
	d, err := a.document(slotDir, s.ID, s.File)
	if err != nil {
		return err
	}
	a.next.Slots[s.ID] = d
	return a.wrapForSlot(s.ID, s.Recipient)
}

func slotWrapName(id objectid.ID, epoch uint32, suffix string) string {
	return path.Join(slotDir, fmt.Sprintf("%s.%d.%s", id, epoch, suffix))
}

// wrapForSlot gives a slot root and user key of the newest epoch.
func (a *amendment) wrapForSlot(id objectid.ID, recipient string) error {
	to, err := age.ParseHybridRecipient(recipient)
	if err != nil {
		return err
	}
	e := a.next.Last().E
	for _, w := range []struct {
		suffix, name string
		key          *secret.Bytes
	}{{"vrk", "vrk", a.keys.root}, {"usr", "user", a.keys.user}} {
		if w.key == nil {
			return ErrNeedsUser
		}
		file, err := (&wrap{epoch: e, vault: a.v.id, of: "slot", id: id, name: w.name, key: w.key.Expose()}).seal(to)
		if err != nil {
			return err
		}
		// Not listed: what it opens to is compared with the manifest.
		if err := a.v.dir.WriteFile(slotWrapName(id, e, w.suffix), file, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// addSpace makes a namespace with its first key.
func (a *amendment) addSpace(name string, isolated bool, readers []authority.Reader, writers []authority.Principal) error {
	v := a.v
	id, err := objectid.New(v.opts.Random)
	if err != nil {
		return err
	}
	if err := mkdirs(v.dir, path.Join(spaceDir, id.String())); err != nil {
		return err
	}
	audit, err := randomSecret(v.opts.Random)
	if err != nil {
		return err
	}
	a.keys.spaces[id] = &spaceKeys{name: name, audit: audit, epochs: map[uint32]*epochSecrets{}}
	p := &authority.Policy{NSID: id, Isolated: isolated, Readers: readers, Writers: writers}
	return a.newSpaceEpoch(p)
}

// newSpaceEpoch gives a namespace new keys, wraps them for every reader, and writes its policy. The
// name and the audit key are sealed anew.
func (a *amendment) newSpaceEpoch(p *authority.Policy) error {
	v := a.v
	held := a.keys.spaces[p.NSID]
	nsk, err := randomSecret(v.opts.Random)
	if err != nil {
		return err
	}
	csk, err := randomSecret(v.opts.Random)
	if err != nil {
		return err
	}
	n := uint32(len(p.Epochs) + 1)
	if n > 1 {
		p.Start = a.lastRecords(p)
	}
	commit := derive.Commit(nsk.Expose(), v.id, "nsk")
	ccommit := derive.Commit(csk.Expose(), v.id, "csk")
	p.Epochs = append(p.Epochs, authority.KeyEpoch{E: n, Commit: commit[:], CCommit: ccommit[:], Root: a.next.Last().E, Wraps: map[string]authority.Digest{}})
	held.epochs[n] = &epochSecrets{nsk: nsk, csk: csk}
	// Somebody else may make that epoch instead.
	a.undo = append(a.undo, func() { delete(held.epochs, n) })
	if err := mkdirs(v.dir, epochDir(p.NSID, n)); err != nil {
		return err
	}
	if err := a.wrapForRoot(p, n); err != nil {
		return err
	}
	if err := a.wrapUser(p, n, a.next.Last().User); err != nil {
		return err
	}
	for i := range p.Readers {
		if err := a.wrapReader(p, n, &p.Readers[i]); err != nil {
			return err
		}
	}
	return a.writePolicy(p, nsk)
}

// writePolicy seals name and audit key under the newest key and writes the policy.
func (a *amendment) writePolicy(p *authority.Policy, nsk *secret.Bytes) (err error) {
	v, held := a.v, a.keys.spaces[p.NSID]
	if p.NameCT, err = sealUnder(nsk, v.id, v.opts.Random, []byte(held.name), spaceAAD("name", v.id, p.NSID), "name"); err != nil {
		return err
	}
	if p.AuditCT, err = sealUnder(nsk, v.id, v.opts.Random, held.audit.Expose(), spaceAAD("audit", v.id, p.NSID), "name"); err != nil {
		return err
	}
	file, err := p.Encode()
	if err != nil {
		return err
	}
	if len(file) > authority.MaxFile {
		return fmt.Errorf("policy: %w", ErrTooLarge)
	}
	d := authority.DigestOf(file)
	if _, err := a.write(policyName(p.NSID, d), file); err != nil {
		return err
	}
	a.next.NS[p.NSID] = d
	return nil
}

func spaceAAD(what string, vault, ns objectid.ID) []byte {
	return append(append([]byte(what+"\x00"), vault[:]...), ns[:]...)
}

func epochDir(ns objectid.ID, epoch uint32) string {
	return path.Join(spaceDir, ns.String(), fmt.Sprint(epoch))
}

// putWrap writes a wrapped key and lists it.
func (a *amendment) putWrap(p *authority.Policy, epoch uint32, name string, file []byte) error {
	e, d := &p.Epochs[epoch-1], authority.DigestOf(file)
	e.Wraps[name] = d
	at := path.Join(epochDir(p.NSID, e.Number()), name)
	if e.Of != 0 { // the name may be that of another head's
		at = Beside(at, d)
	}
	return a.v.dir.WriteFile(at, file, 0o600)
}

func rootWrapAAD(vault, ns objectid.ID, epoch uint32) []byte {
	return binary.LittleEndian.AppendUint32(spaceAAD("nsk", vault, ns), epoch)
}

// wrapForRoot seals a namespace's key under the root key.
func (a *amendment) wrapForRoot(p *authority.Policy, epoch uint32) error {
	v := a.v
	nsk := a.keys.spaces[p.NSID].epochs[epoch].nsk
	sealed, err := sealUnder(a.keys.root, v.id, v.opts.Random, nsk.Expose(), rootWrapAAD(v.id, p.NSID, epoch), "nsk", p.NSID.String())
	if err != nil {
		return err
	}
	rootEpoch := a.next.Last().E
	p.Epochs[epoch-1].Root = rootEpoch
	return a.putWrap(p, epoch, authority.RootWrap, append(binary.LittleEndian.AppendUint32(nil, rootEpoch), sealed...))
}

// wrapUser gives a recipient the key of credentials.
func (a *amendment) wrapUser(p *authority.Policy, epoch uint32, recipient string) error {
	return a.wrapKey(p, epoch, recipient, "csk", a.keys.spaces[p.NSID].epochs[epoch].csk, authority.UserSuffix)
}

// wrapReader gives a reader the keys they may have.
func (a *amendment) wrapReader(p *authority.Policy, epoch uint32, r *authority.Reader) error {
	if epoch < r.From {
		return nil
	}
	e := a.keys.spaces[p.NSID].epochs[epoch]
	if err := a.wrapKey(p, epoch, r.Recipient, "nsk", e.nsk, authority.KeySuffix); err != nil || !r.User {
		return err
	}
	return a.wrapUser(p, epoch, r.Recipient)
}

func (a *amendment) wrapKey(p *authority.Policy, epoch uint32, recipient, name string, key *secret.Bytes, suffix string) error {
	if key == nil {
		return ErrNeedsUser
	}
	// What is listed stays as it is: the policy of now counts until the next one is published.
	wrapped, number := recipientName(recipient)+suffix, p.Epochs[epoch-1].Number()
	if d, ok := p.Epochs[epoch-1].Wraps[wrapped]; ok {
		if _, err := a.v.listed(path.Join(epochDir(p.NSID, number), wrapped), d, maxSmall); err == nil {
			return nil
		}
	}
	to, err := a.v.opts.recipient(recipient)
	if err != nil {
		return err
	}
	file, err := (&wrap{epoch: number, vault: a.v.id, of: "ns", id: p.NSID, name: name, key: key.Expose()}).seal(to)
	if err != nil {
		return err
	}
	return a.putWrap(p, epoch, wrapped, file)
}
