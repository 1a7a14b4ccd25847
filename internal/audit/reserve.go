package audit

import (
	"errors"
	"io/fs"
)

const reserveFile = "reserve"

// keepReserve makes the reserve when it is missing and there is room.
func (w *writer) keepReserve() {
	if _, err := w.l.dir.Lstat(reserveFile); !errors.Is(err, fs.ErrNotExist) {
		return
	}
	filler := make([]byte, reserveSize)
	for i := range filler { // what a file system could store as a hole would keep nothing
		filler[i] = byte(i * i >> 3)
	}
	_ = w.l.dir.CreateNew(reserveFile, filler, 0o600)
}

// dropReserve makes room; it reports whether there was any to make.
func (l *Log) dropReserve() bool { return l.dir.Remove(reserveFile) == nil }
