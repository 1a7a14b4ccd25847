package durable

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

func syncData(f *os.File) error {
	err := retry(func() error { return unix.Fdatasync(int(f.Fd())) })
	runtime.KeepAlive(f)
	return err
}
