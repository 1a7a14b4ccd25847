package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/audit/event"
)

// block is a part of a segment that ends with a line, on its way from the reader through a worker
// to the chain.
type block struct {
	text  []byte
	rows  []row
	first bool   // of its segment
	start uint64 // the segment
	torn  int    // bytes behind the last line of the log
	// endless: the last line, which is not that of the log, has no line feed.
	endless bool
	err     error // the end of the reading
	ready   chan struct{}
}

// readLines reads all segments: one goroutine reads, workers scan and hash lines, and the chain,
// which each line of has to wait for the one before, is followed here.
func (v *verifier) readLines(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := v.begin(); err != nil {
		return err
	}
	defer v.chain.tree.close()
	order := make(chan *block, v.o.Workers+1)
	work := make(chan *block, v.o.Workers+1)
	pool := sync.Pool{New: func() any { return &block{} }}
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel() // before the wait: an error here must not leave the others waiting
	for range v.o.Workers {
		running.Go(func() {
			for b := range work {
				b.scan()
				close(b.ready)
			}
		})
	}
	running.Go(func() {
		defer close(work)
		defer close(order)
		v.read(ctx, func(b *block) bool {
			b.ready = make(chan struct{})
			select {
			case order <- b:
			case <-ctx.Done():
				return false
			}
			select {
			case work <- b:
			case <-ctx.Done():
				close(b.ready)
				return false
			}
			return true
		}, func() *block { return pool.Get().(*block) })
	})
	for b := range order {
		<-b.ready
		if err := v.follow(ctx, b); err != nil {
			return err
		}
		pool.Put(b)
	}
	return context.Cause(ctx)
}

// begin takes the place at which reading begins.
func (v *verifier) begin() error {
	v.chain.tree = &treeReader{}
	v.chain.tree.open(v)
	pruned, err := v.l.prunedTo()
	if err != nil {
		return err
	}
	if err := v.start(); err != nil {
		return err
	}
	if v.o.Quick {
		if leaped, err := v.quick(pruned); leaped || err != nil {
			return err
		}
	}
	if pruned > 0 {
		return v.leap(pruned, false)
	}
	return nil
}

// follow takes one block through the chain.
func (v *verifier) follow(ctx context.Context, b *block) error {
	if b.err != nil {
		return b.err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if b.first {
		v.enterSegment(b.start)
	}
	for i := range b.rows {
		if n := v.chain.edge.size; n == b.start+v.l.info.Seg {
			v.findAt(n, CheckSegment, fmt.Sprintf("%s has more events than belong there", segmentName(b.start)))
		}
		if err := v.step(&b.rows[i]); err != nil {
			return err
		}
	}
	if b.endless {
		v.findAt(v.chain.edge.size-1, CheckSegment, "the last line of its segment has no end")
	}
	v.chain.torn = b.torn
	if v.o.Progress != nil {
		v.o.Progress(v.chain.edge.size, max(v.st.n, v.chain.edge.size))
	}
	return nil
}

// enterSegment notices segments that are missing, too short or too long.
func (v *verifier) enterSegment(first uint64) {
	n := v.chain.edge.size
	if first%v.l.info.Seg == 0 && first <= n && n-first < v.l.info.Seg {
		return
	}
	v.findAt(n, CheckSegment, fmt.Sprintf("%s comes next", segmentName(first)))
	v.chain.broken = true
}

// scan makes rows of the lines of a block.
func (b *block) scan() {
	b.rows = b.rows[:0]
	var h hasher
	var view event.View
	for text := b.text; len(text) > 0; {
		end := bytes.IndexByte(text, '\n')
		line := text[:end]
		text = text[end+1:]
		if err := event.Scan(line, &view); err != nil {
			b.rows = append(b.rows, row{bad: err, leaf: h.record(line)})
			continue
		}
		r := row{n: view.N, micros: view.Micros, leaf: h.line(line), mac: view.MAC, prev: view.Prev}
		r.details = committed(view.Details)
		if special(view.Act) {
			e := view.Event()
			r.event = &e
		}
		b.rows = append(b.rows, r)
	}
}

// read cuts the segments into blocks.
func (v *verifier) read(ctx context.Context, send func(*block) bool, fresh func() *block) {
	for i, first := range v.firsts {
		if first+v.l.info.Seg <= v.out.From {
			continue
		}
		if !v.readSegment(ctx, first, i == len(v.firsts)-1, send, fresh) {
			return
		}
	}
}

func (v *verifier) readSegment(ctx context.Context, first uint64, last bool, send func(*block) bool, fresh func() *block) bool {
	fail := func(err error) bool {
		b := fresh()
		b.text, b.err = b.text[:0], fmt.Errorf("audit log: %s: %w", segmentName(first), err)
		send(b)
		return false
	}
	s, err := v.l.openSegment(first)
	if err != nil {
		return fail(err)
	}
	defer s.Close()
	var in io.Reader = s
	limit := chunkSize
	if s.at != nil {
		offset := int64(0)
		if first < v.out.From {
			if offset, err = s.search(func(e *event.View) bool { return e.N < v.out.From }); err != nil {
				return fail(err)
			}
		}
		// Up to the size that it had when nobody was writing.
		in = io.NewSectionReader(s.at, offset, v.sizes[first]-offset)
		limit = int(min(chunkSize, max(0, v.sizes[first]-offset)+1)) // one more, to meet the end
	}
	var rest []byte
	for head := true; ; head = false {
		b := fresh()
		b.first, b.start, b.torn, b.endless, b.err = head, first, 0, false, nil
		n, err := b.fill(in, rest, limit)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return fail(err)
		}
		end := bytes.LastIndexByte(b.text[:n], '\n') + 1
		rest = bytes.Clone(b.text[end:n])
		b.text = b.text[:end]
		switch {
		case err != nil && len(rest) > 0 && last && len(rest) < event.MaxLine:
			b.torn = len(rest)
		case err != nil && len(rest) > 0, len(rest) >= event.MaxLine:
			b.text = append(append(b.text, rest...), '\n')
			b.endless, rest = err != nil, nil
		}
		if !send(b) {
			return false
		}
		if err != nil {
			return true
		}
	}
}

