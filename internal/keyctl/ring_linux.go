package keyctl

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	keyType   = "user"    // of keys whose payload user space reads and writes
	coverType = "keyring" // of the keyring around each key, by the same description
	ownerOnly = 0x3f << 16
)

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

// Find returns the key of that description. Errors are ErrNoKey, ErrExpired, ErrRevoked and
// ErrForeign.
func (r Ring) Find(description string) (Key, error) {
	return r.find(keyType, description)
}

// Set makes a key, or gives an existing one a new payload. Either way it has no timeout then. The
// kernel allows an ordinary user 200 keys, of which this takes two, and 20,000 bytes: EDQUOT.
func (r Ring) Set(description string, payload []byte) (Key, error) {
	k, err := r.Find(description)
	if err == nil {
		_, err := unix.KeyctlBuffer(unix.KEYCTL_UPDATE, int(k), payload, 0)
		return k, named(err)
	}
	// A cover is whole before it is linked, and takes the place of an older one. It is freed when
	// nothing leads to it.
	cover, err := unix.AddKey(coverType, description, nil, unix.KEY_SPEC_THREAD_KEYRING)
	if err != nil {
		return 0, named(err)
	}
	id, err := unix.AddKey(keyType, description, payload, cover)
	if err == nil {
		err = unix.KeyctlSetperm(cover, ownerOnly)
	}
	if err == nil {
		_, err = unix.KeyctlInt(unix.KEYCTL_LINK, cover, r.id, 0, 0)
	}
	_, unlinked := unix.KeyctlInt(unix.KEYCTL_UNLINK, cover, unix.KEY_SPEC_THREAD_KEYRING, 0, 0)
	return Key(id), named(errors.Join(err, unlinked))
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

// Revoke makes a key useless wherever it is linked to, at once, and takes it out of the ring. Without
// such a key it does nothing.
func (r Ring) Revoke(description string) error {
	var errs []error
	k, err := r.Find(description)
	if err == nil {
		_, err = unix.KeyctlInt(unix.KEYCTL_REVOKE, int(k), 0, 0, 0)
	}
	if !Absent(err) {
		errs = append(errs, named(err))
	}
	cover, err := r.find(coverType, description)
	if err == nil {
		_, err = unix.KeyctlInt(unix.KEYCTL_UNLINK, int(cover), r.id, 0, 0)
	}
	if !Absent(err) {
		errs = append(errs, named(err))
	}
	return errors.Join(errs...)
}

func (r Ring) find(kind, description string) (Key, error) {
	id, err := unix.KeyctlSearch(r.id, kind, description, 0)
	if err != nil {
		return 0, named(err)
	}
	// "user;1000;1000;3f010000;description"
	about, err := unix.KeyctlString(unix.KEYCTL_DESCRIBE, id)
	if err != nil {
		return 0, named(err)
	}
	parts := strings.SplitN(about, ";", 3)
	if len(parts) != 3 || parts[1] != strconv.Itoa(os.Geteuid()) {
		return 0, fmt.Errorf("%s: %w", about, ErrForeign)
	}
	return Key(id), nil
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
