package durable

import "io"

// readAheadSize is what is read at a time when a log is walked: frames are small, calls are not.
const readAheadSize = 64 << 10

// readAhead serves reads that walk forward from larger ones. What it has read it does not read
// again, so a new one is needed to see a changed file.
type readAhead struct {
	r     io.ReaderAt
	buf   []byte
	start int64 // of buf in the file
}

func (a *readAhead) ReadAt(p []byte, off int64) (int, error) {
	if len(p) >= readAheadSize {
		return a.r.ReadAt(p, off)
	}
	if n := a.serve(p, off); n == len(p) {
		return n, nil
	}
	if a.buf == nil {
		a.buf = make([]byte, 0, readAheadSize)
	}
	n, err := a.r.ReadAt(a.buf[:readAheadSize], off)
	a.buf, a.start = a.buf[:n], off
	if n = a.serve(p, off); n == len(p) {
		return n, nil
	}
	return n, err
}

// serve copies what the buffer holds of p.
func (a *readAhead) serve(p []byte, off int64) int {
	i := off - a.start
	if i < 0 || i > int64(len(a.buf)) {
		return 0
	}
	return copy(p, a.buf[i:])
}
