package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// availableMemory is what may be allocated without swapping, in bytes: the least of what the
// kernel has (proc_meminfo(5)) and what the control groups of the process leave (cgroups(7),
// version 2). 0 is unknown.
func availableMemory() uint64 {
	available := memAvailable("/proc/meminfo")
	for dir := controlGroup("/proc/self/cgroup"); dir != ""; dir = parentGroup(dir) {
		limit, ok := readNumber(filepath.Join(dir, "memory.max"))
		used, ok2 := readNumber(filepath.Join(dir, "memory.current"))
		if !ok || !ok2 {
			continue // "max", or a group without the controller
		}
		left := uint64(1) // not 0: that would be unknown
		if limit > used {
			left = limit - used
		}
		if available == 0 || left < available {
			available = left
		}
	}
	return available
}

func memAvailable(path string) uint64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) == 3 && fields[0] == "MemAvailable:" && fields[2] == "kB" {
			n, err := strconv.ParseUint(fields[1], 10, 54)
			if err == nil {
				return n << 10
			}
		}
	}
	return 0
}

const groupRoot = "/sys/fs/cgroup"

func controlGroup(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if group, ok := strings.CutPrefix(strings.TrimSpace(line), "0::/"); ok {
			return filepath.Join(groupRoot, group)
		}
	}
	return ""
}

// parentGroup is "" above the root.
func parentGroup(dir string) string {
	if dir == groupRoot || !strings.HasPrefix(dir, groupRoot+"/") {
		return ""
	}
	return filepath.Dir(dir)
}

func readNumber(path string) (uint64, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	return n, err == nil
}
