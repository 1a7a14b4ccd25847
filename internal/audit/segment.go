package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"kai/internal/audit/event"
)

// segmentName is the file of a segment, named by the number of its first event.
func segmentName(first uint64) string { return fmt.Sprintf("seg/%012d.jsonl", first) }

// segmentFirst undoes segmentName for the name without its directory.
func segmentFirst(name string) (first uint64, ok bool) {
	digits, ok := strings.CutSuffix(name, ".jsonl")
	if !ok || len(digits) != 12 {
		return 0, false
	}
	first, err := strconv.ParseUint(digits, 10, 64)
	return first, err == nil && segmentName(first) == "seg/"+name
}

// lines reads the lines of a segment one after the other.
type lines struct {
	r    io.Reader
	buf  []byte
	from int   // of what was read and not returned
	at   int64 // offset of buf[from] in the segment
	err  error // of r
}

// newLines reads from r, whose first byte has an offset in its segment.
func newLines(r io.Reader, offset int64, size int) *lines {
	return &lines{r: r, buf: make([]byte, 0, size), at: offset}
}

// errTorn is the end of a segment in the middle of a line.
var errTorn = errors.New("line without its line feed")

// next returns a line without its line feed and its offset. The line is valid until the next
// call. At the end the error is io.EOF, or errTorn with what is left.
func (l *lines) next() (line []byte, at int64, err error) {
	searched := 0
	for {
		rest := l.buf[l.from:]
		if i := bytes.IndexByte(rest[searched:], '\n'); i >= 0 {
			line, at = rest[:searched+i], l.at
			l.from += len(line) + 1
			l.at += int64(len(line)) + 1
			return line, at, nil
		}
		searched = len(rest)
		switch {
		case l.err == io.EOF && len(rest) == 0:
			return nil, l.at, io.EOF
		case l.err == io.EOF, l.err == nil && len(rest) >= event.MaxLine:
			return rest, l.at, errTorn
		case l.err != nil:
			return nil, l.at, l.err
		}
		if l.from > 0 {
			l.buf = l.buf[:copy(l.buf[:cap(l.buf)], rest)]
			l.from = 0
		}
		if len(l.buf) == cap(l.buf) {
			l.buf = append(make([]byte, 0, max(2*cap(l.buf), 4096)), l.buf...)
		}
		n, err := l.r.Read(l.buf[len(l.buf):cap(l.buf)])
		l.buf, l.err = l.buf[:len(l.buf)+n], err
	}
}
