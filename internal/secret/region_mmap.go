//go:build linux || darwin || freebsd || netbsd || openbsd

package secret

import (
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// allocate returns n zero bytes between two inaccessible pages. Expected system calls:
//
//	mmap(NULL, 2 pages + n rounded up, PROT_NONE, MAP_PRIVATE|MAP_ANON)
//	mprotect(inner, PROT_READ|PROT_WRITE)
//	madvise(inner, MADV_DONTDUMP)   Linux
//	mlock(inner)                    may be refused: RLIMIT_MEMLOCK
//
// When the system has no more mappings to give, the bytes come from the Go heap instead, unlocked.
func allocate(n int) *region {
	if n == 0 {
		return &region{}
	}
	page := os.Getpagesize()
	if n > math.MaxInt-3*page {
		panic("secret: size out of range")
	}
	inner := (n + page - 1) / page * page
	all, err := unix.Mmap(-1, 0, inner+2*page, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return &region{mem: make([]byte, n), size: n}
	}
	mem := all[page : page+inner : page+inner]
	if err := unix.Mprotect(mem, unix.PROT_READ|unix.PROT_WRITE); err != nil {
		_ = unix.Munmap(all)
		return &region{mem: make([]byte, n), size: n}
	}
	hide(mem)
	return &region{
		mem:    mem[:n:n],
		size:   n,
		locked: unix.Mlock(mem) == nil,
		// munmap also unlocks. It can fail only when the range is not a mapping.
		free: func() { _ = unix.Munmap(all) },
	}
}
