package home

import (
	"errors"
	"fmt"
	"io/fs"
)

var (
	// ErrNotExist means that there is no home, or no such area in it, yet. It is also an
	// fs.ErrNotExist. What only reads goes on with defaults.
	ErrNotExist error = missing{}

	// ErrNotHome means that the directory holds something else.
	ErrNotHome = errors.New("not a kai home")

	// ErrNewer means that a newer kai has made the home.
	ErrNewer = errors.New("made by a newer kai")

	// ErrNoPlace means that nothing says where the home is.
	ErrNoPlace = errors.New("no home directory known")
)

type missing struct{}

func (missing) Error() string        { return "does not exist" }
func (missing) Is(target error) bool { return target == fs.ErrNotExist }

// hinted is an error that knows what to do next; Hint is one line, mostly a command.
type hinted struct {
	err  error
	hint string
}

func (h *hinted) Error() string { return h.err.Error() }
func (h *hinted) Unwrap() error { return h.err }

// Hint says what to do.
func (h *hinted) Hint() string { return h.hint }

// PermissionError means that others than its owner could read or change a directory, or that its
// owner is somebody else.
type PermissionError struct {
	Path  string
	Mode  fs.FileMode // of the directory
	Owner int         // its owner, by user id
	User  int         // who we are
}

func (e *PermissionError) Error() string {
	if e.Owner != e.User {
		return fmt.Sprintf("home %s: owned by user %d, not by user %d", quote(e.Path), e.Owner, e.User)
	}
	return fmt.Sprintf("home %s: mode %04o lets others in", quote(e.Path), e.Mode.Perm())
}

// Is makes it an fs.ErrPermission.
func (e *PermissionError) Is(target error) bool { return target == fs.ErrPermission }

// Hint is the command that puts it right.
func (e *PermissionError) Hint() string {
	if e.Owner != e.User {
		return fmt.Sprintf("run as user %d, or name a home of your own with --home", e.Owner)
	}
	return "chmod 700 " + shellQuote(e.Path)
}

// ConfigError means that a line of config.toml cannot be used. The reason names keys, but holds no
// value.
type ConfigError struct {
	Line   int // from 1; 0 for the file as a whole
	Reason string
}

func (e *ConfigError) Error() string {
	if e.Line == 0 {
		return "config.toml: " + e.Reason
	}
	return fmt.Sprintf("config.toml line %d: %s", e.Line, e.Reason)
}
