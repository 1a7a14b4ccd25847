package digest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"sync"
	"sync/atomic"
)

// pool holds the workers that are idle. Taking one is the right to run a
// goroutine that hashes.
type pool chan *worker

func newPool(workers int) pool {
	workers = min(max(workers, 1), MaxWorkers)
	p := make(pool, workers)
	for range workers {
		p <- new(worker)
	}
	return p
}

// Source is what this package uses of a file. *os.File is one; a caller that wants to know how
// far the reading has come wraps it. ReadAt is called by several goroutines.
type Source interface {
	io.Reader
	io.ReaderAt
	Stat() (fs.FileInfo, error)
}

// File hashes all of f, from its start, and returns the digest and the size.
//
// f has just been opened for reading. Up to workers goroutines take part, which
// helps with BLAKE3 and more than 4 MiB; less than 1 is 1. Memory is at most
// 2 MiB for each and a little.
//
// The errors are ErrAlgorithm; ErrChanged when a regular file was written to,
// cut or extended meanwhile; what reading f says; and the context's cause.
func File(ctx context.Context, f Source, a Algorithm, workers int) (sum []byte, size int64, err error) {
	p := newPool(workers)
	return p.file(ctx, <-p, f, a)
}

func (p pool) file(ctx context.Context, w *worker, f Source, a Algorithm) (sum []byte, size int64, err error) {
	before, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	if !before.Mode().IsRegular() {
		return w.stream(ctx, f, a)
	}
	if a == BLAKE3 && cap(p) > 1 && before.Size() > parallelSize {
		size = before.Size()
		sum, err = p.tree(ctx, w, f, size)
	} else {
		sum, size, err = w.stream(ctx, f, a)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, 0, ErrChanged // shorter than it was
	}
	if err != nil {
		return nil, 0, err
	}
	after, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	if after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		return nil, 0, ErrChanged
	}
	// Files under /proc have a size of 0 and still something to read.
	if size != before.Size() && before.Size() != 0 {
		return nil, 0, ErrChanged
	}
	return sum, size, nil
}

// stream hashes r to its end.
func (w *worker) stream(ctx context.Context, r io.Reader, a Algorithm) (sum []byte, size int64, err error) {
	h, err := w.hash(a)
	if err != nil {
		return nil, 0, err
	}
	err = w.feed(ctx, r, func(data []byte) {
		h.Write(data)
		size += int64(len(data))
	})
	if err != nil {
		return nil, 0, err
	}
	return h.Sum(nil), size, nil
}

// tree returns the BLAKE3 digest of the first size bytes of r, at least one. It
// works with w and with whichever workers are idle, now or later.
func (p pool) tree(ctx context.Context, w *worker, r io.ReaderAt, size int64) ([]byte, error) {
	var t tree
	segments := (size - 1) / segmentSize // the last one is apart
	for from := int64(0); from < segments; from += batchSegments {
		b := &batch{r: r, from: from, chains: make([]chain, min(batchSegments, segments-from))}
		if err := p.run(ctx, w, b); err != nil {
			return nil, err
		}
		for _, c := range b.chains {
			t.push(c, segmentHeight)
		}
	}
	buf := (*[segmentSize]byte)(w.block(0))
	length := int(size - segments*segmentSize)
	if err := readAt(r, buf[:length], segments*segmentSize); err != nil {
		return nil, err
	}
	sum := t.finish(buf, length)
	return sum[:], nil
}

// run computes a batch with w and all workers that are or become idle.
func (p pool) run(ctx context.Context, w *worker, b *batch) error {
	var helpers sync.WaitGroup
	for {
		select {
		case helper := <-p:
			helpers.Go(func() {
				for b.step(ctx, helper) {
				}
				p <- helper
			})
			continue
		default:
		}
		if !b.step(ctx, w) {
			break
		}
	}
	helpers.Wait()
	return b.err
}

// batch is a run of full segments of one input.
type batch struct {
	r      io.ReaderAt
	from   int64        // number of the first segment
	next   atomic.Int64 // index of the first segment that nobody has taken
	chains []chain      // each element is written by who took its index

	failed sync.Once
	err    error // set within failed; read when all workers are done
}

// step computes one segment. It returns false if there is no more to do.
func (b *batch) step(ctx context.Context, w *worker) bool {
	i := b.next.Add(1) - 1
	if i >= int64(len(b.chains)) {
		return false
	}
	buf := (*[segmentSize]byte)(w.block(0))
	number := b.from + i
	err := context.Cause(ctx)
	if err == nil {
		err = readAt(b.r, buf[:], number*segmentSize)
	}
	if err != nil {
		b.failed.Do(func() { b.err = err })
		b.next.Store(int64(len(b.chains)))
		return false
	}
	b.chains[i] = segment(buf, uint64(number)*segmentChunk)
	return true
}

// readAt fills buf from offset on. Too few bytes are io.ErrUnexpectedEOF.
func readAt(r io.ReaderAt, buf []byte, offset int64) error {
	n, err := r.ReadAt(buf, offset)
	if n == len(buf) {
		return nil
	}
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
