package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// Dir is a directory and everything below it.
type Dir struct{ fs FS }

// NewDir uses the real file system below root, which stays the caller's to close.
func NewDir(root *os.Root) *Dir { return NewDirFS(Root(root)) }

// NewDirFS uses the given file system.
func NewDirFS(fsys FS) *Dir { return &Dir{fs: fsys} }

// ReadFile returns the content of a regular file of at most limit bytes. More is ErrTooLarge, and
// a link, directory or device is ErrNotRegular.
func (d *Dir) ReadFile(name string, limit int64) ([]byte, error) {
	f, info, err := d.openRegular(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, failed("read", name, err)
	}
	defer f.Close()
	data, err := readAll(f, info.Size(), limit+1)
	if err == nil && int64(len(data)) > limit {
		err = ErrTooLarge
	}
	if err != nil {
		return nil, failed("read", name, err)
	}
	return data, nil
}

// readAll reads a file of a size that it had when it was opened, but no more than most bytes.
func readAll(f io.Reader, size, most int64) ([]byte, error) {
	if size <= 0 || size > most { // of some files the system knows no size
		return io.ReadAll(io.LimitReader(f, most))
	}
	data := make([]byte, size)
	n, err := io.ReadFull(f, data)
	if err == io.ErrUnexpectedEOF || err == io.EOF { // it has become shorter
		err = nil
	}
	return data[:n], err
}

// WriteFile replaces a file or creates it, durably and in one step: whatever happens, the name
// stands for the old content or for the new one, whole. mode is reduced by the umask; owner and
// mode of a replaced file are not kept. A symbolic link is replaced, not followed.
//
// A nil error means durable. After an error the old content is in place, unless the very last
// step, the sync of the directory, was what failed: then the new one is.
//
// Expected system calls: those of [Dir.Create] with Replace, and of [Output.Commit].
func (d *Dir) WriteFile(name string, data []byte, mode fs.FileMode) error {
	return d.put(name, data, CreateOptions{Mode: mode, Replace: true})
}

// CreateNew creates a file that must not exist yet, durably and in one step. If it exists, or if
// another process creates it first, the error is fs.ErrExist and that file is untouched. It is
// what keys are written with: a process killed at any moment leaves the whole key or none.
//
// Expected system calls: those of [Dir.Create] without Replace, and of [Output.Commit].
func (d *Dir) CreateNew(name string, data []byte, mode fs.FileMode) error {
	return d.put(name, data, CreateOptions{Mode: mode})
}

func (d *Dir) put(name string, data []byte, opts CreateOptions) error {
	out, err := d.Create(name, opts)
	if err != nil {
		return err
	}
	defer out.Abort()
	if _, err := out.Write(data); err != nil {
		return err
	}
	return out.Commit()
}

// Mkdir creates a directory durably. An existing one is fs.ErrExist.
//
// Expected system calls: mkdirat(name), fsync(directory).
func (d *Dir) Mkdir(name string, mode fs.FileMode) error {
	if err := d.fs.Mkdir(name, mode); err != nil {
		return failed("create directory", name, err)
	}
	if err := d.fs.SyncDir(path.Dir(name)); err != nil {
		return failed("create directory", name, err)
	}
	return nil
}

// Remove removes a file or an empty directory durably.
//
// Expected system calls: unlinkat(name), fsync(directory).
func (d *Dir) Remove(name string) error {
	if err := d.fs.Remove(name); err != nil {
		return failed("remove", name, err)
	}
	if err := d.fs.SyncDir(path.Dir(name)); err != nil {
		return failed("remove", name, err)
	}
	return nil
}

// OpenFile opens a regular file without following a link and without waiting for a pipe's other
// end; what else has the name is ErrNotRegular. flag and mode are those of os.OpenFile. It is for
// files whose format says itself what survives a crash; the caller syncs.
//
// Expected system calls: openat(name), or openat2 below a directory, and fstat. Where the system has
// no such call, fstatat(name) before them.
func (d *Dir) OpenFile(name string, flag int, mode fs.FileMode) (File, error) {
	f, _, err := d.OpenStat(name, flag, mode)
	return f, err
}

// OpenStat is OpenFile, and describes the file as it was when it was opened.
func (d *Dir) OpenStat(name string, flag int, mode fs.FileMode) (File, fs.FileInfo, error) {
	if err := checkName(name); err != nil {
		return nil, nil, err
	}
	f, info, err := d.openRegular(name, flag, mode)
	if err != nil {
		return nil, nil, failed("open", name, err)
	}
	return f, info, nil
}

// ReadDir lists a directory, "." for the whole.
func (d *Dir) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := d.fs.ReadDir(name)
	if err != nil {
		return nil, failed("directory", name, err)
	}
	return entries, nil
}