// fill reads up to limit bytes behind what was left of the block before, which count among them. Only
// a limit of chunkSize leaves something.
func (b *block) fill(in io.Reader, rest []byte, limit int) (int, error) {
	if cap(b.text) < limit+event.MaxLine {
		b.text = make([]byte, limit+2*event.MaxLine)
	}
	b.text = b.text[:cap(b.text)]
	n := copy(b.text, rest)
	m, err := io.ReadFull(in, b.text[n:limit])
	return n + m, err
}

// treeReader reads the file of the tree beside the lines, to compare.
type treeReader struct {
	f       io.ReadCloser
	buf     []byte // of space, what was not compared yet
	space   []byte
	scratch [64][32]byte
	wrong   bool
}

func (t *treeReader) open(v *verifier) {
	f, err := v.openFile(treeFile)
	if err != nil {
		t.wrong = true
		v.treeGood = v.st.n == 0
		return
	}
	t.f = f
}

// skip moves behind the hashes of the first n leaves.
func (t *treeReader) skip(n uint64) {
	if s, ok := t.f.(io.ReaderAt); ok {
		t.f = sectionCloser{io.NewSectionReader(s, tlog.StoredHashIndex(0, int64(n))*hashSize, 1<<62), t.f}
	}
}

type sectionCloser struct {
	io.Reader
	io.Closer
}

// matches reports whether the file goes on with these hashes.
func (t *treeReader) matches(hashes [][32]byte) bool {
	if t.wrong {
		return false
	}
	for i := range hashes {
		if len(t.buf) < hashSize {
			if !t.refill() {
				t.wrong = true
				return false
			}
		}
		if string(t.buf[:hashSize]) != string(hashes[i][:]) {
			t.wrong = true
			return false
		}
		t.buf = t.buf[hashSize:]
	}
	return true
}

func (t *treeReader) refill() bool {
	if t.space == nil {
		t.space = make([]byte, 64<<10)
	}
	n, err := io.ReadFull(t.f, t.space)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false
	}
	t.buf = t.space[:n/hashSize*hashSize]
	return len(t.buf) > 0
}

func (t *treeReader) close() {
	if t.f != nil {
		_ = t.f.Close()
	}
}
