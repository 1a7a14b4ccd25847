package digest

import (
	"context"
	"hash"
	"io"
)

// worker holds what one hashing goroutine needs again and again. It has one
// owner at a time.
type worker struct {
	first  []byte
	blocks [2][]byte
	hashes [last + 1]hash.Hash
}

// hash returns a hash in its initial state. It is valid until the next call for
// the same algorithm. The error is ErrAlgorithm.
func (w *worker) hash(a Algorithm) (hash.Hash, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	if w.hashes[a] == nil {
		w.hashes[a] = a.New()
	} else {
		w.hashes[a].Reset()
	}
	return w.hashes[a], nil
}

func (w *worker) block(i int) []byte {
	if w.blocks[i] == nil {
		w.blocks[i] = make([]byte, blockSize)
	}
	return w.blocks[i]
}

// feed reads r to its end and passes all of it to write, in order. The slices
// that write gets are valid during the call.
func (w *worker) feed(ctx context.Context, r io.Reader, write func([]byte)) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	for _, size := range []int{smallSize, firstSize} {
		if len(w.first) < size {
			w.first = make([]byte, size)
		}
		n, err := fill(r, w.first)
		if err == nil || err == io.EOF {
			write(w.first[:n])
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if len(w.first) == firstSize {
			break
		}
	}
	return w.overlap(ctx, r, write)
}

// overlap reads into one block while the other one is with write.
func (w *worker) overlap(ctx context.Context, r io.Reader, write func([]byte)) error {
	type filled struct {
		data []byte
		err  error
	}
	// Both channels hold every block there is, so neither side waits to send.
	free := make(chan []byte, len(w.blocks))
	full := make(chan filled, len(w.blocks))
	for i := range w.blocks {
		free <- w.block(i)
	}
	go func() {
		defer close(full)
		for block := range free {
			n, err := fill(r, block)
			full <- filled{block[:n], err}
			if err != nil {
				return
			}
		}
	}()
	// Whatever happens, the reader has let go of r and the blocks on return.
	defer func() {
		close(free)
		for range full {
		}
	}()
	for f := range full {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if f.err != nil && f.err != io.EOF {
			return f.err
		}
		write(f.data)
		if f.err == io.EOF {
			return nil
		}
		free <- f.data[:blockSize]
	}
	return io.ErrUnexpectedEOF // not reached: the last block has an error
}

// fill reads until block is full or r ends, which is io.EOF even after some
// bytes. Unlike io.ReadFull it does not turn the end into io.ErrUnexpectedEOF,
// which is what a reader says that was itself cut off.
func fill(r io.Reader, block []byte) (n int, err error) {
	empty := 0
	for n < len(block) && err == nil {
		var m int
		m, err = r.Read(block[n:])
		n += m
		if m == 0 && err == nil {
			if empty++; empty == 100 {
				return n, io.ErrNoProgress
			}
		} else {
			empty = 0
		}
	}
	if err == io.EOF && n == len(block) {
		err = nil // the next call sees it again
	}
	return n, err
}
