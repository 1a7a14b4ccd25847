package digest

import (
	"context"
	"io"
)

const (
	SmallSize     = smallSize
	FirstSize     = firstSize
	BlockSize     = blockSize
	BatchSegments = batchSegments
)

// Tree is the parallel BLAKE3 of any input that is not empty.
func Tree(ctx context.Context, r io.ReaderAt, size int64, workers int) ([]byte, error) {
	p := newPool(workers)
	return p.tree(ctx, <-p, r, size)
}

// HashCount returns how many hashes are computed for specs.
func HashCount(specs []Spec) (int, error) {
	p, err := newPass(specs)
	if err != nil {
		return 0, err
	}
	return len(p.hashes), nil
}
