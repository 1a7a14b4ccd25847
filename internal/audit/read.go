package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"sort"
	"time"

	"kai/internal/audit/event"
)

// Size returns how many events the log has, as its state says, or where that is lost, as its last
// segment shows.
func (l *Log) Size() (uint64, error) {
	st, err := readState(l.dir)
	clear(st.key[:])
	if !errors.Is(err, errStateLost) {
		return st.n, err
	}
	firsts, err := l.segments()
	if err != nil || len(firsts) == 0 {
		return 0, err
	}
	n := firsts[len(firsts)-1]
	for _, err := range l.views(context.Background(), n, 1<<62) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// segmentReader is a segment's bytes, wherever they lie.
type segmentReader struct {
	io.Reader
	io.Closer
	at   io.ReaderAt // nil when it is archived
	size int64       // of the plain file
}

// openSegment opens a segment, plain or archived. A pruned one is ErrPruned.
func (l *Log) openSegment(first uint64) (*segmentReader, error) {
	f, size, err := openSized(l.dir, segmentName(first), os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return l.openArchive(first)
	}
	if err != nil {
		return nil, err
	}
	return &segmentReader{Reader: f, Closer: f, at: f, size: size}, nil
}

// search returns the offset of the first line of a segment for which before is false.
func (s *segmentReader) search(before func(*event.View) bool) (int64, error) {
	low, high := int64(0), s.size
	for high-low > event.MaxLine {
		middle := low + (high-low)/2
		v, at, end, err := lineBehind(s.at, middle, high)
		if err != nil {
			return 0, err
		}
		switch {
		case v == nil: // the last line begins before the middle
			high = middle
		case before(v):
			low = end
		default:
			high = at
		}
	}
	in := newLines(io.NewSectionReader(s.at, low, s.size-low), low, 2*event.MaxLine)
	for {
		line, at, err := in.next()
		if err == io.EOF || err == errTorn {
			return at, nil
		}
		var v event.View
		if err == nil {
			err = event.Scan(line, &v)
		}
		if err != nil {
			return 0, err
		}
		if !before(&v) {
			return at, nil
		}
	}
}

// lineBehind finds the first line that begins behind an offset and ends before the limit.
func lineBehind(r io.ReaderAt, offset, limit int64) (v *event.View, at, end int64, err error) {
	for size := int64(4096); ; size *= 8 {
		b := make([]byte, min(size, limit-offset))
		if _, err := r.ReadAt(b, offset); err != nil && err != io.EOF {
			return nil, 0, 0, err
		}
		start := bytes.IndexByte(b, '\n') + 1
		stop := bytes.IndexByte(b[start:], '\n')
		if start > 0 && stop >= 0 {
			v = new(event.View)
			if err := event.Scan(b[start:start+stop], v); err != nil {
				return nil, 0, 0, err
			}
			return v, offset + int64(start), offset + int64(start+stop) + 1, nil
		}
		if int64(len(b)) == limit-offset {
			return nil, 0, 0, nil
		}
	}
}

// scan reads a line into a view: event.Scan, or event.ScanHead where that is enough.
type scan func(line []byte, v *event.View) error

// Views gives the events from number from up to, and without, number to. Each is valid until the
// next. It ends at the first line that is no event, with a *TamperError.
func (l *Log) Views(ctx context.Context, from, to uint64) iter.Seq2[*event.View, error] {
	return l.views(ctx, from, to)
}

func (l *Log) views(ctx context.Context, from, to uint64) iter.Seq2[*event.View, error] {
	return l.scanned(ctx, from, to, event.Scan)
}

func (l *Log) scanned(ctx context.Context, from, to uint64, read scan) iter.Seq2[*event.View, error] {
	return func(yield func(*event.View, error) bool) {
		n := from
		for n < to {
			more, err := l.segmentViews(ctx, &n, to, read, yield)
			if err != nil {
				yield(nil, err)
				return
			}
			if !more {
				return
			}
		}
	}
}

// segmentViews gives the events of one segment and moves n behind them. more is false when the
// log or the interest in it has ended.
func (l *Log) segmentViews(ctx context.Context, n *uint64, to uint64, read scan, yield func(*event.View, error) bool) (more bool, err error) {
	first := *n / l.info.Seg * l.info.Seg
	s, err := l.openSegment(first)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer s.Close()
	// A look at one event does not read a megabyte.
	const typical = 512
	size := int(min(chunkSize, uint64(s.size)+1, 4096+(to-*n)*typical))
	var in *lines
	if s.at != nil {
		start := int64(0)
		if *n > first {
			if start, err = s.search(func(v *event.View) bool { return v.N < *n }); err != nil {
				return false, l.broken(*n, err)
			}
		}
		in = newLines(io.NewSectionReader(s.at, start, s.size-start), start, size)
	} else {
		in = newLines(s, 0, chunkSize)
	}
	var v event.View
	for *n < to {
		line, _, err := in.next()
		if err == io.EOF || err == errTorn {
			return *n == first+l.info.Seg, nil
		}
		if err != nil {
			return false, fmt.Errorf("audit log: %w", err)
		}
		if err := read(line, &v); err != nil {
			return false, l.broken(*n, err)
		}
		if v.N < *n {
			continue
		}
		if v.N != *n {
			return false, &TamperError{N: *n, Check: CheckSequence, Text: fmt.Sprintf("event %d in its place", v.N)}
		}
		*n++
		if *n&1023 == 0 && ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		if !yield(&v, nil) {
			return false, nil
		}
	}
	return false, nil
}

// broken makes a syntax error a finding.
func (l *Log) broken(n uint64, err error) error {
	if errors.Is(err, event.ErrMalformed) {
		return &TamperError{N: n, Check: CheckSyntax, Text: err.Error()}
	}
	return fmt.Errorf("audit log: %w", err)
}

// Event returns one event, its line without the line feed, and its hash. The errors are
// ErrNotFound, ErrPruned and ErrTampered.
func (l *Log) Event(n uint64) (Appended, error) {
	for v, err := range l.views(context.Background(), n, n+1) {
		if err != nil {
			return Appended{}, err
		}
		line := bytes.Clone(v.Line)
		return Appended{v.Event(), line, LineHash(line)}, nil
	}
	return Appended{}, fmt.Errorf("audit log: %w: %d", ErrNotFound, n)
}

// Backward gives the events before number n, the latest first. Each is valid until the next.
func (l *Log) Backward(ctx context.Context, n uint64) iter.Seq2[*event.View, error] {
	return func(yield func(*event.View, error) bool) {
		// A block of events at a time, found by number: its lines are read forward. Who looks back is
		// often content with few.
		block := uint64(32)
		for ; n > 0; block = min(2*block, 512) {
			from := n - min(block, (n-1)%l.info.Seg+1)
			var views []event.View
			var text []byte
			for v, err := range l.views(ctx, from, n) {
				if err != nil {
					yield(nil, err)
					return
				}
				start := len(text)
				text = append(text, v.Line...)
				views = append(views, event.View{Line: text[start:]})
			}
			if uint64(len(views)) != n-from {
				yield(nil, fmt.Errorf("audit log: %w: %d", ErrNotFound, from))
				return
			}
			for i := len(views) - 1; i >= 0; i-- {
				v := &views[i]
				if err := event.Scan(v.Line, v); err != nil {
					yield(nil, l.broken(from+uint64(i), err))
					return
				}
				if !yield(v, nil) {
					return
				}
			}
			n = from
		}
	}
}

// Find returns the number of the first event at or after a time, below size; size when there is
// none. Times never decrease along the log, so nothing is read but what a search needs.
func (l *Log) Find(t time.Time, size uint64) (uint64, error) {
	micros := t.UnixMicro()
	count := int((size + l.info.Seg - 1) / l.info.Seg)
	var failure error
	timeOf := func(n uint64) int64 {
		for v, err := range l.views(context.Background(), n, n+1) {
			if err != nil {
				if !errors.Is(err, ErrPruned) {
					failure = err
				}
				return -1 << 62
			}
			return v.Micros
		}
		return -1 << 62
	}
	after := sort.Search(count, func(i int) bool { return timeOf(uint64(i)*l.info.Seg) >= micros })
	if failure != nil {
		return 0, failure
	}
	if after == 0 {
		return 0, nil
	}
	first := uint64(after-1) * l.info.Seg
	last := min(size, first+l.info.Seg)
	s, err := l.openSegment(first)
	if errors.Is(err, ErrPruned) {
		return last, nil
	}
	if err != nil {
		return 0, err
	}
	defer s.Close()
	if s.at == nil {
		for v, err := range l.views(context.Background(), first, last) {
			if err != nil {
				return 0, err
			}
			if v.Micros >= micros {
				return v.N, nil
			}
		}
		return last, nil
	}
	offset, err := s.search(func(v *event.View) bool { return v.Micros < micros })
	if err != nil {
		return 0, l.broken(first, err)
	}
	in := newLines(io.NewSectionReader(s.at, offset, s.size-offset), offset, event.MaxLine)
	line, _, err := in.next()
	if err == io.EOF || err == errTorn {
		return last, nil
	}
	var v event.View
	if err == nil {
		err = event.Scan(line, &v)
	}
	if err != nil {
		return 0, l.broken(first, err)
	}
	return min(v.N, last), nil
}
