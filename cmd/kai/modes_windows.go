package main

import "io/fs"

// openToOthers is unknown here: the permission bits of a file do not show its ACL.
func openToOthers(fs.FileInfo) bool { return false }
