// Package durabletest makes file systems fail, for tests of what is built on package durable.
//
// A test runs its operation once to count the calls, then again for each call k with that one
// failing, and looks at what is left:
//
//	for k := range calls {
//		fsys := durabletest.Wrap(durable.Root(root), durabletest.FailAt(k, syscall.ENOSPC))
//		err := operation(durable.NewDirFS(fsys))
//		…
//	}
package durabletest

import (
	"io/fs"
	"sync"

	"kai/internal/durable"
)

// Call is one file system call.
type Call struct {
	N    int    // from 0
	Op   string // open, unnamed, link, rename, remove, mkdir, lstat, readdir, syncdir; linkas,
	Name string // read, write, stat, truncate, seal, unseal, sync, syncdata, lock, unlock, close
}

// Fault is how a call fails.
type Fault struct {
	Err error

	// Short lets a write do half its work before it fails.
	Short bool

	// After lets the call do all its work before it reports the error.
	After bool
}

// FS is a file system that fails. It is for use by several goroutines.
type FS struct {
	inner durable.FS
	judge func(Call) *Fault

	mu    sync.Mutex
	calls []Call // guarded by mu
}

// Wrap asks judge before every call; nil means that the call is made.
func Wrap(inner durable.FS, judge func(Call) *Fault) *FS { return &FS{inner: inner, judge: judge} }

// None lets every call through; it is for counting.
func None(Call) *Fault { return nil }

// FailAt makes call number k fail, once.
func FailAt(k int, err error) func(Call) *Fault {
	return func(c Call) *Fault {
		if c.N == k {
			return &Fault{Err: err}
		}
		return nil
	}
}

// Calls returns the calls so far.
func (f *FS) Calls() []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Call(nil), f.calls...)
}

// call records a call and makes it, or not.
func (f *FS) call(op, name string, do func() error) error {
	return f.callWith(op, name, f.judge, do)
}

func (f *FS) callWith(op, name string, judge func(Call) *Fault, do func() error) error {
	f.mu.Lock()
	c := Call{len(f.calls), op, name}
	f.calls = append(f.calls, c)
	f.mu.Unlock()
	fault := judge(c)
	switch {
	case fault == nil:
		return do()
	case fault.After:
		_ = do()
	}
	return fault.Err
}

func (f *FS) Open(name string, flag int, mode fs.FileMode) (durable.File, error) {
	var got durable.File
	err := f.call("open", name, func() (err error) {
		got, err = f.inner.Open(name, flag, mode)
		return err
	})
	return f.opened(got, name, err)
}

// opened wraps an open file, and closes it when the opening was made and then failed.
func (f *FS) opened(got durable.File, name string, err error) (durable.File, error) {
	if err != nil {
		if got != nil {
			_ = got.Close()
		}
		return nil, err
	}
	return &file{got, f, name}, nil
}

func (f *FS) OpenUnnamed(dir string, mode fs.FileMode) (durable.Unnamed, error) {
	var got durable.Unnamed
	err := f.call("unnamed", dir, func() (err error) {
		got, err = f.inner.OpenUnnamed(dir, mode)
		return err
	})
	if err != nil {
		if got != nil {
			_ = got.Close()
		}
		return nil, err
	}
	return &unnamed{file{got, f, dir}, got}, nil
}

func (f *FS) Link(from, to string) error {
	return f.call("link", to, func() error { return f.inner.Link(from, to) })
}

func (f *FS) Rename(from, to string) error {
	return f.call("rename", to, func() error { return f.inner.Rename(from, to) })
}

func (f *FS) Remove(name string) error {
	return f.call("remove", name, func() error { return f.inner.Remove(name) })
}

func (f *FS) Mkdir(name string, mode fs.FileMode) error {
	return f.call("mkdir", name, func() error { return f.inner.Mkdir(name, mode) })
}

func (f *FS) Lstat(name string) (info fs.FileInfo, err error) {
	err = f.call("lstat", name, func() (err error) { info, err = f.inner.Lstat(name); return err })
	return info, err
}

func (f *FS) ReadDir(name string) (entries []fs.DirEntry, err error) {
	err = f.call("readdir", name, func() (err error) { entries, err = f.inner.ReadDir(name); return err })
	return entries, err
}

func (f *FS) SyncDir(name string) error {
	return f.call("syncdir", name, func() error { return f.inner.SyncDir(name) })
}
