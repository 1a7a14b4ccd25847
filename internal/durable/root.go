package durable

import (
	"errors"
	"io/fs"
	"os"
	"path"
)

// Root is the real file system below root. root stays the caller's to close.
func Root(root *os.Root) FS { return &rootFS{root: root} }

type rootFS struct {
	root *os.Root
	self self
}

func (r *rootFS) Open(name string, flag int, mode fs.FileMode) (File, error) {
	var f *os.File
	var err error
	if flag&NoFollow == 0 {
		f, err = r.root.OpenFile(name, flag, mode)
	} else {
		f, err = r.openNoFollow(name, flag&^NoFollow, mode)
	}
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

// openNoFollow opens by one call where the system has one for it. What that does not open is looked
// at before it is opened, and again after.
func (r *rootFS) openNoFollow(name string, flag int, mode fs.FileMode) (*os.File, error) {
	f, err := r.openAtOnce(name, flag, mode)
	if f != nil || err != nil {
		return f, err
	}
	before, err := r.root.Lstat(name)
	missing := errors.Is(err, fs.ErrNotExist) && flag&os.O_CREATE != 0
	switch {
	case err != nil && !missing:
		return nil, err
	case !missing && !before.Mode().IsRegular():
		return nil, ErrNotRegular
	}
	f, err = r.root.OpenFile(name, flag, mode)
	if err != nil || missing {
		return f, err
	}
	now, err := f.Stat()
	if err == nil && !os.SameFile(before, now) {
		// Replaced in between, by somebody's rename or by a link to elsewhere.
		if now, err = r.root.Lstat(name); err == nil && !now.Mode().IsRegular() {
			err = ErrNotRegular
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (r *rootFS) OpenUnnamed(dir string, mode fs.FileMode) (Unnamed, error) {
	return openUnnamed(r.root, dir, mode)
}

func (r *rootFS) Link(from, to string) error                { return r.root.Link(from, to) }
func (r *rootFS) Rename(from, to string) error              { return r.root.Rename(from, to) }
func (r *rootFS) Remove(name string) error                  { return r.root.Remove(name) }
func (r *rootFS) Mkdir(name string, mode fs.FileMode) error { return r.root.Mkdir(name, mode) }
func (r *rootFS) Lstat(name string) (fs.FileInfo, error)    { return r.root.Lstat(name) }

func (r *rootFS) ReadDir(name string) ([]fs.DirEntry, error) {
	d, err := r.openDirAtOnce(name)
	if d == nil && err == nil {
		d, err = openDir(r.root, name)
	}
	if err != nil {
		return nil, err
	}
	entries, err := d.ReadDir(-1)
	for i, e := range entries {
		entries[i] = rootEntry{e, r, path.Join(name, e.Name())}
	}
	return entries, errors.Join(err, d.Close())
}

// rootEntry is described by way of the root.
type rootEntry struct {
	fs.DirEntry
	in   *rootFS
	name string
}

func (e rootEntry) Info() (fs.FileInfo, error) { return e.in.root.Lstat(e.name) }

func (r *rootFS) SyncDir(name string) error {
	d, err := openDir(r.root, name)
	if err != nil {
		return err
	}
	return errors.Join(syncDir(d), d.Close())
}

// osFile adds to *os.File what the os package does not offer.
type osFile struct{ *os.File }

func (f osFile) Seal() error {
	if err := f.Chmod(0o400); err != nil {
		return err
	}
	setImmutable(f.File, true)
	return nil
}

func (f osFile) Unseal() error {
	setImmutable(f.File, false)
	return nil
}

func (f osFile) SyncData() error                      { return syncData(f.File) }
func (f osFile) TryLock(exclusive bool) (bool, error) { return tryLock(f.File, exclusive) }
func (f osFile) Unlock() error                        { return unlock(f.File) }
