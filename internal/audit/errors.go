package audit

import (
	"errors"
	"fmt"
	"io/fs"
)

var (
	// ErrNotExist means that there is no log yet. It is also an fs.ErrNotExist.
	ErrNotExist error = missing{}

	// ErrTampered means that what was written is not there as it was written; it comes as a
	// *TamperError. Nothing is appended to such a log before it is repaired.
	ErrTampered = errors.New("audit log tampered with")

	// ErrRollback means that the log is older than what is remembered of it, or another one; it
	// comes as a *RollbackError.
	ErrRollback = errors.New("audit log rolled back")

	// ErrDiskFull means that there was no room; the event was not recorded.
	ErrDiskFull = errors.New("no room for the audit log")

	// ErrUnusable means that a sync of the log has failed, after which this Log writes no more.
	ErrUnusable = errors.New("audit log cannot be written any more by this process")

	// ErrVersion means that a newer kai has made the log.
	ErrVersion = errors.New("audit log of another version")

	// ErrMalformed means that a file of the log is not one.
	ErrMalformed = errors.New("malformed")

	// ErrNotFound means that the log has no such event.
	ErrNotFound = errors.New("no such event")

	// ErrNoKey means that the key of an epoch cannot be opened, so that no MAC can be checked.
	ErrNoKey = errors.New("no key opens the epoch")

	// ErrPermission means that a file of the log is open to others, or no plain file.
	ErrPermission = errors.New("not a file of its owner alone")

	// ErrPruned means that the lines were removed; their hashes are still there.
	ErrPruned = errors.New("event was pruned")
)

type missing struct{}

func (missing) Error() string        { return "no audit log yet" }
func (missing) Is(target error) bool { return target == fs.ErrNotExist }

// TamperError says what was found. It is an ErrTampered.
type TamperError struct {
	N     uint64 // of the event
	Check Check
	Text  string
}

func (e *TamperError) Error() string {
	return fmt.Sprintf("audit log: event %d: %s: %s", e.N, e.Check, e.Text)
}

// Is makes every TamperError an ErrTampered.
func (e *TamperError) Is(target error) bool { return target == ErrTampered }

// Hint is the next command.
func (e *TamperError) Hint() string { return "kai audit verify" }

// RollbackError says which memory knows better. It is an ErrRollback.
type RollbackError struct {
	Memory string
	Text   string
}

func (e *RollbackError) Error() string {
	return fmt.Sprintf("audit log: memory %s: %s", e.Memory, e.Text)
}

// Is makes every RollbackError an ErrRollback.
func (e *RollbackError) Is(target error) bool { return target == ErrRollback }

// Hint is the next command.
func (e *RollbackError) Hint() string { return "kai audit verify" }
