package vault

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"filippo.io/age"

	"kai/internal/secret"
	"kai/internal/vault/authority"
	"kai/internal/vault/derive"
	"kai/internal/vault/fields"
	"kai/internal/vault/objectid"
)

// local/device.key holds the fields dev, local and seed: the id, the key that authenticates what
// this machine remembers, and the Ed25519 seed. For owners it is sealed under HK(VRK, "local") with
// "device" 0x00 ‖ vault as additional data and u32 epoch of the root key before it; for others it is
// an age file to their identity.
const deviceFile = "local/device.key"

const ageMagic = "age-encryption.org/"

// newDevice makes the key of this machine, and its certificate.
func (a *amendment) newDevice(holder authority.Principal) error {
	d, file, err := a.v.makeDevice(holder)
	if err != nil {
		return err
	}
	a.keys.device, a.keys.local = d.device, d.local
	if err := a.listDevice(d.device.id, file); err != nil {
		return err
	}
	return a.v.writeDeviceKey(a.keys, nil)
}

// madeDevice is a new device key.
type madeDevice struct {
	device *deviceKey
	local  *secret.Bytes
}

// makeDevice makes a device key and the file of its certificate.
func (v *Vault) makeDevice(holder authority.Principal) (*madeDevice, []byte, error) {
	id, err := objectid.New(v.opts.Random)
	if err != nil {
		return nil, nil, err
	}
	seed, err := randomSecret(v.opts.Random)
	if err != nil {
		return nil, nil, err
	}
	local, err := randomSecret(v.opts.Random)
	if err != nil {
		return nil, nil, err
	}
	d := &deviceKey{id: id, seed: seed}
	cert := authority.Device{Dev: id, Pub: authority.Bytes(d.private().Public().(ed25519.PublicKey)), Holder: holder}
	file, err := cert.Encode()
	return &madeDevice{d, local}, file, err
}

// writeDeviceKey writes local/device.key, sealed under the root key or to a recipient.
func (v *Vault) writeDeviceKey(keys *Keys, to age.Recipient) error {
	plain, err := fields.Encode([]fields.Field{
		{Name: "dev", Value: keys.device.id[:]}, {Name: "local", Value: keys.local.Expose()}, {Name: "seed", Value: keys.device.seed.Expose()},
	})
	if err != nil {
		return err
	}
	defer plain.Wipe()
	var file []byte
	if to == nil {
		file, err = sealUnder(keys.root, v.id, v.opts.Random, plain.Expose(), labelAAD(v.id, "device"), "local")
		file = append(appendU32(nil, keys.rootEpoch), file...)
	} else {
		var out bytes.Buffer
		w, errEncrypt := age.Encrypt(&out, to)
		if err = errEncrypt; err == nil {
			_, err = w.Write(plain.Expose())
		}
		if err == nil {
			err = w.Close()
		}
		file = out.Bytes()
	}
	if err != nil {
		return err
	}
	return v.dir.WriteFile(deviceFile, file, 0o600)
}

// readDeviceKey reads local/device.key into keys. Where there is none, nothing can be written.
func (v *Vault) readDeviceKey(keys *Keys, who age.Identity) error {
	file, err := v.dir.ReadFile(deviceFile, maxSmall)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var plain *secret.Bytes
	switch {
	case bytes.HasPrefix(file, []byte(ageMagic)):
		if who == nil {
			return nil
		}
		r, err := age.Decrypt(bytes.NewReader(file), who)
		var noMatch *age.NoIdentityMatchError
		if errors.As(err, &noMatch) {
			return nil // somebody else's device
		}
		if err == nil {
			plain, err = secret.Read(r, maxSmall)
		}
		if err != nil {
			return fileError(deviceFile, fmt.Errorf("%w: %w", ErrTampered, err))
		}
	case keys.root == nil:
		return nil
	default:
		b, err := v.openDeviceKey(keys, file)
		if err != nil {
			return err
		}
		plain = secret.Take(b)
	}
	defer plain.Wipe()
	list, err := fields.Parse(plain.Expose())
	if err != nil {
		return fileError(deviceFile, fmt.Errorf("%w: %w", ErrTampered, err))
	}
	dev, _ := fields.Find(list, "dev")
	local, _ := fields.Find(list, "local")
	seed, _ := fields.Find(list, "seed")
	if len(dev) != objectid.Size || len(local) != derive.Size || len(seed) != ed25519.SeedSize {
		return fileError(deviceFile, ErrTampered)
	}
	keys.device = &deviceKey{id: objectid.ID(dev), seed: cloneSecret(seed)}
	keys.local = cloneSecret(local)
	return nil
}

// openDeviceKey opens an owner's device key, which may be sealed under an older root key.
func (v *Vault) openDeviceKey(keys *Keys, file []byte) ([]byte, error) {
	epoch, sealed, ok := cutU32(file)
	if !ok {
		return nil, fileError(deviceFile, ErrTampered)
	}
	root, err := v.rootAt(keys, epoch)
	if err != nil {
		return nil, fileError(deviceFile, err)
	}
	defer root.Wipe()
	b, err := openUnder(root, v.id, sealed, labelAAD(v.id, "device"), "local")
	if err != nil {
		return nil, fileError(deviceFile, err)
	}
	return b, nil
}

