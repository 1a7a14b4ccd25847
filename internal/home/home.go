package home

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"kai/internal/durable"
)

// Names in a home. The areas are directories of their own.
const (
	versionFile = "version"
	lockFile    = "lock"
	configFile  = "config.toml"

	localDirectory = "local" // in the vault

	// TrustStore is the name of the trust store's file.
	TrustStore = "truststore.json"
)

// Area is a directory in the home that one package looks after.
type Area string

// The areas.
const (
	Vault Area = "vault"
	Audit Area = "audit"
)

// Home is an open home. It may be used by several goroutines.
type Home struct {
	path    string
	root    *os.Root
	dir     *durable.Dir
	created bool
}

// Open opens a home that exists. Nothing in it is changed. An empty directory is not a home yet, and
// Create makes it one: ErrNotExist.
//
// Errors are ErrNotExist, *PermissionError, ErrNotHome, ErrNewer and those of the file system.
func Open(path string) (*Home, error) {
	h, err := openDir(path)
	if err != nil {
		return nil, err
	}
	if err := h.checkVersion(); err != nil {
		if empty, readErr := h.holdsOnly(); readErr == nil && empty {
			err = fmt.Errorf("home %s: is empty: %w", quote(path), ErrNotExist)
		}
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// Create opens a home and makes it first if there is none: the directory itself, not those above
// it. An empty directory becomes a home, if its mode is right. Two processes that create the same
// home at the same time both succeed.
//
// Errors are those of Open, less ErrNotExist for the home itself.
func Create(path string) (*Home, error) {
	made, err := makeDir(path)
	if err != nil {
		return nil, err
	}
	h, err := openDir(path)
	if err != nil {
		return nil, err
	}
	if err := h.initialise(made); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// makeDir makes the directory durably, unless something of that name exists.
func makeDir(path string) (made bool, err error) {
	path = filepath.Clean(path)
	name, parent := filepath.Base(path), filepath.Dir(path)
	if name == "." || name == ".." || name == string(filepath.Separator) {
		return false, nil // these always exist
	}
	root, err := os.OpenRoot(parent)
	if err != nil {
		return false, fmt.Errorf("home %s: directory above it: %w", quote(path), bare(err))
	}
	defer root.Close()
	err = durable.NewDir(root).Mkdir(name, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err == nil {
		// A umask may have taken away what the owner needs.
		err = root.Chmod(name, 0o700)
	}
	if err != nil {
		return false, fmt.Errorf("home %s: %w", quote(path), bare(err))
	}
	return true, nil
}

// openDir opens the directory and checks whose it is; what it holds is not looked at.
func openDir(path string) (*Home, error) {
	root, err := os.OpenRoot(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("home %s: %w", quote(path), ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("home %s: %w", quote(path), bare(err))
	}
	if err := checkOpen(root, nil, path); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return &Home{path: path, root: root, dir: durable.NewDir(root)}, nil
}

// checkOpen looks at the open directory, so that nobody can exchange it after the look: whose it
// is, and whether it is what was looked at before, if it was.
func checkOpen(root *os.Root, before fs.FileInfo, path string) error {
	info, err := root.Stat(".")
	if err != nil {
		return fmt.Errorf("home %s: %w", quote(path), bare(err))
	}
	if before != nil && !os.SameFile(before, info) {
		return fmt.Errorf("home %s: exchanged while it was opened", quote(path))
	}
	owner, user := owners(info)
	if e := judge(path, info.Mode(), owner, user); e != nil {
		return e
	}
	return nil
}

// judge says whether a directory is its user's alone; it returns nil when it is. Without owners,
// which are -1 then, there is nothing to judge.
func judge(path string, mode fs.FileMode, owner, user int) *PermissionError {
	if owner == -1 || owner == user && mode.Perm()&0o077 == 0 {
		return nil
	}
	return &PermissionError{Path: path, Mode: mode, Owner: owner, User: user}
}

// initialise makes an empty directory a home.
func (h *Home) initialise(made bool) error {
	err := h.checkVersion()
	if err == nil || !errors.Is(err, ErrNotHome) {
		return err
	}
	if !made {
		// Another Create may be under way, or have been killed.
		free, err := h.holdsOnly(versionFile)
		if err != nil {
			return err
		}
		if !free {
			// Another process may have made a home of it since. It writes the version first.
			return h.checkVersion()
		}
	}
	err = h.dir.CreateNew(versionFile, []byte(versionText), 0o600)
	switch {
	case err == nil:
		h.created = true
		return nil
	case errors.Is(err, fs.ErrExist): // another process was faster
		return h.checkVersion()
	}
	return fmt.Errorf("home %s: %w", quote(h.path), err)
}

// holdsOnly reports whether the directory holds nothing but some of the names and temporary files.
func (h *Home) holdsOnly(names ...string) (bool, error) {
	entries, err := fs.ReadDir(h.root.FS(), ".")
	if err != nil {
		return false, fmt.Errorf("home %s: %w", quote(h.path), bare(err))
	}
	for _, e := range entries {
		if !slices.Contains(names, e.Name()) && !durable.IsTemp(e.Name()) {
			return false, nil
		}
	}
	return true, nil
}

// Path is what Open or Create was given.
func (h *Home) Path() string { return h.path }

// Created reports whether this Create made the home.
func (h *Home) Created() bool { return h.created }

// Dir is the home itself, for what lies directly in it. It is valid until Close.
func (h *Home) Dir() *durable.Dir { return h.dir }

// Close closes the directory. Areas stay open.
func (h *Home) Close() error { return h.root.Close() }

// Lock takes the lock under which whatever lies directly in the home is changed; see
// [durable.Dir.Lock].
func (h *Home) Lock(ctx context.Context, poll time.Duration) (*durable.Held, error) {
	return h.dir.Lock(ctx, lockFile, poll)
}

// RLock is Lock for readers.
func (h *Home) RLock(ctx context.Context, poll time.Duration) (*durable.Held, error) {
	return h.dir.RLock(ctx, lockFile, poll)
}
