//go:build unix

package home_test

import "syscall"

// umask sets the umask of the process and returns what puts it back.
func umask(mask int) (restore func()) {
	old := syscall.Umask(mask)
	return func() { syscall.Umask(old) }
}
