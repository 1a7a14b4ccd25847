//go:build unix

package main

import "io/fs"

// openToOthers reports whether anybody but the owner can read a file. Pipes and devices have
// no readers to speak of.
func openToOthers(info fs.FileInfo) bool {
	return info.Mode().IsRegular() && info.Mode().Perm()&0o044 != 0
}
