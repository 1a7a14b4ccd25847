package keyctl

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// keyType is that of keys whose payload user space reads and writes.
const keyType = "user"

// User lets f use the user keyring, and returns f's error or that there is none. f must not start
// goroutines that use the ring, and must not wait.
//
// Expected system calls: keyctl(KEYCTL_LINK, @u, @t), which makes the thread's keyring if it has
// none yet.
func User(f func(Ring) error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	_, err := unix.KeyctlInt(unix.KEYCTL_LINK, unix.KEY_SPEC_USER_KEYRING, unix.KEY_SPEC_THREAD_KEYRING, 0, 0)
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EOPNOTSUPP):
		return fmt.Errorf("%w: keyctl: %w", ErrUnavailable, err)
	case err != nil:
		return fmt.Errorf("user keyring: %w", err)
	}
	return f(Ring{unix.KEY_SPEC_USER_KEYRING})
}

// Find returns the key of that description. Errors are ErrNoKey, ErrExpired and ErrRevoked.
func (r Ring) Find(description string) (Key, error) {
	id, err := unix.KeyctlSearch(r.id, keyType, description, 0)
	return Key(id), named(err)
}

// Set makes a key, or gives an existing one, which may have expired, a new payload. Either way it
// has no timeout then. The kernel allows an ordinary user 200 keys and 20,000 bytes: EDQUOT.
func (r Ring) Set(description string, payload []byte) (Key, error) {
	id, err := unix.AddKey(keyType, description, payload, r.id)
	return Key(id), named(err)
}

// Read reads the payload into buf and returns how long it is, which is more than len(buf) when buf
// was too short. Then buf may be untouched.
func (r Ring) Read(k Key, buf []byte) (int, error) {
	n, err := unix.KeyctlBuffer(unix.KEYCTL_READ, int(k), buf, 0)
	return n, named(err)
}

// Timeout lets a key expire after d, at least a second from now, instead of whenever it would
// have. The kernel counts whole seconds of its calendar clock; a part of one counts as one.
func (r Ring) Timeout(k Key, d time.Duration) error {
	seconds := min(max((d+time.Second-1)/time.Second, 1), math.MaxInt32) // 0 would be for ever
	_, err := unix.KeyctlInt(unix.KEYCTL_SET_TIMEOUT, int(k), int(seconds), 0, 0)
	return named(err)
}

// Revoke makes a key useless wherever it is linked to, at once, and takes it out of the ring.
func (r Ring) Revoke(k Key) error {
	_, err := unix.KeyctlInt(unix.KEYCTL_REVOKE, int(k), 0, 0, 0)
	return errors.Join(named(err), r.Unlink(k))
}

// Unlink takes a key out of the ring. It is destroyed when nothing else links to it.
func (r Ring) Unlink(k Key) error {
	_, err := unix.KeyctlInt(unix.KEYCTL_UNLINK, int(k), r.id, 0, 0)
	return named(err)
}

// named puts our name to an error of the kernel.
func named(err error) error {
	switch {
	case errors.Is(err, unix.ENOKEY):
		return fmt.Errorf("%w: %w", ErrNoKey, err)
	case errors.Is(err, unix.EKEYEXPIRED):
		return fmt.Errorf("%w: %w", ErrExpired, err)
	case errors.Is(err, unix.EKEYREVOKED):
		return fmt.Errorf("%w: %w", ErrRevoked, err)
	}
	return err
}
