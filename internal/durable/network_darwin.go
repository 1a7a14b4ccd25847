package durable

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

func network(d *os.File) (kind string, remote bool, err error) {
	var s unix.Statfs_t
	err = retry(func() error { return unix.Fstatfs(int(d.Fd()), &s) })
	runtime.KeepAlive(d)
	if err != nil {
		return "", false, err
	}
	return unix.ByteSliceToString(s.Fstypename[:]), s.Flags&unix.MNT_LOCAL == 0, nil
}
