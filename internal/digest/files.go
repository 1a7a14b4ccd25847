package digest

import (
	"context"
	"io"
	"iter"
)

// Job is one file for [Files].
type Job struct {
	Path      string
	Algorithm Algorithm

	// Want is what Sum should be, for callers that check. Files carries it along.
	Want []byte

	// Err, if not nil, is the result: the path is not opened. It lets whoever
	// finds files report in order what could not be looked at.
	Err error
}

// Result is the outcome of a Job. Sum and Size mean something if Err is nil.
type Result struct {
	Job
	Sum  []byte
	Size int64
}

// Opener opens a path for reading. For a [Source] the rules of [File] apply;
// anything else is read as a stream. Files closes what it returns.
type Opener func(ctx context.Context, path string) (io.ReadCloser, error)

// Files hashes many files at once and passes the results to each, in the order
// of jobs.
//
// Up to workers goroutines hash (less than 1 is 1). They take one file each,
// and those that find no more share a large BLAKE3 file. jobs runs on a
// goroutine of its own, and each on the caller's; open is called by many at
// once. At most about a thousand results wait for a slow one before them.
//
// A file that fails does not stop the others: its error is in its Result. Files
// returns the first error of each, or the context's cause, after all its
// goroutines have ended.
func Files(ctx context.Context, jobs iter.Seq[Job], open Opener, workers int, each func(Result) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	order := make(chan *pending, windowFiles)
	var stopped error // why dispatch did not get to the end; set before order closes
	go func() {
		defer close(order)
		stopped = newPool(workers).dispatch(ctx, jobs, open, order)
	}()
	var err error
	for f := range order {
		<-f.done
		if err == nil {
			err = context.Cause(ctx)
		}
		if err == nil {
			if err = each(f.Result); err != nil {
				cancel(err)
			}
		}
	}
	if err == nil {
		err = stopped
	}
	return err
}

// pending is a Result that is complete once done is closed.
type pending struct {
	Result
	done chan struct{}
}

// dispatch starts jobs as workers become idle, and sends each to order. It
// returns the context's cause if that ends first.
func (p pool) dispatch(ctx context.Context, jobs iter.Seq[Job], open Opener, order chan<- *pending) error {
	for job := range jobs {
		f := &pending{Result{Job: job}, make(chan struct{})}
		if job.Err != nil {
			close(f.done)
			order <- f
			continue
		}
		var w *worker
		select {
		case w = <-p:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		go func() {
			f.Sum, f.Size, f.Err = p.path(ctx, w, job, open)
			p <- w
			close(f.done)
		}()
		order <- f
	}
	return nil
}

func (p pool) path(ctx context.Context, w *worker, job Job, open Opener) (sum []byte, size int64, err error) {
	if err := context.Cause(ctx); err != nil {
		return nil, 0, err
	}
	in, err := open(ctx, job.Path)
	if err != nil {
		return nil, 0, err
	}
	defer in.Close()
	if f, ok := in.(Source); ok {
		return p.file(ctx, w, f, job.Algorithm)
	}
	return w.stream(ctx, in, job.Algorithm)
}
