package durabletest

import (
	"io/fs"

	"kai/internal/durable"
)

type file struct {
	inner durable.File
	fs    *FS
	name  string
}

type unnamed struct {
	file
	inner durable.Unnamed
}

func (u *unnamed) LinkAs(name string) error {
	return u.fs.call("linkas", name, func() error { return u.inner.LinkAs(name) })
}

func (f *file) Read(p []byte) (n int, err error) {
	err = f.fs.call("read", f.name, func() (err error) { n, err = f.inner.Read(p); return err })
	return n, err
}

func (f *file) ReadAt(p []byte, off int64) (n int, err error) {
	err = f.fs.call("read", f.name, func() (err error) { n, err = f.inner.ReadAt(p, off); return err })
	return n, err
}

func (f *file) Write(p []byte) (int, error) { return f.write(p, f.inner.Write) }

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	return f.write(p, func(p []byte) (int, error) { return f.inner.WriteAt(p, off) })
}

// write does all of a write, half of it, or nothing.
func (f *file) write(p []byte, do func([]byte) (int, error)) (n int, err error) {
	half := false
	judge := f.fs.judge
	err = f.fs.callWith("write", f.name, func(c Call) *Fault {
		fault := judge(c)
		half = fault != nil && fault.Short
		return fault
	}, func() (err error) { n, err = do(p); return err })
	if half {
		n, _ = do(p[:len(p)/2])
	}
	return n, err
}

func (f *file) Stat() (info fs.FileInfo, err error) {
	err = f.fs.call("stat", f.name, func() (err error) { info, err = f.inner.Stat(); return err })
	return info, err
}

func (f *file) Truncate(size int64) error {
	return f.fs.call("truncate", f.name, func() error { return f.inner.Truncate(size) })
}

func (f *file) Sync() error {
	return f.fs.call("sync", f.name, f.inner.Sync)
}

func (f *file) Seal() error { return f.fs.call("seal", f.name, f.inner.Seal) }

func (f *file) Unseal() error { return f.fs.call("unseal", f.name, f.inner.Unseal) }

func (f *file) SyncData() error {
	return f.fs.call("syncdata", f.name, f.inner.SyncData)
}

func (f *file) TryLock(exclusive bool) (ok bool, err error) {
	err = f.fs.call("lock", f.name, func() (err error) { ok, err = f.inner.TryLock(exclusive); return err })
	return ok && err == nil, err
}

func (f *file) Unlock() error {
	return f.fs.call("unlock", f.name, f.inner.Unlock)
}

// Close closes the file whatever it then reports, as close(2) does.
func (f *file) Close() error {
	closed := false
	err := f.fs.call("close", f.name, func() error { closed = true; return f.inner.Close() })
	if !closed {
		_ = f.inner.Close()
	}
	return err
}
