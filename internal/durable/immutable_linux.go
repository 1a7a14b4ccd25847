package durable

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// immutableFlag is FS_IMMUTABLE_FL of linux/fs.h.
const immutableFlag = 0x10

// setImmutable sets or clears FS_IMMUTABLE_FL (ioctl_iflags(2)), which takes CAP_LINUX_IMMUTABLE
// and a file system that has it. Without them nothing happens.
func setImmutable(f *os.File, on bool) {
	fd := int(f.Fd())
	flags, err := unix.IoctlGetUint32(fd, unix.FS_IOC_GETFLAGS)
	if err == nil {
		flags &^= immutableFlag
		if on {
			flags |= immutableFlag
		}
		_ = unix.IoctlSetPointerInt(fd, unix.FS_IOC_SETFLAGS, int(flags))
	}
	runtime.KeepAlive(f)
}
