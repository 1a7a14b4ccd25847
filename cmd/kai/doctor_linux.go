package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"kai/internal/keyctl"
)

// platformChecks are what only Linux has.
func platformChecks() []check { return []check{checkKernelKeys, checkRuntimeDir, checkSharedMemory} }

func checkKernelKeys(context.Context, *env) checkResult {
	if err := keyctl.User(func(keyctl.Ring) error { return nil }); err != nil {
		return checkResult{
			Name: "kernel keys", Status: checkWarn, Detail: err.Error() + ": common in containers",
			Fix: "allow keyctl in the container's seccomp profile",
		}
	}
	return checkResult{Name: "kernel keys", Status: checkOK, Detail: "keyctl answers"}
}

func checkRuntimeDir(_ context.Context, env *env) checkResult {
	r := checkResult{Name: "runtime directory", Status: checkWarn, Fix: "loginctl enable-linger, or log in through PAM"}
	dir := env.getenv("XDG_RUNTIME_DIR")
	if dir == "" {
		r.Detail = "XDG_RUNTIME_DIR is not set"
		return r
	}
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		r.Detail = err.Error()
	case !info.IsDir() || !ownedByUser(info) || info.Mode().Perm()&0o077 != 0:
		r.Detail, r.Fix = dir+": not a directory of yours alone", "chmod 700 "+dir
	default:
		return checkResult{Name: r.Name, Status: checkOK, Detail: dir}
	}
	return r
}

// checkSharedMemory looks for a place for files that never reach a disk.
func checkSharedMemory(context.Context, *env) checkResult {
	const dir = "/dev/shm"
	r := checkResult{Name: "memory files", Status: checkWarn, Fix: "mount -t tmpfs -o mode=1777 tmpfs " + dir}
	var stat unix.Statfs_t
	switch err := unix.Statfs(dir, &stat); {
	case err != nil:
		r.Detail = dir + ": " + err.Error()
	case int64(stat.Type) != unix.TMPFS_MAGIC:
		r.Detail = dir + ": not a tmpfs"
	case unix.Access(dir, unix.W_OK) != nil:
		r.Detail = dir + ": not writable"
	default:
		return checkResult{Name: r.Name, Status: checkOK, Detail: dir + ": " + byteCount(int64(stat.Bavail)*int64(stat.Bsize)) + " free"}
	}
	return r
}

// lockLimit says how much memory may be locked.
func lockLimit() string {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit); err != nil {
		return ""
	}
	if limit.Cur == unix.RLIM_INFINITY {
		return " (no limit)"
	}
	return fmt.Sprintf(" (limit %s)", byteCount(int64(limit.Cur)))
}

// ownedByUser reports whether a file belongs to the user kai runs as.
func ownedByUser(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
