//go:build unix

package home

import (
	"io/fs"
	"os"
	"syscall"
)

// owners returns who owns a file and who we are.
func owners(info fs.FileInfo) (owner, user int) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		// Not what the os package documents; better refused than guessed.
		return -2, os.Geteuid()
	}
	return int(stat.Uid), os.Geteuid()
}
