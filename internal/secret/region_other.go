//go:build !(linux || darwin || freebsd || netbsd || openbsd)

package secret

// allocate returns n zero bytes of plain memory.
func allocate(n int) *region { return &region{mem: make([]byte, n), size: n} }
