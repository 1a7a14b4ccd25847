package main

import (
	"path/filepath"
	"testing"
)

func TestMemAvailable(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]uint64{
		"MemTotal:       24682896 kB\nMemAvailable:   22797312 kB\n": 22797312 << 10,
		"MemTotal:       24682896 kB\n":                              0,
		"MemAvailable:   many kB\n":                                  0,
		"":                                                           0,
	} {
		if got := memAvailable(writeFile(t, filepath.Join(dir, "meminfo"), text, 0o600)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
	if got := memAvailable(filepath.Join(dir, "missing")); got != 0 {
		t.Errorf("no file: %d", got)
	}
	if availableMemory() == 0 {
		t.Error("this system does not say")
	}
}

func TestControlGroup(t *testing.T) {
	dir := t.TempDir()
	file := writeFile(t, filepath.Join(dir, "cgroup"), "0::/user.slice/a\n", 0o600)
	group := controlGroup(file)
	if group != groupRoot+"/user.slice/a" || parentGroup(group) != groupRoot+"/user.slice" || parentGroup(groupRoot) != "" {
		t.Errorf("%q, parent %q", group, parentGroup(group))
	}
	if got := controlGroup(writeFile(t, file, "4:memory:/x\n", 0o600)); got != "" { // version 1
		t.Errorf("version 1: %q", got)
	}
}
