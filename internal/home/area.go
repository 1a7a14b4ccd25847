package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"kai/internal/durable"
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
	return openDirectory(h.root, string(a), path)
}

// CreateArea opens an area and makes it first if there is none.
func (h *Home) CreateArea(a Area) (*os.Root, error) {
	path := filepath.Join(h.path, string(a))
	if !a.known() {
		return nil, fmt.Errorf("home %s: no such area", quote(path))
	}
	return createDirectory(h.root, string(a), path)
}

// OpenLocal opens the directory local of the vault, which holds what this machine remembers and
// never gives to another one: the head of the log, the messages received. The caller closes it.
// It is judged as the areas are, and so is the vault's own directory.
//
// Errors are ErrNotExist, *PermissionError and those of the file system.
func (h *Home) OpenLocal() (*os.Root, error) {
	vault, err := h.OpenArea(Vault)
	if err != nil {
		return nil, err
	}
	defer vault.Close()
	return openDirectory(vault, localDirectory, h.localPath())
}

// CreateLocal opens the directory local of the vault and makes it first if there is none, and the
// vault's directory before it. That makes no vault: whether there is one, its own files say.
func (h *Home) CreateLocal() (*os.Root, error) {
	vault, err := h.CreateArea(Vault)
	if err != nil {
		return nil, err
	}
	defer vault.Close()
	return createDirectory(vault, localDirectory, h.localPath())
}

func (h *Home) localPath() string { return filepath.Join(h.path, string(Vault), localDirectory) }

// openDirectory opens a directory in another one; path is where that is, for errors.
func openDirectory(parent *os.Root, name, path string) (*os.Root, error) {
	before, err := parent.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("home %s: %w", quote(path), ErrNotExist)
	}
	if err == nil && !before.IsDir() {
		return nil, fmt.Errorf("home %s: not a directory", quote(path))
	}
	var root *os.Root
	if err == nil {
		root, err = parent.OpenRoot(name)
	}
	if err != nil {
		return nil, fmt.Errorf("home %s: %w", quote(path), bare(err))
	}
	if err := checkOpen(root, before, path); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return root, nil
}

// createDirectory is openDirectory, and durably makes the directory first if there is none.
func createDirectory(parent *os.Root, name, path string) (*os.Root, error) {
	root, err := openDirectory(parent, name, path)
	if !errors.Is(err, ErrNotExist) {
		return root, err
	}
	err = durable.NewDir(parent).Mkdir(name, 0o700)
	if err == nil {
		err = parent.Chmod(name, 0o700) // whatever the umask
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("home %s: %w", quote(path), bare(err))
	}
	return openDirectory(parent, name, path)
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
