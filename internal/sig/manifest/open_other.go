//go:build !unix

package manifest

import "os"

// openFlags open a regular file.
const openFlags = os.O_RDONLY
