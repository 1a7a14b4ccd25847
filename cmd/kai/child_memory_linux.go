package main

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"kai/internal/secret"
)

// memoryFile returns a file that exists in memory only and cannot be changed any more.
//
// Expected system calls: memfd_create, fchmod, write…, fcntl(F_ADD_SEALS).
func memoryFile(value *secret.Bytes) (*os.File, error) {
	const flags = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate("kai", flags|unix.MFD_NOEXEC_SEAL)
	if errors.Is(err, unix.EINVAL) { // Linux before 6.3
		fd, err = unix.MemfdCreate("kai", flags)
	}
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), "memfd:kai")
	err = f.Chmod(0o400)
	if err == nil {
		_, err = f.Write(value.Expose())
	}
	if err == nil {
		_, err = unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_SEAL|unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_WRITE)
	}
	if err == nil {
		_, err = f.Seek(0, 0) // for those who read the descriptor itself
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
