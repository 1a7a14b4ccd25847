//go:build unix && !solaris && !aix

package durable

import (
	"errors"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// flock(2) and not fcntl(2): the latter's locks belong to the process and are lost as soon as any
// descriptor of the file is closed anywhere in it.
func tryLock(f *os.File, exclusive bool) (bool, error) {
	how := unix.LOCK_SH
	if exclusive {
		how = unix.LOCK_EX
	}
	err := retry(func() error { return unix.Flock(int(f.Fd()), how|unix.LOCK_NB) })
	runtime.KeepAlive(f)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// WaitLock takes the lock when its turn comes: the kernel keeps a queue, so that nobody who waits is
// passed by for ever, as happens to those who only ask now and then.
func (f osFile) WaitLock(exclusive bool) error {
	how := unix.LOCK_SH
	if exclusive {
		how = unix.LOCK_EX
	}
	err := retry(func() error { return unix.Flock(int(f.Fd()), how) })
	runtime.KeepAlive(f.File)
	return err
}

func unlock(f *os.File) error {
	err := retry(func() error { return unix.Flock(int(f.Fd()), unix.LOCK_UN) })
	runtime.KeepAlive(f)
	return err
}
