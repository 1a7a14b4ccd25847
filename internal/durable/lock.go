package durable

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
)

// Held is a lock that is held.
type Held struct {
	mu   sync.Mutex
	file File // nil once given back; guarded by mu
}

// Lock takes an exclusive lock on a file of its own, which is created empty when missing and must
// never be removed, renamed or written to. It keeps out other processes and other callers in this
// one, as long as they ask too: the lock is advisory. It ends with Unlock or with the process,
// however that ends.
//
// While others hold it Lock waits in the system's queue, or, where there is none, asks again, at
// first quickly and then every poll, until ctx ends; the
// error is then ErrLocked and the cause of ctx. A poll of zero or less means: ask once.
//
// Expected system calls: openat(name, O_RDWR), fstat, flock(LOCK_EX|LOCK_NB)…, fstatat.
func (d *Dir) Lock(ctx context.Context, name string, poll time.Duration) (*Held, error) {
	return d.lock(ctx, name, true, poll)
}

// RLock is Lock for readers: any number of them may hold it while nobody holds Lock.
func (d *Dir) RLock(ctx context.Context, name string, poll time.Duration) (*Held, error) {
	return d.lock(ctx, name, false, poll)
}

// Unlock gives the lock back. Calling it again does nothing.
func (h *Held) Unlock() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.file == nil {
		return nil
	}
	f := h.file
	h.file = nil
	return errors.Join(f.Unlock(), f.Close())
}

func (d *Dir) lock(ctx context.Context, name string, exclusive bool, poll time.Duration) (*Held, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	wait := min(firstPoll, poll)
	for {
		f, err := d.tryLock(name, exclusive)
		if err != nil {
			return nil, failed("lock", name, err)
		}
		if f != nil {
			return &Held{file: f}, nil
		}
		if poll <= 0 {
			return nil, failed("lock", name, ErrLocked)
		}
		if f, ok, err := d.waitLock(ctx, name, exclusive); err != nil {
			return nil, failed("lock", name, err)
		} else if f != nil {
			return &Held{file: f}, nil
		} else if ok {
			continue // the file was exchanged meanwhile
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, failed("lock", name, fmt.Errorf("%w: %w", ErrLocked, context.Cause(ctx)))
		case <-timer.C:
		}
		wait = min(2*wait, poll)
	}
}

// tryLock returns nil when the lock is not to be had at the moment.
func (d *Dir) tryLock(name string, exclusive bool) (File, error) {
	f, ours, err := d.openLock(name)
	if err != nil {
		return nil, err
	}
	ok, err := f.TryLock(exclusive)
	if err == nil && ok {
		ok, err = d.stillNamed(ours, name)
	}
	if err != nil || !ok {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// openLock opens the file of a lock. It is there nearly always, and O_CREATE would have the system
// prepare for a change of the directory.
func (d *Dir) openLock(name string) (File, fs.FileInfo, error) {
	f, info, err := d.openRegular(name, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return d.openRegular(name, os.O_RDWR|os.O_CREATE, 0o600)
	}
	return f, info, err
}

// queuer is a File whose lock can be waited for in a queue.
type queuer interface {
	WaitLock(exclusive bool) error
}

// waitLock waits in the queue for the lock. ok is false where there is no queue; the file is nil when the
// lock was got and is worth nothing, since the name stands for another file by now. When ctx ends
// first, whoever waits in our place gives the lock back as soon as they have it.
func (d *Dir) waitLock(ctx context.Context, name string, exclusive bool) (_ File, ok bool, err error) {
	f, ours, err := d.openLock(name)
	if err != nil {
		return nil, false, err
	}
	q, ok := f.(queuer)
	if !ok {
		return nil, false, f.Close()
	}
	got := make(chan error, 1)
	go func() { got <- q.WaitLock(exclusive) }()
	select {
	case <-ctx.Done():
		go func() {
			<-got
			_ = f.Close() // which gives the lock back
		}()
		return nil, true, fmt.Errorf("%w: %w", ErrLocked, context.Cause(ctx))
	case err = <-got:
	}
	if err == nil {
		if ok, err = d.stillNamed(ours, name); err == nil && ok {
			return f, true, nil
		}
	}
	return nil, true, errors.Join(err, f.Close())
}

// stillNamed reports whether ours is what name stands for. If somebody has removed the lock file
// after we opened it, others lock another one.
func (d *Dir) stillNamed(ours fs.FileInfo, name string) (bool, error) {
	theirs, err := d.fs.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(ours, theirs), err
}
