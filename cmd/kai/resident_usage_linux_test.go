package main

import (
	"os"
	"syscall"
)

// peakResident is the most memory that a process had, in bytes.
func peakResident(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss << 10 // KiB on Linux
}
