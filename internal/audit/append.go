package audit

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"kai/internal/audit/event"
)

// Draft is an event that is to be appended. The catalogue gives its type and severity; source
// and context come from the Log.
type Draft struct {
	Act     string
	Outcome event.Outcome
	// Severity is set only where the catalogue leaves it open.
	Severity event.Severity
	Details  event.Details // in any order
	// Ref is the number of the begin event, if HasRef.
	Ref    uint64
	HasRef bool
	// Agent stands in for that of the Log's source, unless empty.
	Agent string
}

// Appended is an event as it was appended.
type Appended struct {
	Event event.Event
	Line  []byte // without its line feed
	Leaf  [32]byte
}

// Receipt says what an append has done.
type Receipt struct {
	// Events are those of the drafts, in their order; Own those that the log had to say first.
	Events, Own []Appended
	// Head is that of the log with them.
	Head Head
}

// Append appends events, and returns when they are durable: only then may what they record be
// done, or its result be used. All of them or, after an error, none is acknowledged; a crash in
// between may leave some, which the next append adopts.
//
// Errors are event.ErrCatalogue and event.ErrMalformed for drafts that may not be recorded,
// ErrTampered, ErrRollback, ErrDiskFull, ErrUnusable, ErrPermission, durable.ErrLocked when
// others hold the log for five seconds, and those of the file system.
//
// Expected system calls, with nothing to recover: those of durable.Lock.Take, openat and pread of
// state, segment and tree (from the second append on they stay open: fstatat in place of openat, and
// only the state is read while nobody else appends), lstat of epoch.next, one pwrite and fdatasync of
// the segment, pwrite of tree and state, fdatasync of the state and a look at the reserve unless all
// events only begin, and those of the memories.
func (l *Log) Append(ctx context.Context, drafts ...Draft) (Receipt, error) {
	if len(drafts) > MaxBatch {
		return Receipt{}, fmt.Errorf("audit log: %d events at once, at most %d", len(drafts), MaxBatch)
	}
	held, err := l.take(ctx)
	if err != nil {
		return Receipt{}, err
	}
	defer held.Unlock()
	return l.append(func(w *writer) error {
		for _, d := range drafts {
			if err := w.add(d); err != nil {
				return err
			}
		}
		return nil
	})
}

// append lets fill add events to the log, whose lock is held.
func (l *Log) append(fill func(*writer) error) (Receipt, error) {
	return l.write(func() (*writer, error) { return l.begin(true) }, fill)
}

// write lets begin find the end of the log, whose lock is held, and fill add events to it. That a
// disk is full is recorded with the room that was kept for that.
func (l *Log) write(begin func() (*writer, error), fill func(*writer) error) (Receipt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, err := l.attempt(begin, fill)
	if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) {
		return r, err
	}
	err = fmt.Errorf("%w: %w", ErrDiskFull, err)
	if l.dead != nil || !l.dropReserve() {
		return Receipt{}, err
	}
	// Begun anew, since some of the lines may be there.
	_, again := l.attempt(begin, func(w *writer) error {
		return w.add(Draft{Act: "audit.disk_full", Outcome: event.Fail})
	})
	return Receipt{}, errors.Join(err, again)
}

// attempt writes all or, after an error, what recovery finishes.
func (l *Log) attempt(begin func() (*writer, error), fill func(*writer) error) (Receipt, error) {
	if l.dead != nil {
		return Receipt{}, fmt.Errorf("%w: %w", ErrUnusable, l.dead)
	}
	w, err := begin()
	if err != nil {
		return Receipt{}, err
	}
	defer w.close()
	if err := w.addOwn(); err != nil {
		return Receipt{}, err
	}
	own := len(w.done)
	if err := fill(w); err != nil {
		return Receipt{}, err
	}
	if err := w.commit(); err != nil {
		return Receipt{}, err
	}
	return Receipt{Events: w.done[own:], Own: w.done[:own], Head: w.head()}, nil
}
