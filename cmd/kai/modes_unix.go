//go:build unix

package main

import (
	"io/fs"
	"os"
	"syscall"
)

// openToOthers reports whether anybody but the owner can read a file. Pipes and devices have
// no readers to speak of.
func openToOthers(info fs.FileInfo) bool {
	return info.Mode().IsRegular() && info.Mode().Perm()&0o044 != 0
}

// accessibleToOthers reports whether anybody but the owner can do anything with a directory.
func accessibleToOthers(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }

// ownedByUser reports whether a file belongs to the user kai runs as.
func ownedByUser(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