func cloneSecret(b []byte) *secret.Bytes {
	s := secret.New(len(b))
	copy(s.Expose(), b)
	return s
}

// DeviceRequest asks an owner to add a device.
type DeviceRequest struct {
	ID  objectid.ID
	Pub ed25519.PublicKey
}

// NewDevice makes a key for this machine, which may write once an owner has added it. Owners need
// nobody: it is added at once. For others it is sealed to the recipient by which their keys are
// unlocked.
//
// A machine that has a key already is ErrExists, unless replace is set, as after a restored copy.
func (v *Vault) NewDevice(ctx context.Context, keys *Keys, to age.Recipient, replace bool) (*DeviceRequest, error) {
	if _, err := v.dir.Lstat(deviceFile); err == nil && !replace {
		return nil, fmt.Errorf("device key of this machine: %w", ErrExists)
	}
	if !keys.IsOwner() {
		if to == nil {
			return nil, fmt.Errorf("device key: %w", ErrDenied)
		}
		held, err := v.lock(ctx)
		if err != nil {
			return nil, err
		}
		defer held.Unlock()
		d, _, err := v.makeDevice(keys.Principal)
		if err != nil {
			return nil, err
		}
		keys.device, keys.local = d.device, d.local
		if err := v.forgetSeen(); err != nil {
			return nil, err
		}
		return v.request(keys), v.writeDeviceKey(keys, to)
	}
	old, oldLocal := keys.device, keys.local
	d, file, err := v.makeDevice(authority.Owner)
	if err != nil {
		return nil, err
	}
	keys.device = d.device
	err = v.amend(ctx, keys, func(a *amendment) error {
		a.published = func() error { // until then the old key is the one that may write
			if err := v.forgetSeen(); err != nil {
				return err
			}
			keys.local = d.local
			return v.writeDeviceKey(keys, nil)
		}
		return a.listDevice(d.device.id, file)
	})
	if err != nil {
		keys.device, keys.local = old, oldLocal
		return nil, err
	}
	return v.request(keys), nil
}

func (v *Vault) request(keys *Keys) *DeviceRequest {
	return &DeviceRequest{keys.device.id, keys.device.private().Public().(ed25519.PublicKey)}
}

