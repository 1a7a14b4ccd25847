package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
)

// tempPrefix begins the name of every temporary file.
const tempPrefix = ".kai-tmp-"

// CreateOptions says what kind of file an Output becomes.
type CreateOptions struct {
	// Mode is the permission, reduced by the umask. Zero means 0600.
	Mode fs.FileMode

	// Replace allows an existing file to be replaced.
	Replace bool
}

// Output is a file in the making. It appears under its name, whole, with Commit; before that, and
// after Abort or a process killed, there is nothing. Not for use by several goroutines at once.
//
//	out, err := dir.Create("report.txt", durable.CreateOptions{Mode: 0o644})
//	if err != nil {
//		return err
//	}
//	defer out.Abort()
//	if _, err := io.Copy(out, source); err != nil {
//		return err
//	}
//	return out.Commit()
type Output struct {
	fs      FS
	name    string
	file    File
	unnamed Unnamed   // file, while it has no name; else nil
	temp    string    // the temporary name of file, or ""
	placed  bool      // name is ours and did not exist before
	replace bool      // may name exist already?
	direct  bool      // a device or pipe: written through, there is nothing to commit
	extra   io.Closer // closed last; may be nil
	err     error     // of the first failed write
	done    bool      // committed or aborted
}

// Create begins a file. If the name exists and opts.Replace is not set, the error is fs.ErrExist;
// if it exists and is neither a regular file nor a link, ErrNotRegular. Both are asked again, and
// for certain, by Commit.
//
// Expected system calls, with D the directory of name:
//
//	fstatat(name)
//	openat(D, O_TMPFILE, mode)                      Linux, where the file system can
//	openat(D/.kai-tmp-RANDOM, O_CREAT|O_EXCL, mode) elsewhere
func (d *Dir) Create(name string, opts CreateOptions) (*Output, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	if opts.Mode == 0 {
		opts.Mode = 0o600
	}
	o := &Output{fs: d.fs, name: name, replace: opts.Replace}
	if err := o.checkTarget(); err != nil {
		return nil, failed("create", name, err)
	}
	unnamed, err := d.fs.OpenUnnamed(path.Dir(name), opts.Mode)
	switch {
	case err == nil:
		o.file, o.unnamed = unnamed, unnamed
	case errors.Is(err, errors.ErrUnsupported):
		err = o.withTemp(func(temp string) error {
			var err error
			o.file, err = d.fs.Open(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, opts.Mode)
			return err
		})
	}
	if err != nil {
		_ = o.Abort() // nearly always there is nothing to clean up, and then it fails alike
		return nil, failed("create", name, err)
	}
	return o, nil
}

func (o *Output) checkTarget() error {
	info, err := o.fs.Lstat(o.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !o.replace:
		return fs.ErrExist
	case !info.Mode().IsRegular() && info.Mode().Type() != fs.ModeSymlink:
		return ErrNotRegular
	}
	return nil
}

// withTemp calls make with unused temporary names beside the target until one is free, and
// remembers that one. The names need to be different, not secret.
func (o *Output) withTemp(make func(temp string) error) error {
	for range tempTries {
		temp := path.Join(path.Dir(o.name), fmt.Sprintf("%s%016x", tempPrefix, rand.Uint64()))
		err := make(temp)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		// Remembered after an error too: some calls fail after they have done their work.
		o.temp = temp
		return err
	}
	return errors.New("no unused temporary name")
}

// Write appends p. After an error, every later Write and Commit fails with it.
func (o *Output) Write(p []byte) (int, error) {
	if o.done {
		return 0, failed("write", o.name, ErrClosed)
	}
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.file.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	if err != nil {
		o.err = failed("write", o.name, err)
	}
	return n, o.err
}

// Commit makes the content durable and gives it its name. On error everything is undone as by
// Abort, with one exception: when a replaced file's directory cannot be synced, the last step, the
// new content stays.
//
// Without Replace the name is never taken from another file, however late that one appears; the
// error then is fs.ErrExist.
//
// Expected system calls, with D the directory of the name:
//
//	fsync(file)
//	linkat(file, name), close(file)                          new, from O_TMPFILE
//	linkat(file, temp), close(file), renameat(temp, name)    replacing, from O_TMPFILE
//	close(file), linkat(temp, name), unlinkat(temp)          new, from a temporary
//	close(file), renameat(temp, name)                        replacing, from a temporary
//	fsync(D)
func (o *Output) Commit() error {
	if o.done {
		return failed("write", o.name, ErrClosed)
	}
	err := o.err
	if err == nil {
		if err = o.commit(); err != nil {
			err = failed("write", o.name, err)
		}
	}
	return errors.Join(err, o.finish())
}

func (o *Output) commit() error {
	if o.direct {
		return nil
	}
	if err := o.file.Sync(); err != nil {
		return err
	}
	if o.unnamed != nil {
		if err := o.nameUnnamed(); err != nil {
			return err
		}
	}
	f := o.file
	o.file = nil
	if err := f.Close(); err != nil {
		return err
	}
	if o.temp != "" {
		if err := o.moveTemp(); err != nil {
			return err
		}
	}
	if err := o.fs.SyncDir(path.Dir(o.name)); err != nil {
		return err
	}
	o.placed = false // nothing left to undo
	return nil
}

// nameUnnamed gives an unnamed file its name, or a temporary one when that is to replace another.
func (o *Output) nameUnnamed() error {
	var err error
	if o.replace {
		err = o.withTemp(o.unnamed.LinkAs)
	} else if err = o.unnamed.LinkAs(o.name); err == nil {
		o.placed = true
	}
	return err
}

// moveTemp moves the temporary to the name.
func (o *Output) moveTemp() error {
	if o.replace {
		if err := o.fs.Rename(o.temp, o.name); err != nil {
			return err
		}
		o.temp = ""
		return nil
	}
	err := o.fs.Link(o.temp, o.name)
	switch {
	case errors.Is(err, fs.ErrExist):
		return err
	case err != nil:
		return o.reserveAndRename()
	}
	o.placed = true
	return o.removeTemp()
}

// reserveAndRename is for file systems without hard links (FAT). Only one process can make the
// empty file, and only that one renames over it; a kill in between leaves the empty file.
func (o *Output) reserveAndRename() error {
	f, err := o.fs.Open(o.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	o.placed = true
	if err := f.Close(); err != nil {
		return err
	}
	if err := o.fs.Rename(o.temp, o.name); err != nil {
		return err
	}
	o.temp = ""
	return nil
}

func (o *Output) removeTemp() error {
	err := o.remove(o.temp)
	if err == nil {
		o.temp = ""
	}
	return err
}

// remove tries twice, because what it is for, to leave nothing behind, is worth it.
func (o *Output) remove(name string) error {
	err := o.fs.Remove(name)
	if err != nil {
		err = o.fs.Remove(name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Abort drops the content; the name is as it was before. It does nothing after Commit, so that it
// can be deferred. The error says that something could not be cleaned up.
func (o *Output) Abort() error {
	if o.done {
		return nil
	}
	return o.finish()
}

// finish ends the Output and undoes what commit has not completed.
func (o *Output) finish() error {
	o.done = true
	var errs []error
	if o.file != nil {
		errs = append(errs, o.file.Close())
	}
	if o.temp != "" {
		errs = append(errs, o.removeTemp())
	}
	if o.placed {
		errs = append(errs, o.remove(o.name))
	}
	if o.extra != nil {
		errs = append(errs, o.extra.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return failed("clean up", o.name, err)
	}
	return nil
}
