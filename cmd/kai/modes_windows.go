package main

import "io/fs"

// openToOthers is unknown here: the permission bits of a file do not show its ACL.
func openToOthers(fs.FileInfo) bool { return false }

// tooOpenForSSH is unknown here, as openToOthers.
func tooOpenForSSH(fs.FileInfo) bool { return false }
