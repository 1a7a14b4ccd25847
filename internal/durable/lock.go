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
	file File        // nil once given back; guarded by mu
	info fs.FileInfo // of file
	of   *Lock       // whose file it is; nil: its own
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
	err := f.Unlock()
	if h.of != nil {
		return h.of.giveBack(f, h.info, err)
	}
	return errors.Join(err, f.Close())
}

// Lock is a lock for somebody who takes it again and again: its file stays open in between. Copies
// of it are not the same lock.
type Lock struct {
	dir  *Dir
	name string
	turn chan struct{} // holds one thing while somebody in this process has the lock
	file File          // nil: to be opened; whoever has the turn may touch it
	info fs.FileInfo   // of file
}

// NewLock opens nothing yet.
func (d *Dir) NewLock(name string) *Lock {
	return &Lock{dir: d, name: name, turn: make(chan struct{}, 1)}
}

// Take is [Dir.Lock].
//
// Expected system calls: flock(LOCK_EX|LOCK_NB), fstatat; those of Dir.Lock the first time, when
// others hold the lock, and when the file is another one by now.
func (l *Lock) Take(ctx context.Context, poll time.Duration) (*Held, error) {
	select {
	case l.turn <- struct{}{}:
	default:
		if poll <= 0 {
			return nil, failed("lock", l.name, ErrLocked)
		}
		select {
		case l.turn <- struct{}{}:
		case <-ctx.Done():
			return nil, failed("lock", l.name, fmt.Errorf("%w: %w", ErrLocked, context.Cause(ctx)))
		}
	}
	if f, info := l.file, l.info; f != nil {
		l.file, l.info = nil, nil
		ok, err := f.TryLock(true)
		if err == nil && ok {
			ok, err = l.dir.stillNamed(info, l.name)
		}
		if err == nil && ok {
			return &Held{file: f, info: info, of: l}, nil
		}
		_ = f.Close() // with another opening Dir.Lock says what is wrong, or waits
	}
	held, err := l.dir.Lock(ctx, l.name, poll)
	if err != nil {
		<-l.turn
		return nil, err
	}
	held.of = l
	return held, nil
}

// giveBack keeps the file for the next turn, unless giving back the lock has failed.
func (l *Lock) giveBack(f File, info fs.FileInfo, err error) error {
	if err == nil {
		l.file, l.info = f, info
	} else {
		err = errors.Join(err, f.Close())
	}
	<-l.turn
	return err
}

func (d *Dir) lock(ctx context.Context, name string, exclusive bool, poll time.Duration) (*Held, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	wait := min(firstPoll, poll)
	for {
		held, err := d.tryLock(name, exclusive)
		if err != nil {
			return nil, failed("lock", name, err)
		}
		if held != nil {
			return held, nil
		}
		if poll <= 0 {
			return nil, failed("lock", name, ErrLocked)
		}
		if held, ok, err := d.waitLock(ctx, name, exclusive); err != nil {
			return nil, failed("lock", name, err)
		} else if held != nil {
			return held, nil
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
func (d *Dir) tryLock(name string, exclusive bool) (*Held, error) {
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
	return &Held{file: f, info: ours}, nil
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

// waitLock waits in the queue for the lock. ok is false where there is no queue; what is held is nil when the
// lock was got and is worth nothing, since the name stands for another file by now. When ctx ends
// first, whoever waits in our place gives the lock back as soon as they have it.
func (d *Dir) waitLock(ctx context.Context, name string, exclusive bool) (_ *Held, ok bool, err error) {
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
			return &Held{file: f, info: ours}, true, nil
		}
	}
	return nil, true, errors.Join(err, f.Close())
}

// stillNamed reports whether ours is what name stands for. If somebody has removed the lock file
// after we opened it, others lock another one.
func (d *Dir) stillNamed(ours fs.FileInfo, name string) (bool, error) {
	_, _, err := d.Still(name, ours)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
