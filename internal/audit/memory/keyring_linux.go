package memory

import (
	"encoding/binary"
	"errors"
	"fmt"

	"kai/internal/audit"
	"kai/internal/keyctl"
)

// keyringSize is how long a payload of ours is.
const keyringSize = 8 + 32

// Keyring remembers heads in the user keyring.
type Keyring struct{}

// Name implements audit.Memory.
func (Keyring) Name() string { return "keyring" }

// Available reports whether the kernel lets us look into the user keyring. Containers often do
// not.
func (Keyring) Available() error { return keyctl.User(func(keyctl.Ring) error { return nil }) }

// Load implements audit.Memory.
func (Keyring) Load(logID string) (head audit.Head, ok bool, err error) {
	err = keyctl.User(func(ring keyctl.Ring) error {
		key, err := ring.Find(description(logID))
		if errors.Is(err, keyctl.ErrNoKey) {
			return nil
		}
		if err != nil {
			return err
		}
		var b [keyringSize]byte
		n, err := ring.Read(key, b[:])
		if err != nil {
			return err
		}
		if n != keyringSize {
			return nil
		}
		head = audit.Head{LogID: logID, N: binary.BigEndian.Uint64(b[:])}
		copy(head.Root[:], b[8:])
		ok = true
		return nil
	})
	if err != nil {
		return audit.Head{}, false, fmt.Errorf("keyring: %w", err)
	}
	return head, ok, nil
}

// Store implements audit.Memory.
func (Keyring) Store(head audit.Head) error {
	b := binary.BigEndian.AppendUint64(nil, head.N)
	b = append(b, head.Root[:]...)
	err := keyctl.User(func(ring keyctl.Ring) error {
		_, err := ring.Set(description(head.LogID), b) // in place, if it is there
		return err
	})
	if err != nil {
		return fmt.Errorf("keyring: %w", err)
	}
	return nil
}

// Forget removes what is remembered of a log.
func (Keyring) Forget(logID string) error {
	err := keyctl.User(func(ring keyctl.Ring) error { return ring.Revoke(description(logID)) })
	if err != nil {
		return fmt.Errorf("keyring: %w", err)
	}
	return nil
}

func description(logID string) string { return "kai:audit:" + logID }
