//go:build unix

package audit

import "io/fs"

// othersMay reports whether anybody but the owner has a permission.
func othersMay(mode fs.FileMode) bool { return mode.Perm()&0o077 != 0 }
