package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// OpenArea opens an area that exists. The caller closes it. The areas are judged as the home is;
// a link or file in the place of one is refused.
//
// Errors are ErrNotExist, *PermissionError and those of the file system.
func (h *Home) OpenArea(a Area) (*os.Root, error) {
	path := filepath.Join(h.path, string(a))
	if !a.known() {
		return nil, fmt.Errorf("home %s: no such area", quote(path))
	}
	before, err := h.root.Lstat(string(a))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("home %s: %w", quote(path), ErrNotExist)
	}
	if err == nil && !before.IsDir() {
		return nil, fmt.Errorf("home %s: not a directory", quote(path))
	}
	var root *os.Root
	if err == nil {
		root, err = h.root.OpenRoot(string(a))
	}
	if err != nil {
		return nil, fmt.Errorf("home %s: %w", quote(path), bare(err))
	}
	if err := sameDir(root, before, path); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return root, nil
}

// sameDir checks that what was opened is the directory that was looked at, and whose it is.
func sameDir(root *os.Root, before fs.FileInfo, path string) error {
	now, err := root.Stat(".")
	if err != nil {
		return fmt.Errorf("home %s: %w", quote(path), bare(err))
	}
	if !os.SameFile(before, now) {
		return fmt.Errorf("home %s: exchanged while it was opened", quote(path))
	}
	return checkOwner(root, path)
}

// CreateArea opens an area and makes it first if there is none.
func (h *Home) CreateArea(a Area) (*os.Root, error) {
	root, err := h.OpenArea(a)
	if !errors.Is(err, ErrNotExist) {
		return root, err
	}
	path := filepath.Join(h.path, string(a))
	err = h.dir.Mkdir(string(a), 0o700)
	if err == nil {
		err = h.root.Chmod(string(a), 0o700) // whatever the umask
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("home %s: %w", quote(path), bare(err))
	}
	return h.OpenArea(a)
}

func (a Area) known() bool { return a == Vault || a == Audit }

// bare takes the os package's wrapping, which shows names unquoted, off an error.
func bare(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
