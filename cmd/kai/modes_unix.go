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

// tooOpenForSSH reports whether OpenSSH would not use a file as a private key: it is the
// user's own, and others may do something with it.
func tooOpenForSSH(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid() && info.Mode().Perm()&0o077 != 0
}
