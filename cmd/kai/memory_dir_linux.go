package main

import "golang.org/x/sys/unix"

// ramfsMagic is RAMFS_MAGIC of linux/magic.h.
const ramfsMagic = 0x858458f6

// inMemory refuses a directory that is not on a file system in memory.
func inMemory(dir string) error {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return err
	}
	if kind := uint32(s.Type); kind != unix.TMPFS_MAGIC && kind != ramfsMagic {
		return errNotInMem
	}
	return nil
}
