package durable

import (
	"errors"
	"io/fs"
	"path"
)

// MkdirAll creates a directory and those above it, each durably; "." is always there. What exists
// already is not looked at further.
func (d *Dir) MkdirAll(name string, mode fs.FileMode) error {
	if name == "." {
		return nil
	}
	if _, err := d.Lstat(name); err == nil {
		return nil
	}
	if err := d.MkdirAll(path.Dir(name), mode); err != nil {
		return err
	}
	if err := d.Mkdir(name, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// RemoveAll removes a directory with everything in it, file by file, and links without following
// them. One that is not there is no error.
func (d *Dir) RemoveAll(name string) error {
	entries, err := d.ReadDir(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		full := path.Join(name, e.Name())
		if e.IsDir() {
			err = d.RemoveAll(full)
		} else {
			err = d.Remove(full)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return d.Remove(name)
}
