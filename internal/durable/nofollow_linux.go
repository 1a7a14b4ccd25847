package durable

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// self is a descriptor of the root's directory, for calls that os.Root does not offer. It is opened
// when it is needed first, and closed by the garbage collector: a Dir has no end of its own.
type self struct {
	once sync.Once
	file *os.File // nil where it cannot be opened
}

// dir returns the descriptor, which is good as long as the file is kept alive.
func (s *self) dir(root *os.Root) (*os.File, int) {
	s.once.Do(func() {
		if f, err := openDir(root, "."); err == nil {
			s.file = f
		}
	})
	if s.file == nil {
		return nil, -1
	}
	return s.file, int(s.file.Fd())
}

// openAtOnce opens a file of the name without following any link on the way. Unless that fails
// because nothing has the name, it returns neither a file nor an error: openNoFollow finds out why,
// or goes the long way.
//
// Expected system calls: openat(name, O_NOFOLLOW), or openat2 (Linux 5.6) for a name below another
// directory, and fcntl(F_GETFL) by os.NewFile.
func (r *rootFS) openAtOnce(name string, flag int, mode fs.FileMode) (*os.File, error) {
	dir, dirfd := r.self.dir(r.root)
	if dir == nil || name == ".." {
		return nil, nil
	}
	flag |= unix.O_NOFOLLOW | unix.O_CLOEXEC | unix.O_LARGEFILE
	if flag&unix.O_ACCMODE != unix.O_RDWR {
		// A pipe that is opened for both is its own other end, fifo(7). Package os asks epoll
		// about what is opened with O_NONBLOCK.
		flag |= unix.O_NONBLOCK
	}
	var fd int
	err := retry(func() (err error) {
		if !strings.Contains(name, "/") {
			fd, err = unix.Openat(dirfd, name, flag, uint32(mode.Perm()))
			return err
		}
		how := unix.OpenHow{Flags: uint64(flag), Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS}
		if flag&unix.O_CREAT != 0 {
			how.Mode = uint64(mode.Perm())
		}
		fd, err = unix.Openat2(dirfd, name, &how)
		return err
	})
	runtime.KeepAlive(dir)
	switch {
	case err == unix.ENOENT && flag&unix.O_CREAT == 0:
		return nil, &fs.PathError{Op: "openat", Path: name, Err: err}
	case err != nil:
		return nil, nil
	}
	return os.NewFile(uintptr(fd), r.root.Name()+"/"+name), nil
}

// openDirAtOnce opens a directory of the name without following any link on the way, as openAtOnce does.
// What package os opens in a Root describes each entry when the directory is read, by a call each.
//
// Expected system calls: openat2(name, O_DIRECTORY), and fcntl(F_GETFL) by os.NewFile.
func (r *rootFS) openDirAtOnce(name string) (*os.File, error) {
	dir, dirfd := r.self.dir(r.root)
	if dir == nil {
		return nil, nil
	}
	how := unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS,
	}
	var fd int
	err := retry(func() (err error) { fd, err = unix.Openat2(dirfd, name, &how); return err })
	runtime.KeepAlive(dir)
	switch {
	case err == unix.ENOENT:
		return nil, &fs.PathError{Op: "openat", Path: name, Err: err}
	case err != nil:
		return nil, nil
	}
	return os.NewFile(uintptr(fd), r.root.Name()+"/"+name), nil
}

// stamp is that of a directory, by the time that nobody can set.
func (r *rootFS) stamp(name string) (stamp, error) {
	dir, dirfd := r.self.dir(r.root)
	if dir == nil {
		return stamp{}, errors.ErrUnsupported
	}
	var now unix.Stat_t
	err := retry(func() error { return unix.Fstatat(dirfd, name, &now, unix.AT_SYMLINK_NOFOLLOW) })
	runtime.KeepAlive(dir)
	return stamp{uint64(now.Dev), now.Ino, time.Unix(now.Ctim.Unix())}, err
}

// since asks the clock that file systems take their times from.
func (r *rootFS) since(s stamp) time.Duration {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &now) != nil {
		return 0
	}
	return time.Unix(now.Unix()).Sub(s.changed)
}

// Still is [Dir.Still].
func (r *rootFS) Still(name string, was fs.FileInfo) (fs.FileMode, int64, error) {
	dir, dirfd := r.self.dir(r.root)
	old, ok := was.Sys().(*syscall.Stat_t)
	if dir == nil || !ok {
		return 0, 0, errors.ErrUnsupported
	}
	var now unix.Stat_t
	err := retry(func() error { return unix.Fstatat(dirfd, name, &now, unix.AT_SYMLINK_NOFOLLOW) })
	runtime.KeepAlive(dir)
	if err == nil && (uint64(now.Dev) != uint64(old.Dev) || now.Ino != old.Ino) {
		err = fs.ErrNotExist
	}
	return fs.FileMode(now.Mode) & fs.ModePerm, now.Size, err
}
