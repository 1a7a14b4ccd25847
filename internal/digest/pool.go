package digest

import "context"

// Pool is a number of hashing workers with their buffers, for callers that open
// files themselves, many at a time. It is safe for concurrent use.
type Pool struct{ idle pool }

// NewPool returns a pool of workers, at least 1 and at most MaxWorkers. Idle
// ones hold up to 2 MiB each.
func NewPool(workers int) *Pool { return &Pool{newPool(workers)} }

// File is the function [File] with the workers of the pool. It waits for a
// worker, or until the context ends.
func (p *Pool) File(ctx context.Context, f Source, a Algorithm) (sum []byte, size int64, err error) {
	select {
	case w := <-p.idle:
		defer func() { p.idle <- w }()
		return p.idle.file(ctx, w, f, a)
	case <-ctx.Done():
		return nil, 0, context.Cause(ctx)
	}
}
