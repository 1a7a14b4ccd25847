package main

import (
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"

	"kai/internal/digest"
)

// jobs yields the files that the command line names, and with -r those below directories.
func (o hashOptions) jobs(env *env) iter.Seq[digest.Job] {
	return func(yield func(digest.Job) bool) {
		w := hashWalk{env: env, algorithm: o.algorithm, yield: yield}
		for _, name := range o.files {
			if !w.argument(name, o.recursive) {
				return
			}
		}
	}
}

// hashWalk finds the files of kai hash -r.
type hashWalk struct {
	env       *env
	algorithm digest.Algorithm
	yield     func(digest.Job) bool
}

// argument yields the files of one argument. Like the other methods it returns false when
// there is nobody to yield to. A symbolic link that is named is followed.
func (w hashWalk) argument(name string, recursive bool) bool {
	if recursive && name != "-" {
		info, err := os.Stat(w.env.path(name))
		switch {
		case err != nil:
			return w.fail(name, err)
		case info.IsDir():
			return w.directory(name)
		}
	}
	return w.file(name)
}

// directory yields the files below a directory in the order of their paths' bytes.
func (w hashWalk) directory(path string) bool {
	entries, err := os.ReadDir(w.env.path(path))
	if err != nil {
		return w.fail(path, err)
	}
	// What stands below a/ begins with "a/", which sorts behind "a.txt".
	key := func(e fs.DirEntry) string {
		if e.IsDir() {
			return e.Name() + "/"
		}
		return e.Name()
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(key(a), key(b)) })
	if !strings.HasSuffix(path, "/") {
		path += "/"
	}
	for _, e := range entries {
		if !w.entry(path+e.Name(), e) {
			return false
		}
	}
	return true
}

func (w hashWalk) entry(path string, e fs.DirEntry) bool {
	switch mode := e.Type(); {
	case mode.IsDir():
		return w.directory(path)
	case mode.IsRegular():
		return w.file(path)
	case mode&fs.ModeSymlink != 0:
		return true
	default:
		return w.fail(path, failf(exitFailure, "not_regular", "%s: is a %s, not a regular file", path, kindOfFile(mode)))
	}
}

func (w hashWalk) file(path string) bool {
	return w.yield(digest.Job{Path: path, Algorithm: w.algorithm})
}

func (w hashWalk) fail(path string, err error) bool {
	return w.yield(digest.Job{Path: path, Algorithm: w.algorithm, Err: err})
}

// kindOfFile names what is neither a file, a directory nor a symbolic link.
func kindOfFile(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeNamedPipe != 0:
		return "named pipe"
	case mode&fs.ModeSocket != 0:
		return "socket"
	case mode&fs.ModeDevice != 0:
		return "device"
	}
	return "special file"
}
