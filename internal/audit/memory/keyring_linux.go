package memory

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"

	"kai/internal/audit"
)

// keyType is that of keys whose payload user space reads and writes; keyringSize that of ours.
const (
	keyType     = "user"
	keyringSize = 8 + 32
)

// Keyring remembers heads in the user keyring.
type Keyring struct{}

// Name implements audit.Memory.
func (Keyring) Name() string { return "keyring" }

// Available reports whether the kernel lets us look into the user keyring. Containers often do
// not.
func (Keyring) Available() error { return withUserKeyring(func(int) error { return nil }) }

// Load implements audit.Memory.
func (Keyring) Load(logID string) (head audit.Head, ok bool, err error) {
	err = withUserKeyring(func(ring int) error {
		id, err := unix.KeyctlSearch(ring, keyType, description(logID), 0)
		if errors.Is(err, unix.ENOKEY) {
			return nil
		}
		if err != nil {
			return err
		}
		var b [keyringSize]byte
		n, err := unix.KeyctlBuffer(unix.KEYCTL_READ, id, b[:], 0)
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
	err := withUserKeyring(func(ring int) error {
		_, err := unix.AddKey(keyType, description(head.LogID), b, ring) // in place, if it is there
		return err
	})
	if err != nil {
		return fmt.Errorf("keyring: %w", err)
	}
	return nil
}

// Forget removes what is remembered of a log.
func (Keyring) Forget(logID string) error {
	err := withUserKeyring(func(ring int) error {
		id, err := unix.KeyctlSearch(ring, keyType, description(logID), 0)
		if errors.Is(err, unix.ENOKEY) {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = unix.KeyctlInt(unix.KEYCTL_UNLINK, id, ring, 0, 0)
		return err
	})
	if err != nil {
		return fmt.Errorf("keyring: %w", err)
	}
	return nil
}

func description(logID string) string { return "kai:audit:" + logID }

// withUserKeyring lets f use the user keyring. A process whose session keyring does not lead to
// it, as under sudo or in a service, possesses it only through a keyring that it has: the one of
// its thread, which must stay the same meanwhile.
func withUserKeyring(f func(ring int) error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	_, err := unix.KeyctlInt(unix.KEYCTL_LINK, unix.KEY_SPEC_USER_KEYRING, unix.KEY_SPEC_THREAD_KEYRING, 0, 0)
	if err != nil {
		return err
	}
	return f(unix.KEY_SPEC_USER_KEYRING)
}
