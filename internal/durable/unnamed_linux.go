package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"runtime"

	"golang.org/x/sys/unix"
)

// openUnnamed opens with O_TMPFILE (open(2)), for which the file system must be ready; ext4, xfs,
// btrfs and tmpfs are. Giving the file a name later takes /proc, so that is looked at now.
func openUnnamed(root *os.Root, dir string, mode fs.FileMode) (Unnamed, error) {
	d, err := openDir(root, dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	var fd int
	err = retry(func() error {
		var err error
		fd, err = unix.Openat(int(d.Fd()), ".", unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, uint32(mode.Perm()))
		return err
	})
	runtime.KeepAlive(d)
	switch {
	case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EISDIR), errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOENT):
		return nil, errors.ErrUnsupported
	case err != nil:
		return nil, err
	}
	f := unnamed{osFile{os.NewFile(uintptr(fd), "unnamed file")}, root}
	if _, err := os.Lstat(f.proc()); err != nil {
		return nil, errors.Join(errors.ErrUnsupported, f.Close())
	}
	return f, nil
}

type unnamed struct {
	osFile
	root *os.Root
}

func (f unnamed) proc() string { return fmt.Sprintf("/proc/self/fd/%d", f.Fd()) }

// LinkAs names the file by linkat(2) from /proc, which needs no privilege. (AT_EMPTY_PATH on the
// descriptor itself needs CAP_DAC_READ_SEARCH before Linux 6.10.)
func (f unnamed) LinkAs(name string) error {
	d, err := openDir(f.root, path.Dir(name))
	if err != nil {
		return err
	}
	defer d.Close()
	err = retry(func() error {
		return unix.Linkat(unix.AT_FDCWD, f.proc(), int(d.Fd()), path.Base(name), unix.AT_SYMLINK_FOLLOW)
	})
	runtime.KeepAlive(d)
	runtime.KeepAlive(f.File)
	return err
}
