package alert

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"kai/internal/durable"
)

// Report is what a flush has done.
type Report struct {
	Busy    bool // another flush was at work, and this one did nothing
	Sent    []Attempt
	Failed  []Attempt
	Dropped []Dropped // to be recorded
}

// Attempt is one entry that was tried.
type Attempt struct {
	ID   string // of the alert
	Sink string
	Err  error // of the sink; nil when it was sent
}

// Flush sends what is due to the sinks, for at most limit, and drops what is too old. Entries of
// other sinks stay. It returns at once when another process is flushing, which will see what was
// put before it ends.
//
// Sinks work side by side, each with one alert at a time, the oldest first; after maxFailures in a
// row a sink is left alone. An attempt is written down before it is made and the entry removed
// after it has succeeded, so a process that is killed sends an alert again later, under the same id,
// and never loses it.
//
// Failed attempts are no error. An error is of the outbox's files, or ErrInvalid when two sinks have
// one name; the Report counts with it.
func (o *Outbox) Flush(ctx context.Context, sinks []Sink, now func() time.Time, limit time.Duration) (Report, error) {
	names := make(map[string]bool)
	for _, s := range sinks {
		if names[s.Name()] {
			return Report{}, fmt.Errorf("%w: two sinks of one name", ErrInvalid)
		}
		names[s.Name()] = true
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	f := &flush{outbox: o, now: now, failures: make(map[string]int)}
	for first := true; ; first = false {
		held, err := o.dir.Lock(ctx, flushFile, 0)
		if errors.Is(err, durable.ErrLocked) {
			f.report.Busy = first
			return f.report, nil
		}
		if err != nil {
			return f.report, fmt.Errorf("outbox: %w", err)
		}
		err = f.rounds(ctx, sinks)
		if err := errors.Join(err, held.Unlock()); err != nil {
			return f.report, err
		}
		// Who came while the lock was held has gone away again: look once more.
		again, err := f.work(sinks)
		if err != nil || len(again) == 0 || ctx.Err() != nil {
			return f.report, err
		}
	}
}

// flush is one call of Flush.
type flush struct {
	outbox *Outbox
	now    func() time.Time

	mu       sync.Mutex
	report   Report         // guarded by mu
	failures map[string]int // in a row, by sink; guarded by mu
}

// rounds sends until nothing is due. The flush lock is held.
func (f *flush) rounds(ctx context.Context, sinks []Sink) error {
	err := f.outbox.locked(ctx, func() error {
		_, err := f.outbox.dir.Sweep(directory) // both locks are held: nobody writes
		return errors.Join(err, f.expire())
	})
	for err == nil && ctx.Err() == nil {
		var work map[string][]string
		if work, err = f.work(sinks); len(work) == 0 {
			break
		}
		err = errors.Join(err, f.round(ctx, sinks, work))
	}
	if ctx.Err() != nil && errors.Is(err, durable.ErrLocked) {
		return nil // out of time
	}
	return err
}

// round gives every sink its work, and waits.
func (f *flush) round(ctx context.Context, sinks []Sink, work map[string][]string) error {
	errs := make([]error, len(sinks))
	var wait sync.WaitGroup
	for i, sink := range sinks {
		wait.Go(func() {
			for _, name := range work[sink.Name()] {
				if ctx.Err() != nil || f.weary(sink.Name()) {
					return
				}
				if errs[i] = f.deliver(ctx, sink, name); errs[i] != nil {
					return
				}
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

// expire drops what is too old or cannot be read. Both locks are held.
func (f *flush) expire() error {
	names, err := f.outbox.names()
	if err != nil {
		return err
	}
	for _, name := range names {
		e, err := f.outbox.read(name)
		if errors.Is(err, ErrMalformed) || err == nil && e.expired(f.now()) {
			dropped, err := f.outbox.drop(name, Expired)
			if err != nil {
				return err
			}
			f.report.Dropped = append(f.report.Dropped, dropped...)
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// work is the entries that are due, by sink, the oldest first; without those of weary sinks.
func (f *flush) work(sinks []Sink) (map[string][]string, error) {
	names, err := f.outbox.names()
	if err != nil {
		return nil, err
	}
	work := make(map[string][]string)
	for _, name := range names {
		_, sink, _ := cutName(name)
		if f.weary(sink) || !slices.ContainsFunc(sinks, func(s Sink) bool { return s.Name() == sink }) {
			continue
		}
		if e, err := f.outbox.read(name); err == nil && e.due(f.now()) && !e.expired(f.now()) {
			work[sink] = append(work[sink], name)
		}
	}
	return work, nil
}

// weary reports whether a sink has failed too often to be tried again.
func (f *flush) weary(sink string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failures[sink] >= maxFailures
}

// deliver makes one attempt.
func (f *flush) deliver(ctx context.Context, sink Sink, name string) error {
	var e entry
	err := f.outbox.locked(ctx, func() (err error) {
		if e, err = f.outbox.read(name); err != nil {
			return err
		}
		e.begin(f.now())
		return f.outbox.write(name, e)
	})
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrMalformed) {
		return nil // made room for another one, or changed by a foreign hand
	}
	if err != nil {
		return err
	}
	sendErr := sink.Send(ctx, e.Alert)
	f.note(Attempt{e.Alert.ID, sink.Name(), sendErr})

	// The outcome is written down even when the time is over.
	return f.outbox.locked(context.WithoutCancel(ctx), func() error {
		if sendErr == nil {
			err := f.outbox.dir.Remove(directory + "/" + name)
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		}
		if _, err := f.outbox.read(name); err != nil {
			return nil // dropped meanwhile: do not bring it back
		}
		e.Error = Code(sendErr)
		return f.outbox.write(name, e)
	})
}

func (f *flush) note(a Attempt) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if a.Err == nil {
		f.failures[a.Sink] = 0
		f.report.Sent = append(f.report.Sent, a)
		return
	}
	f.failures[a.Sink]++
	f.report.Failed = append(f.report.Failed, a)
}