// forgetSeen removes what was remembered: under another device key, or of what was accepted. The lock is
// held.
func (v *Vault) forgetSeen() error {
	v.memo.close()
	err := v.dir.Remove(seenFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (a *amendment) listDevice(id objectid.ID, file []byte) error {
	if len(a.next.Devices) >= maxDevices {
		return fmt.Errorf("more than %d devices: %w", maxDevices, ErrTooLarge)
	}
	digest, err := a.document(deviceDir, id, file)
	if err != nil {
		return err
	}
	a.next.Devices[id] = digest
	return nil
}

// AddDevice lets a device write what its holder may write.
func (v *Vault) AddDevice(ctx context.Context, keys *Keys, r DeviceRequest, holder authority.Principal) error {
	if err := holder.Check(); err != nil {
		return err
	}
	return v.amend(ctx, keys, func(a *amendment) error {
		if _, ok := a.next.Devices[r.ID]; ok {
			return fmt.Errorf("device %s: %w", r.ID, ErrExists)
		}
		cert := authority.Device{Dev: r.ID, Pub: authority.Bytes(r.Pub), Holder: holder}
		file, err := cert.Encode()
		if err != nil {
			return err
		}
		return a.listDevice(r.ID, file)
	})
}

// RemoveDevice takes the right to write from a device. What it has written until now counts, or, with
// a cut, up to that sequence number in every namespace.
func (v *Vault) RemoveDevice(ctx context.Context, keys *Keys, id objectid.ID, cut *uint64) error {
	return v.amend(ctx, keys, func(a *amendment) error {
		cert, err := v.Device(id)
		if err != nil {
			return err
		}
		if id == keys.device.id {
			return fmt.Errorf("this device removes others, not itself: %w", ErrConflict)
		}
		names, err := v.allNamespaces(keys)
		if err != nil {
			return err
		}
		for _, name := range names {
			s, err := v.Space(keys, name)
			if err != nil {
				return err
			}
			last, err := s.lastOf(id)
			if err != nil {
				return err
			}
			if cut != nil {
				last = min(last, *cut)
			}
			p := s.policy.Clone()
			p.Cut[id] = last
			secrets, err := s.secrets(p.Last().E)
			if err != nil {
				return err
			}
			if err := a.writePolicy(p, secrets.nsk); err != nil {
				return err
			}
		}
		removed := *cert
		removed.Removed = true
		file, err := removed.Encode()
		if err != nil {
			return err
		}
		return a.listDevice(id, file)
	})
}

// lastOf is the last sequence number of a device that a checkpoint covers, 0 when there is none. Of a
// damaged log it is the last before the damage, which is told: nobody keeps the right to write by
// damaging what they wrote.
func (s *Space) lastOf(id objectid.ID) (uint64, error) {
	names, err := s.logNames()
	if err != nil {
		return 0, err
	}
	names = slices.DeleteFunc(names, func(n logName) bool { return n.dev != id })
	if len(names) == 0 {
		return 0, nil
	}
	if s.view == nil {
		s.view = &view{}
		defer func() { s.view = nil }()
	}
	l, err := s.openLog(names)
	if l != nil && err == nil {
		err = s.scan(l, 0, l.files[0].header.Start(), nil)
	}
	if errors.Is(err, ErrTampered) || errors.Is(err, ErrNewer) {
		s.v.opts.warnf("namespace %s: what device %s wrote after this does not count: %v", s.name, id, err)
		err = nil
	}
	if l == nil || err != nil {
		return 0, err
	}
	return max(l.end.Next, 1) - 1, nil
}

// Devices are the certificates of all devices, by id.
func (v *Vault) Devices() ([]*authority.Device, error) {
	var out []*authority.Device
	for _, id := range sortedIDs(v.manifest.Devices) {
		d, err := v.Device(id)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// ResolveHeads ends a state of several newest manifests: what the one says whose digest begins with
// the given text holds from now on, and what the others changed is dropped. Keys of namespaces that they
// had begun are kept, for the records that were written under them; new ones begin.
//
// The head must have the newest root key; otherwise it is ErrConflict.
func (v *Vault) ResolveHeads(ctx context.Context, keys *Keys, digest string) error {
	if !keys.IsOwner() || keys.device == nil {
		return ErrDenied
	}
	held, err := v.lock(ctx)
	if err != nil {
		return err
	}
	defer held.Unlock()
	if err := v.reread(keys); err != nil {
		return err
	}
	var chosen *authority.Signed
	next := authority.Manifest{}
	for _, h := range v.heads {
		if digest != "" && strings.HasPrefix(h.Digest.Short(), digest) {
			chosen = h
		}
		next.Parents = append(next.Parents, h.Digest)
		next.Rev = max(next.Rev, h.Rev+1)
	}
	switch {
	case len(v.heads) < 2:
		return fmt.Errorf("there is one newest manifest: %w", ErrNotFound)
	case chosen == nil:
		return fmt.Errorf("manifest %s: %w", digest, ErrNotFound)
	case chosen.Last().E != v.manifest.Last().E:
		return fmt.Errorf("manifest %s has an older root key than another head: %w", digest, ErrConflict)
	case chosen.Last().E != keys.rootEpoch:
		return fmt.Errorf("the root key was changed: unlock the vault anew: %w", ErrDenied)
	}
	parents, rev := next.Parents, next.Rev
	slices.SortFunc(parents, func(a, b authority.Digest) int { return bytes.Compare(a[:], b[:]) })
	a := &amendment{v: v, keys: keys, next: chosen.Clone()}
	a.next.Parents, a.next.Rev = parents, rev
	err = a.keepKeys(chosen)
	if err == nil {
		err = a.publish()
	}
	if err != nil {
		a.takeBack()
	}
	return err
}

// keepKeys keeps the keys that other heads have given namespaces of the chosen one.
func (a *amendment) keepKeys(chosen *authority.Signed) error {
	v := a.v.Under(chosen)
	for _, ns := range sortedIDs(chosen.NS) {
		p, err := v.Policy(ns)
		if err != nil {
			return err
		}
		p = p.Clone()
		before := len(p.Epochs)
		for _, h := range a.v.heads {
			if d, ok := h.NS[ns]; !ok || d == chosen.NS[ns] {
				continue
			}
			other, err := a.v.Under(h).Policy(ns)
			if err != nil {
				return err
			}
			for _, e := range other.Clone().Epochs {
				if slices.ContainsFunc(p.Epochs, func(o authority.KeyEpoch) bool { return bytes.Equal(o.Commit, e.Commit) }) {
					continue
				}
				e.E, e.Of = uint32(len(p.Epochs)+1), e.Number()
				p.Epochs = append(p.Epochs, e)
			}
		}
		if len(p.Epochs) == before {
			continue
		}
		if s := a.keys.spaces[ns]; s == nil || s.audit == nil {
			if err := v.openRootSpace(a.keys, ns); err != nil {
				return err
			}
		}
		a.keys.spaces[ns].match(p, v.id)
		if err := a.newSpaceEpoch(p); err != nil {
			return err
		}
	}
	return nil
}

// Sign signs a message as this device. The message begins with the name of what it is, as records and
// backups do, so that no signature can stand for another. ErrReadOnly means that no device key is held.
func (k *Keys) Sign(message []byte) ([]byte, error) {
	if k.device == nil {
		return nil, ErrReadOnly
	}
	return ed25519.Sign(k.device.private(), message), nil
}
