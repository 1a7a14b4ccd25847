package durable_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"kai/internal/durable"
	"kai/internal/durable/durabletest"
)

const poll = time.Millisecond

func TestLockExcludes(t *testing.T) {
	_, root := temp(t)
	dir := durable.NewDir(root)
	held, err := dir.Lock(t.Context(), "lock", poll)
	must(t, err)
	_, err = dir.Lock(t.Context(), "lock", 0)
	wantErr(t, "second", err, durable.ErrLocked)
	_, err = dir.RLock(t.Context(), "lock", 0)
	wantErr(t, "reader", err, durable.ErrLocked)
	must(t, held.Unlock())
	must(t, held.Unlock())
	again, err := dir.Lock(t.Context(), "lock", 0)
	must(t, err)
	must(t, again.Unlock())
}

func TestReadersShare(t *testing.T) {
	_, root := temp(t)
	dir := durable.NewDir(root)
	a, err := dir.RLock(t.Context(), "lock", 0)
	must(t, err)
	b, err := dir.RLock(t.Context(), "lock", 0)
	must(t, err)
	_, err = dir.Lock(t.Context(), "lock", 0)
	wantErr(t, "writer beside two readers", err, durable.ErrLocked)
	must(t, a.Unlock())
	_, err = dir.Lock(t.Context(), "lock", 0)
	wantErr(t, "writer beside one reader", err, durable.ErrLocked)
	must(t, b.Unlock())
	w, err := dir.Lock(t.Context(), "lock", 0)
	must(t, err)
	must(t, w.Unlock())
}

func TestLockWaitsUntilTheContextEnds(t *testing.T) {
	_, root := temp(t)
	dir := durable.NewDir(root)
	held, err := dir.Lock(t.Context(), "lock", poll)
	must(t, err)
	defer held.Unlock()

	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the user gave up")
	tries := make(chan struct{}, 1000)
	fsys := durabletest.Wrap(durable.Root(root), func(c durabletest.Call) *durabletest.Fault {
		if c.Op == "lock" {
			tries <- struct{}{}
		}
		return nil
	})
	result := make(chan error, 1)
	go func() {
		_, err := durable.NewDirFS(fsys).Lock(ctx, "lock", poll)
		result <- err
	}()
	for range 5 {
		select {
		case <-tries:
		case err := <-result:
			t.Fatalf("did not wait: %v", err)
		}
	}
	cancel(why)
	err = <-result
	wantErr(t, "cancelled", err, durable.ErrLocked)
	wantErr(t, "cancelled", err, why)

	done, cancel2 := context.WithCancel(t.Context())
	cancel2()
	_, err = dir.Lock(done, "lock", poll)
	wantErr(t, "ended before", err, context.Canceled)
	_, err = dir.RLock(done, "other", poll)
	must(t, err) // nothing to wait for
}

func TestLockOrdersManyGoroutines(t *testing.T) {
	_, root := temp(t)
	dir := durable.NewDir(root)
	counter := 0
	var mu sync.Mutex // never waited for: it shows that the file lock was enough, also to the race detector
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for range 20 {
				held, err := dir.Lock(t.Context(), "lock", poll)
				if err != nil {
					t.Error(err)
					return
				}
				if !mu.TryLock() {
					t.Error("two hold the lock")
					return
				}
				counter++
				mu.Unlock()
				if err := held.Unlock(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if counter != 120 {
		t.Errorf("%d turns", counter)
	}
}

// Somebody removes the lock file between our opening and our locking it: what we hold then is not
// what the next one will open.
func TestLockOnARemovedFileIsNotTaken(t *testing.T) {
	path, root := temp(t)
	removals := 0
	fsys := durabletest.Wrap(durable.Root(root), func(c durabletest.Call) *durabletest.Fault {
		if c.Op == "lock" && removals < 3 {
			removals++
			must(t, os.Remove(filepath.Join(path, "lock")))
		}
		return nil
	})
	held, err := durable.NewDirFS(fsys).Lock(t.Context(), "lock", poll)
	must(t, err)
	defer held.Unlock()
	_, err = durable.NewDir(root).Lock(t.Context(), "lock", 0)
	wantErr(t, "second", err, durable.ErrLocked)
	if removals != 3 {
		t.Errorf("%d removals", removals)
	}
}

// The file of a Lock stays open, and keeps nobody out between two turns.
func TestLockKept(t *testing.T) {
	path, root := temp(t)
	opened := 0
	fsys := durabletest.Wrap(durable.Root(root), func(c durabletest.Call) *durabletest.Fault {
		if c.Op == "open" {
			opened++
		}
		return nil
	})
	dir := durable.NewDirFS(fsys)
	l := dir.NewLock("lock")
	for range 3 {
		held, err := l.Take(t.Context(), poll)
		must(t, err)
		_, err = l.Take(t.Context(), 0)
		wantErr(t, "second in this process", err, durable.ErrLocked)
		ended, cancel := context.WithTimeout(t.Context(), poll)
		_, err = l.Take(ended, poll)
		cancel()
		wantErr(t, "second that waits", err, durable.ErrLocked)
		_, err = durable.NewDir(root).RLock(t.Context(), "lock", 0)
		wantErr(t, "another opening", err, durable.ErrLocked)
		must(t, held.Unlock())
		must(t, held.Unlock())
		other, err := durable.NewDir(root).Lock(t.Context(), "lock", 0)
		must(t, err)
		_, err = l.Take(t.Context(), 0)
		wantErr(t, "held by another opening", err, durable.ErrLocked)
		must(t, other.Unlock())
	}
	// A turn that found the lock held has let go of the file.
	held, err := l.Take(t.Context(), 0)
	must(t, err)
	must(t, held.Unlock())
	before := opened
	held, err = l.Take(t.Context(), 0)
	must(t, err)
	must(t, held.Unlock())
	if opened != before {
		t.Error("opened again")
	}

	// Others lock the file that has the name now.
	must(t, os.Rename(filepath.Join(path, "lock"), filepath.Join(path, "old")))
	held, err = l.Take(t.Context(), 0)
	must(t, err)
	_, err = durable.NewDir(root).Lock(t.Context(), "lock", 0)
	wantErr(t, "the new file", err, durable.ErrLocked)
	other, err := durable.NewDir(root).Lock(t.Context(), "old", 0)
	must(t, err)
	must(t, other.Unlock())
	must(t, held.Unlock())
}

func TestLockKeptOrdersManyGoroutines(t *testing.T) {
	_, root := temp(t)
	l := durable.NewDir(root).NewLock("lock")
	counter := 0
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 50 {
				held, err := l.Take(t.Context(), poll)
				if err != nil {
					t.Error(err)
					return
				}
				counter++
				if err := held.Unlock(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	if counter != 400 {
		t.Errorf("counted %d", counter)
	}
}
