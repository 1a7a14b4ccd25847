package audit

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"kai/internal/audit/event"
)

// Count returns how many of the events from number from up to, and without, to match. It looks at
// workers parts at once; match is called by several goroutines. With headOnly it may look at what
// event.ScanHead reads, and nothing else.
func (l *Log) Count(ctx context.Context, from, to uint64, workers int, headOnly bool, match func(*event.View) bool) (uint64, error) {
	size, err := l.Size()
	if err != nil {
		return 0, err
	}
	to = min(to, size)
	read := scan(event.Scan)
	if headOnly {
		read = event.ScanHead
	}
	parts := make(chan [2]uint64)
	var total atomic.Uint64
	var running sync.WaitGroup
	failures := make([]error, max(1, workers))
	for i := range failures {
		running.Go(func() {
			for part := range parts {
				if failures[i] == nil {
					var n uint64
					n, failures[i] = l.countPart(ctx, part[0], part[1], read, match)
					total.Add(n)
				}
			}
		})
	}
	for from < to {
		// Parts of segments, so that a log of one segment is shared out too.
		end := min(to, (from/countPartEvents+1)*countPartEvents)
		parts <- [2]uint64{from, end}
		from = end
	}
	close(parts)
	running.Wait()
	return total.Load(), errors.Join(failures...)
}

// countPartEvents divides the events of a segment.
const countPartEvents = 8192

func (l *Log) countPart(ctx context.Context, from, to uint64, read scan, match func(*event.View) bool) (uint64, error) {
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	n := uint64(0)
	for v, err := range l.scanned(ctx, from, to, read) {
		if err != nil {
			return 0, err
		}
		if match(v) {
			n++
		}
	}
	return n, nil
}
