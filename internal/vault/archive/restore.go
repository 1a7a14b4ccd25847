package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"time"

	"kai/internal/durable"
	"kai/internal/vault"
	"kai/internal/vault/overlay"
)

const (
	restoreDir = "local/restore"
	asideDir   = "local/quarantine"
	rootFile   = "vault.json"
	vaultLock  = "local/lock"
	lockPoll   = 20 * time.Millisecond
	maxAside   = 1000
)

// parts are the directories of a vault, besides local/.
var parts = []string{"admin", "slots", "devices", "roles", "ns"}

// memoryFiles are what a machine remembers of the vault it had.
var memoryFiles = []string{"local/device.key", "local/seen.log", "local/sync.json"}

// Over is the archive in front of a machine's vault directory, so that the vault in it can be unlocked
// with the memory of the machine: what is older than was seen here is then vault.ErrRollback. With
// forget the memory is not asked.
func (a *Archive) Over(fsys durable.FS, forget bool) durable.FS {
	return &overlay.FS{Top: a, Base: fsys, Hidden: func(name string) bool {
		if path.Dir(name) == "." && name != "local" || path.Dir(name) != "local" && path.Dir(name) != "." {
			return true // a vault that is not whole
		}
		return forget && (name == memoryFiles[0] || name == memoryFiles[1])
	}}
}

// Restore makes the vault of a verified archive the one of a directory that has none. What an
// unfinished restore has left, or a vault without its vault.json, is moved into local/quarantine, and so
// is the device key of this machine: a restored vault is written by a new device.
//
// The files are written below local/restore and renamed in the end, vault.json last: until then there
// is no vault. Errors are vault.ErrExists and those of the file system.
func (a *Archive) Restore(ctx context.Context, dir *durable.Dir) error {
	if err := dir.MkdirAll("local", 0o700); err != nil {
		return err
	}
	held, err := dir.Lock(ctx, vaultLock, lockPoll)
	if err != nil {
		return err
	}
	defer held.Unlock()
	if _, err := dir.Lstat(rootFile); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = fmt.Errorf("the vault: %w", vault.ErrExists)
		}
		return err
	}
	if err := dir.RemoveAll(restoreDir); err != nil {
		return err
	}
	for i := range a.Files {
		if ctx.Err() != nil {
			return errors.Join(context.Cause(ctx), dir.RemoveAll(restoreDir))
		}
		if err := a.extract(dir, &a.Files[i]); err != nil {
			return errors.Join(err, dir.RemoveAll(restoreDir))
		}
	}
	if err := moveAside(dir); err != nil {
		return err
	}
	for _, name := range parts {
		err := dir.Rename(path.Join(restoreDir, name), name)
		if errors.Is(err, fs.ErrNotExist) {
			err = dir.MkdirAll(name, 0o700)
		}
		if err != nil {
			return err
		}
	}
	for _, name := range []string{"local/index", asideDir} {
		if err := dir.MkdirAll(name, 0o700); err != nil {
			return err
		}
	}
	if err := dir.Rename(path.Join(restoreDir, rootFile), rootFile); err != nil {
		return err
	}
	return dir.Remove(restoreDir)
}

func (a *Archive) extract(dir *durable.Dir, f *File) error {
	name := path.Join(restoreDir, f.Path)
	if err := dir.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	mode := fs.FileMode(0o600)
	if f.Path == rootFile {
		mode = 0o400
	}
	out, err := dir.Create(name, durable.CreateOptions{Mode: mode})
	if err != nil {
		return err
	}
	defer func() { _ = out.Abort() }()
	m := a.files[f.Path]
	if _, err := io.Copy(out, io.NewSectionReader(a.file, m.offset, m.size)); err != nil {
		return err
	}
	return out.Commit()
}

// moveAside moves what is in the way into a new directory in quarantine.
func moveAside(dir *durable.Dir) error {
	to := ""
	for _, name := range append(append([]string{}, parts...), memoryFiles...) {
		info, err := dir.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if info.IsDir() {
			if err := dir.Remove(name); err == nil {
				continue // empty
			}
		}
		if to == "" {
			if to, err = newAside(dir); err != nil {
				return err
			}
		}
		if err := dir.Rename(name, path.Join(to, path.Base(name))); err != nil {
			return err
		}
	}
	return nil
}

func newAside(dir *durable.Dir) (string, error) {
	if err := dir.MkdirAll(asideDir, 0o700); err != nil {
		return "", err
	}
	for i := range maxAside {
		name := path.Join(asideDir, fmt.Sprintf("before-restore-%d", i+1))
		err := dir.Mkdir(name, 0o700)
		if !errors.Is(err, fs.ErrExist) {
			return name, err
		}
	}
	return "", fmt.Errorf("%s: %w", asideDir, vault.ErrTooLarge)
}
