package vault

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"

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
	digest, err := a.document(deviceDir, d.device.id, file)
	if err != nil {
		return err
	}
	a.next.Devices[d.device.id] = digest
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
