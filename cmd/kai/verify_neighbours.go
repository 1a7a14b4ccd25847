package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"kai/internal/sig/formats"
)

// manyTasks is from how many files on it is cheaper to list their directories
// once than to look for a dozen signature files beside each of them.
const manyTasks = 32

// neighbours finds the signature files beside files.
type neighbours struct {
	read bool // list whole directories

	mu   sync.Mutex
	dirs map[string]*directory // guarded by mu
}

// directory is a listing, made at the first use.
type directory struct {
	once  sync.Once
	names map[string]bool // nil if it cannot be listed
}

// beside lists the signature files of a file that exist, in a fixed order.
func (n *neighbours) beside(env *env, name string) []string {
	path := env.path(name)
	there := func(suffix string) bool {
		info, err := os.Stat(path + suffix)
		return err == nil && info.Mode().IsRegular()
	}
	if names := n.list(filepath.Dir(path)); names != nil {
		there = func(suffix string) bool { return names[filepath.Base(path)+suffix] }
	}
	var found []string
	for _, suffix := range formats.Suffixes() {
		if there(suffix) {
			found = append(found, name+suffix)
		}
	}
	return found
}

// list returns the regular files of a directory and what its links lead to.
func (n *neighbours) list(path string) map[string]bool {
	if !n.read {
		return nil
	}
	n.mu.Lock()
	d := n.dirs[path]
	if d == nil {
		d = &directory{}
		if n.dirs == nil {
			n.dirs = map[string]*directory{}
		}
		n.dirs[path] = d
	}
	n.mu.Unlock()
	d.once.Do(func() { d.names = regularFiles(path) })
	return d.names
}

func regularFiles(path string) map[string]bool {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil
	}
	names := make(map[string]bool, len(entries))
	for _, e := range entries {
		switch {
		case e.Type().IsRegular():
			names[e.Name()] = true
		case e.Type() == fs.ModeSymlink:
			info, err := os.Stat(filepath.Join(path, e.Name()))
			names[e.Name()] = err == nil && info.Mode().IsRegular()
		}
	}
	return names
}
