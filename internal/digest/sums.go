package digest

import (
	"bytes"
	"context"
	"hash"
	"io"
	"sync"
)

// Spec names one hash over a stream: Algorithm(Prefix ‖ stream).
type Spec struct {
	Algorithm Algorithm
	Prefix    []byte // hashed before the data; may be empty
}

// Sums reads r once, to its end, and returns the digest for each of specs, in
// their order.
//
// Equal specs are computed once; different ones run at the same time. Memory is
// a little over 2 MiB for a stream of any length.
//
// The errors are ErrAlgorithm, the reader's own, and the context's cause when
// it ends first. A context takes effect between reads: a reader that may block
// for ever should watch it too. When Sums returns, r is no longer in use.
func Sums(ctx context.Context, r io.Reader, specs []Spec) ([][]byte, error) {
	p, err := newPass(specs)
	if err != nil {
		return nil, err
	}
	if err := new(worker).feed(ctx, r, p.write); err != nil {
		return nil, err
	}
	return p.sums(), nil
}

// pass is the hashes of one pass over a stream.
type pass struct {
	hashes []hash.Hash
	index  []int // of the hash for each spec
}

func newPass(specs []Spec) (*pass, error) {
	p := &pass{index: make([]int, len(specs))}
	for i, s := range specs {
		if err := s.Algorithm.check(); err != nil {
			return nil, err
		}
		p.index[i] = -1
		for j, earlier := range specs[:i] {
			if s.Algorithm == earlier.Algorithm && bytes.Equal(s.Prefix, earlier.Prefix) {
				p.index[i] = p.index[j]
				break
			}
		}
		if p.index[i] < 0 {
			p.index[i] = len(p.hashes)
			h := s.Algorithm.New()
			h.Write(s.Prefix)
			p.hashes = append(p.hashes, h)
		}
	}
	return p, nil
}

// write adds data to all hashes.
func (p *pass) write(data []byte) {
	if len(p.hashes) == 0 {
		return
	}
	var others sync.WaitGroup
	for _, h := range p.hashes[1:] {
		if len(data) <= firstSize { // not worth a goroutine
			h.Write(data)
			continue
		}
		others.Go(func() { h.Write(data) })
	}
	p.hashes[0].Write(data)
	others.Wait()
}

func (p *pass) sums() [][]byte {
	sums := make([][]byte, len(p.index))
	for i, j := range p.index {
		sums[i] = p.hashes[j].Sum(nil)
	}
	return sums
}
