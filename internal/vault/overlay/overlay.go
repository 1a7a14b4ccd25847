// Package overlay is two file systems seen as one, for reading: files that are not taken over yet in
// front of those that are there. What is true of the whole is checked before anything is changed.
package overlay

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"kai/internal/durable"
)

// FS has the files of Top below Prefix, and those of Base that have no such name. Nothing can be
// changed: the errors are errors.ErrUnsupported.
type FS struct {
	Top    durable.FS
	Prefix string // directory in Top; empty for the whole
	Base   durable.FS
	// Hidden are names of Base that are not there; nil hides none.
	Hidden func(name string) bool
}

var _ durable.FS = (*FS)(nil)

func (o *FS) top(name string) string {
	if o.Prefix == "" {
		return name
	}
	return path.Join(o.Prefix, name)
}

func (o *FS) hidden(name string) bool { return o.Hidden != nil && o.Hidden(name) }

func missing(op, name string) error { return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist} }

// Open opens a file for reading.
func (o *FS) Open(name string, flag int, mode fs.FileMode) (durable.File, error) {
	if flag&(os.O_WRONLY|os.O_RDWR|os.O_CREATE|os.O_TRUNC|os.O_APPEND) != 0 {
		return nil, unsupported("open", name)
	}
	f, err := o.Top.Open(o.top(name), flag, mode)
	if !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	if o.hidden(name) {
		return nil, missing("open", name)
	}
	return o.Base.Open(name, flag, mode)
}

// Lstat describes a file.
func (o *FS) Lstat(name string) (fs.FileInfo, error) {
	info, err := o.Top.Lstat(o.top(name))
	if !errors.Is(err, fs.ErrNotExist) {
		return info, err
	}
	if o.hidden(name) {
		return nil, missing("lstat", name)
	}
	return o.Base.Lstat(name)
}

// ReadDir lists what is in either.
func (o *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	top, err := o.Top.ReadDir(o.top(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	base, baseErr := o.Base.ReadDir(name)
	if baseErr != nil && (!errors.Is(baseErr, fs.ErrNotExist) || err != nil) {
		return nil, baseErr
	}
	seen := map[string]bool{}
	for _, e := range top {
		seen[e.Name()] = true
	}
	for _, e := range base {
		if !seen[e.Name()] && !o.hidden(path.Join(name, e.Name())) {
			top = append(top, e)
		}
	}
	slices.SortFunc(top, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return top, nil
}

func unsupported(op, name string) error {
	return &fs.PathError{Op: op, Path: name, Err: errors.ErrUnsupported}
}

// OpenUnnamed is not supported.
func (o *FS) OpenUnnamed(dir string, _ fs.FileMode) (durable.Unnamed, error) {
	return nil, unsupported("open", dir)
}

// Link is not supported.
func (o *FS) Link(from, _ string) error { return unsupported("link", from) }

// Rename is not supported.
func (o *FS) Rename(from, _ string) error { return unsupported("rename", from) }

// Remove is not supported.
func (o *FS) Remove(name string) error { return unsupported("remove", name) }

// Mkdir is not supported.
func (o *FS) Mkdir(name string, _ fs.FileMode) error { return unsupported("mkdir", name) }

// SyncDir is not supported.
func (o *FS) SyncDir(name string) error { return unsupported("sync", name) }
