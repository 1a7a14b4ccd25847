package witness

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/audit/checkpoint"
	"kai/internal/canon"
	"kai/internal/durable"
)

// lockName is the lock file of a memory's directory.
const lockName = "lock"

// Files is a Memory of one file a log, in a directory that holds nothing else. It
// is locked from OpenFiles to Close.
type Files struct {
	dir  *durable.Dir
	held *durable.Held
}

var _ Memory = (*Files)(nil)

// state is the content of a file.
type state struct {
	Origin  string `json:"origin"`
	Root    string `json:"root"` // standard base64
	Size    uint64 `json:"size"`
	Version int    `json:"v"`
}

// OpenFiles takes the lock of a memory's directory, which may be empty. While
// others hold it, it asks again every poll until ctx ends; with a poll of zero it
// asks once. The error is durable.ErrLocked or of the file system.
func OpenFiles(ctx context.Context, dir *durable.Dir, poll time.Duration) (*Files, error) {
	held, err := dir.Lock(ctx, lockName, poll)
	if err != nil {
		return nil, fmt.Errorf("witness memory: %w", err)
	}
	return &Files{dir: dir, held: held}, nil
}

// Close gives the lock back. The memory must not be used any more.
func (f *Files) Close() error { return f.held.Unlock() }

// Load reads the file of an origin. The error is ErrMemory for a file that is not
// what Store wrote for this origin, or of the file system.
func (f *Files) Load(origin string) (size uint64, root tlog.Hash, known bool, err error) {
	name := fileName(origin)
	data, err := f.dir.ReadFile(name, maxState)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, tlog.Hash{}, false, nil
	}
	if err != nil {
		return 0, tlog.Hash{}, false, fmt.Errorf("%w: %w", ErrMemory, err)
	}
	var s state
	if err := canon.Unmarshal(data, &s); err != nil {
		return 0, tlog.Hash{}, false, fmt.Errorf("%w: %s: %w", ErrMemory, name, err)
	}
	root, err = tlog.ParseHash(s.Root)
	if err != nil || root.String() != s.Root || s.Version != 1 || s.Origin != origin || s.Size > checkpoint.MaxSize {
		return 0, tlog.Hash{}, false, fmt.Errorf("%w: %s: not the state of %q", ErrMemory, name, origin)
	}
	return s.Size, root, true, nil
}

// Store writes the file of an origin, whole or not at all, and is durable when it
// returns nil. A size below the stored one is refused with ErrRollback and another
// root of the same size with ErrFork: neither is ever meant. Other errors are those
// of Load and of the file system.
func (f *Files) Store(origin string, size uint64, root tlog.Hash) error {
	before, last, known, err := f.Load(origin)
	switch {
	case err != nil:
		return err
	case known && size < before:
		return &ConflictError{Size: before, Rollback: true}
	case known && size == before && root != last:
		return fmt.Errorf("%w: %q at size %d", ErrFork, origin, size)
	}
	data, err := canon.Marshal(state{Origin: origin, Root: root.String(), Size: size, Version: 1})
	if err != nil {
		return fmt.Errorf("witness memory of %q: %w", origin, err)
	}
	if err := f.dir.WriteFile(fileName(origin), data, 0o600); err != nil {
		return fmt.Errorf("witness memory of %q: %w", origin, err)
	}
	return nil
}

// fileName is where the state of an origin is: origins are not file names.
func fileName(origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return hex.EncodeToString(sum[:]) + ".json"
}