// Listing is what a directory held when it was read.
type Listing struct {
	Entries []fs.DirEntry
	stamp   stamp
	settled bool // every later change of the directory gives it another stamp
}

// stamp tells whether a directory has changed.
type stamp struct {
	dev, ino uint64
	changed  time.Time
}

// settling is how long after a change a directory may be changed again and have the same stamp: file
// systems count in ticks, of up to two seconds.
const settling = 3 * time.Second

// stamper is a file system that knows stamps.
type stamper interface {
	stamp(dir string) (stamp, error)
	// since is how long ago a stamp was given, by the clock that gives them.
	since(stamp) time.Duration
}

// List is ReadDir, and gives back last, which may be nil, if the directory has not changed since.
//
// Expected system calls: fstatat(name), and those of ReadDir unless that tells enough.
func (d *Dir) List(name string, last *Listing) (*Listing, error) {
	now := &Listing{}
	if s, ok := d.fs.(stamper); ok {
		var err error
		now.stamp, err = s.stamp(name)
		if err == nil && last != nil && last.settled && last.stamp == now.stamp {
			return last, nil
		}
		now.settled = err == nil && s.since(now.stamp) > settling
	}
	var err error
	now.Entries, err = d.ReadDir(name)
	return now, err
}

// Lstat describes a file without following a link.
func (d *Dir) Lstat(name string) (fs.FileInfo, error) {
	info, err := d.fs.Lstat(name)
	if err != nil {
		return nil, failed("look at", name, err)
	}
	return info, nil
}

// Still returns permissions and size of a file that was described before, if the name stands for it
// yet; else the error is fs.ErrNotExist. Links on the way to it may be followed: by whatever way, it is
// the same file.
//
// Expected system calls: fstatat(name).
func (d *Dir) Still(name string, was fs.FileInfo) (perm fs.FileMode, size int64, err error) {
	quick, ok := d.fs.(interface {
		Still(string, fs.FileInfo) (fs.FileMode, int64, error)
	})
	if ok {
		perm, size, err = quick.Still(name, was)
	}
	if !ok || errors.Is(err, errors.ErrUnsupported) {
		var now fs.FileInfo
		if now, err = d.fs.Lstat(name); err == nil {
			perm, size = now.Mode().Perm(), now.Size()
			if !os.SameFile(was, now) {
				err = fs.ErrNotExist
			}
		}
	}
	if err != nil {
		return 0, 0, failed("look at", name, err)
	}
	return perm, size, nil
}

// Rename gives a file another name, durably, and replaces what had it.
//
// Expected system calls: renameat(from, to), fsync of both directories.
func (d *Dir) Rename(from, to string) error {
	err := d.fs.Rename(from, to)
	if err == nil {
		err = d.SyncDir(path.Dir(to))
	}
	if err == nil && path.Dir(from) != path.Dir(to) {
		err = d.SyncDir(path.Dir(from))
	}
	if err != nil {
		return failed("rename", from, err)
	}
	return nil
}

// SyncDir makes the names in a directory durable.
func (d *Dir) SyncDir(name string) error {
	if err := d.fs.SyncDir(name); err != nil {
		return failed("sync directory", name, err)
	}
	return nil
}

// Sweep removes the temporaries that killed processes have left in a directory, and reports how
// many. Call it only where nobody can be writing: under the lock that writers take.
func (d *Dir) Sweep(dir string) (int, error) {
	entries, err := d.fs.ReadDir(dir)
	if err != nil {
		return 0, failed("sweep", dir, err)
	}
	n := 0
	for _, e := range entries {
		if !IsTemp(e.Name()) || !e.Type().IsRegular() {
			continue
		}
		err := d.fs.Remove(path.Join(dir, e.Name()))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return n, failed("sweep", dir, err)
		}
		n++
	}
	return n, nil
}

// IsTemp reports whether a name, without a directory before it, is that of a temporary file of this
// package.
func IsTemp(name string) bool { return strings.HasPrefix(name, tempPrefix) }

// openRegular opens a file without following a link and without waiting for a pipe's other end, and
// describes it. With O_CREATE a missing file is made.
func (d *Dir) openRegular(name string, flag int, mode fs.FileMode) (File, fs.FileInfo, error) {
	f, err := d.fs.Open(name, flag|NoFollow, mode)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = ErrNotRegular
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// checkName refuses names that cannot be a file below the directory. What links inside the
// directory could do, os.Root refuses later.
func checkName(name string) error {
	if name == "." || path.Clean(name) != name || !filepath.IsLocal(filepath.FromSlash(name)) {
		return fmt.Errorf("file name %s: not a path below the directory", quote(name))
	}
	return nil
}
