package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// notifySignals returns a context that the first SIGINT, SIGTERM or SIGHUP cancels, with the
// signal as its cause. From then on signals act as usual again: a second one kills.
//
// SIGPIPE is caught and dropped, so that a write to a closed pipe is an error like any other
// and temporary files are removed. Unlike an ignored signal this is not inherited by children.
func notifySignals(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, syscall.SIGPIPE)
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		select {
		case s := <-caught:
			signal.Stop(caught)
			n, ok := s.(syscall.Signal)
			if !ok {
				n = syscall.SIGINT
			}
			cancel(stopped{n})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(caught)
		signal.Stop(pipe)
		cancel(context.Canceled)
	}
}

// interruptibleReader is a stream whose reads may block for ever and must still end when
// the context does.
type interruptibleReader struct{ f *os.File }

// interruptible makes reads from pipes and terminals end with their context. Regular files
// never block and stay as they are.
func interruptible(f *os.File) io.Reader {
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		return f
	}
	return interruptibleReader{f}
}

func (r interruptibleReader) Read(p []byte) (int, error) { return r.f.Read(p) }

// readContext reads like Read, and returns early when ctx is done. The abandoned read still
// owns p then; nobody reads on after a cancelled context.
func (r interruptibleReader) readContext(ctx context.Context, p []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() {
		n, err := r.f.Read(p)
		done <- result{n, err}
	}()
	select {
	case got := <-done:
		return got.n, got.err
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}
