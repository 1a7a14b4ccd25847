package vault

import (
	"errors"
	"fmt"
)

var (
	// ErrNoVault means that the directory holds no vault.
	ErrNoVault = errors.New("no vault")
	// ErrExists means that what was to be made is there already.
	ErrExists = errors.New("exists already")
	// ErrNotFound means that there is no such secret, namespace, version, slot, role or device.
	ErrNotFound = errors.New("not found")
	// ErrDenied means that the keys that are held do not open it, or may not write.
	ErrDenied = errors.New("not granted")
	// ErrTampered means that a file is not what an owner or a device of the vault has written.
	ErrTampered = errors.New("tampered with")
	// ErrRollback means that something is older than what this machine has seen.
	ErrRollback = errors.New("older than what was seen here")
	// ErrFork means that one device has written two different things in one place.
	ErrFork = errors.New("two different records of one device")
	// ErrConflict means that a condition of a change does not hold any more.
	ErrConflict = errors.New("changed meanwhile")
	// ErrTwoHeads means that two devices changed who may do what at once.
	ErrTwoHeads = errors.New("two devices changed the vault at once")
	// ErrMalformed means input that is none.
	ErrMalformed = errors.New("malformed")
	// ErrNewer means something that a later version has made.
	ErrNewer = errors.New("made by a newer kai")
	// ErrNeedsUser means that a credential needs the user key, and it is not held.
	ErrNeedsUser = errors.New("needs a factor within the last minutes")
	// ErrReadOnly means that no device key is held, so that nothing can be written.
	ErrReadOnly = errors.New("this session only reads")
	// ErrTooLarge means a value or list above its limit.
	ErrTooLarge = errors.New("too large")
)

// FileError says which file is wrong, and where.
type FileError struct {
	File   string // below the vault's directory
	Offset int64  // −1 for the whole
	Err    error
}

func (e *FileError) Error() string {
	if e.Offset < 0 {
		return fmt.Sprintf("vault/%s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("vault/%s at %d: %v", e.File, e.Offset, e.Err)
}

func (e *FileError) Unwrap() error { return e.Err }

func fileError(name string, err error) error { return &FileError{name, -1, err} }
