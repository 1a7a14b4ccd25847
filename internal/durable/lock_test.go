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
