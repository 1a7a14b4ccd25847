package mask

import (
	"errors"
	"io"

	"kai/internal/secret"
)

// ErrClosed: a write after Close.
var ErrClosed = errors.New("mask: writer is closed")

// Writer masks one stream. It is not for several goroutines at a time.
type Writer struct {
	w      io.Writer
	trie   *trie
	err    error // of the last write to w, or ErrClosed: nothing is written any more
	closed bool

	store *secret.Bytes
	buf   []byte // in store; nil when nothing is masked

	base  int64       // offset of buf in the stream
	found func(int64) // told where each stretch begins that is masked; may be nil

	// Offsets in buf. buf[:n] has been looked at, and its last depth bytes begin some form.
	n, depth int
	node     uint32 // of those bytes; 0 while depth < entry
	done     int    // what comes before is written or dropped
	masked   int    // what comes before is behind a tag that has been written
	spans    []span // to be masked and not yet written: apart and in order
	tails    []cursor
	work     int // bytes that may still be compared for tails in this chunk

	out []byte // what is written next
}

// span is a stretch of buf. It may begin before buf.
type span struct{ from, to int }

// Write masks p and writes what can be written. The error is that of the underlying writer.
func (w *Writer) Write(p []byte) (n int, err error) {
	if w.err != nil {
		return 0, w.err
	}
	if w.buf == nil {
		n, w.err = w.w.Write(p)
		return n, w.err
	}
	for len(p) > 0 {
		part := p[:min(len(p), chunk)]
		w.add(part)
		w.emit(w.n - w.depth)
		if w.err != nil {
			return n, w.err
		}
		n += len(part)
		p = p[len(part):]
	}
	return n, nil
}

// Held is how many bytes are held back.
func (w *Writer) Held() int { return w.n - w.done }

// Flush writes what is held back. A form whose beginning is written thereby is masked from there
// on.
func (w *Writer) Flush() error {
	if w.err == nil && w.Held() > 0 {
		w.emit(w.n)
	}
	if w.closed {
		return nil
	}
	return w.err
}

// Close flushes and wipes what the Writer holds. It does not close the underlying writer.
func (w *Writer) Close() error {
	if w.closed {
		return nil
	}
	err := w.Flush()
	w.closed, w.err = true, ErrClosed
	w.store.Wipe()
	w.buf, w.n, w.depth, w.done, w.spans = nil, 0, 0, 0, nil
	clear(w.tails[:cap(w.tails)])
	secret.Zero(w.out[:cap(w.out)])
	return err
}

// add puts part behind the beginnings of forms and finds what ends in it.
func (w *Writer) add(part []byte) {
	// Only the beginning of a form is needed on.
	gone := w.n - w.depth
	copy(w.buf, w.buf[gone:w.n])
	w.base += int64(gone)
	w.n, w.done, w.masked = w.depth, w.done-gone, max(w.masked-gone, 0)
	for i := range w.spans {
		w.spans[i].from -= gone
		w.spans[i].to -= gone
	}
	from := w.n
	w.n += copy(w.buf[w.n:], part)

	w.work = tailWork * chunk
	tails := w.tails
	w.tails = w.tails[:0]
	for i := range tails {
		w.follow(&tails[i], from)
	}
	clear(w.tails[len(w.tails):cap(w.tails)])
	w.scan(from)
}

// scan looks at buf[i:n].
func (w *Writer) scan(i int) {
	t, b, node, depth := w.trie, w.buf[:w.n], w.node, w.depth
	for {
		if node == 0 {
			var q int
			if q, node = t.enter(b, i-depth); node == 0 {
				w.node, w.depth = 0, t.begins(b[q:])
				return
			}
			i = q + entry
		}
		for {
			if i == len(b) {
				w.node, w.depth = node, t.depth(node)
				return
			}
			next := t.child(node, b[i])
			if next == 0 {
				if node = t.link(node, nodeFail); t.depth(node) >= entry {
					continue
				}
				node, depth = 0, t.depth(node)
				break
			}
			node = next
			i++
			if length := t.out(node); length > 0 {
				w.mark(span{i - length, i})
				for _, tail := range t.tails[node] {
					w.follow(&tail, i)
				}
			}
		}
	}
}

// follow masks what agrees with the tail of a form from buf[i], right behind what is masked.
func (w *Writer) follow(tail *cursor, i int) {
	from := i
	for ; i < w.n && w.work > 0; i++ {
		w.work--
		b, ok := tail.next()
		if !ok || b != w.buf[i] {
			break
		}
	}
	if i > from {
		w.mark(span{from - 1, i}) // one byte more: a part of the stretch before
	}
	if i == w.n && len(w.tails) < maxTails {
		w.tails = append(w.tails, *tail)
	}
}

// mark adds s to the spans, joined with those that it overlaps.
func (w *Writer) mark(s span) {
	last := len(w.spans) - 1
	for ; last >= 0 && w.spans[last].to > s.from; last-- {
		s = span{min(s.from, w.spans[last].from), max(s.to, w.spans[last].to)}
	}
	w.spans = append(w.spans[:last+1], s)
}

// emit writes what is known for sure: no form that is still to be found begins before end.
func (w *Writer) emit(end int) {
	out := w.out[:0]
	spans := 0
	for ; spans < len(w.spans) && w.spans[spans].from <= end; spans++ {
		s := w.spans[spans]
		if s.from >= w.masked {
			if w.found != nil {
				w.found(w.base + int64(s.from))
			}
			out = append(out, w.buf[w.done:max(w.done, s.from)]...)
			out = append(out, Tag...)
		}
		w.masked = max(w.masked, s.to)
		w.done = max(w.done, w.masked)
	}
	w.spans = append(w.spans[:0], w.spans[spans:]...)
	rest := w.buf[w.done:max(w.done, end)]
	w.done = max(w.done, end)
	if len(out) > 0 {
		w.out = append(out, rest...)
		rest = w.out
	}
	if len(rest) > 0 {
		_, w.err = w.w.Write(rest)
	}
}
