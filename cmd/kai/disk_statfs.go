//go:build linux || darwin || freebsd

package main

import (
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// freeBytes is the room that the user may still fill on the file system of a directory.
func freeBytes(dir *os.Root) (int64, bool) {
	f, err := dir.Open(".")
	if err != nil {
		return 0, false
	}
	defer f.Close()
	var s unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &s); err != nil {
		return 0, false
	}
	// The types of the two fields differ between systems.
	free, size := uint64(s.Bavail), uint64(s.Bsize)
	if size != 0 && free > math.MaxInt64/size {
		return math.MaxInt64, true
	}
	return int64(free * size), true
}
