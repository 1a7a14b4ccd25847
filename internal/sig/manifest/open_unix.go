//go:build unix

package manifest

import (
	"os"
	"syscall"
)

// openFlags open a regular file. A FIFO that took its place must not stop us:
// opening it would wait for a writer.
const openFlags = os.O_RDONLY | syscall.O_NONBLOCK | syscall.O_NOCTTY
