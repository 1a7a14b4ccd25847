//go:build !unix

package audit

import "io/fs"

// othersMay is false: there are no such bits here.
func othersMay(fs.FileMode) bool { return false }
