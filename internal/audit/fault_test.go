package audit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/event"
	"kai/internal/durable"
	"kai/internal/durable/durabletest"
)

// operation is something that writes to a log; it returns the numbers of events that it was told are
// durable.
type operation struct {
	name    string
	prepare int  // events before
	none    bool // there is no log before
	do      func(t *testing.T, opts Options) ([]uint64, error)
}

func operations() []operation {
	appendTo := func(t *testing.T, opts Options, outcomes ...event.Outcome) ([]uint64, error) {
		l, err := Open(opts)
		if err != nil {
			return nil, err
		}
		var drafts []Draft
		for _, o := range outcomes {
			drafts = append(drafts, Draft{Act: "secret_retrieved", Outcome: o})
		}
		r, err := l.Append(context.Background(), drafts...)
		if err != nil {
			return nil, err
		}
		var told []uint64
		for _, a := range r.Events {
			told = append(told, a.Event.N)
		}
		return told, nil
	}
	return []operation{
		{"begin", 3, false, func(t *testing.T, o Options) ([]uint64, error) { return appendTo(t, o, event.Begin) }},
		{"outcome", 3, false, func(t *testing.T, o Options) ([]uint64, error) { return appendTo(t, o, event.OK) }},
		{"batch", 3, false, func(t *testing.T, o Options) ([]uint64, error) {
			return appendTo(t, o, event.OK, event.Begin, event.OK)
		}},
		{"new segment", 255, false, func(t *testing.T, o Options) ([]uint64, error) { return appendTo(t, o, event.OK) }},
		{"batch over two segments", 254, false, func(t *testing.T, o Options) ([]uint64, error) {
			return appendTo(t, o, event.OK, event.OK, event.OK)
		}},
		{"epoch", 3, false, func(t *testing.T, o Options) ([]uint64, error) {
			l, err := Open(o)
			if err != nil {
				return nil, err
			}
			r, err := l.NewEpoch(context.Background())
			if err != nil {
				return nil, err
			}
			return []uint64{r.Events[0].Event.N}, nil
		}},
		{"checkpoint", 3, false, func(t *testing.T, o Options) ([]uint64, error) {
			l, err := Open(o)
			if err != nil {
				return nil, err
			}
			_, head, err := l.Checkpoint(context.Background(), []*checkpoint.Signer{testSigner(t, l.Info().Origin)})
			if err != nil {
				return nil, err
			}
			return []uint64{head.N}, nil
		}},
		{"create", 0, true, func(t *testing.T, o Options) ([]uint64, error) {
			_, err := Create(context.Background(), o)
			if err != nil {
				return nil, err
			}
			return []uint64{0}, nil
		}},
	}
}

// Each call to the file system fails once, in each way. No event is lost that somebody was told of,
// the log goes on, and it is whole.
func TestFaults(t *testing.T) {
	faults := map[string]durabletest.Fault{
		"EIO":            {Err: syscall.EIO},
		"ENOSPC":         {Err: syscall.ENOSPC},
		"short write":    {Err: syscall.ENOSPC, Short: true},
		"done, then EIO": {Err: syscall.EIO, After: true},
	}
	for _, op := range operations() {
		t.Run(op.name, func(t *testing.T) {
			p := newMemoryPlace(t)
			if !op.none {
				prepareEvents(t, p, op.prepare)
			}
			before := snapshotFiles(t, p.path)
			dirs := []string{"seg", "epochs", "checkpoints"}
			run := func(judge func(durabletest.Call) *durabletest.Fault) ([]uint64, int, error) {
				p.unseal()
				restoreFiles(t, p.path, before)
				if op.none {
					for _, d := range dirs {
						must(t, os.RemoveAll(filepath.Join(p.path, d)))
					}
				}
				root, err := os.OpenRoot(p.path)
				must(t, err)
				defer root.Close()
				fsys := durabletest.Wrap(durable.Root(root), judge)
				opts := p.opts
				opts.Dir = durable.NewDirFS(fsys)
				told, err := op.do(t, opts)
				return told, len(fsys.Calls()), err
			}
			_, calls, err := run(durabletest.None)
			must(t, err)
			failed := 0
			for k := range calls {
				for name, fault := range faults {
					told, _, err := run(func(c durabletest.Call) *durabletest.Fault {
						if c.N == k {
							f := fault
							return &f
						}
						return nil
					})
					if err != nil {
						failed++
					}
					l, openErr := Create(t.Context(), p.opts)
					if openErr != nil {
						t.Fatalf("call %d, %s: not opened again: %v", k, name, openErr)
					}
					if _, err := l.Append(t.Context(), Draft{Act: "vault_locked", Outcome: event.OK}); err != nil {
						t.Fatalf("call %d, %s (%v): no append any more: %v", k, name, told, err)
					}
					for _, n := range told {
						if _, err := l.Event(n); err != nil {
							t.Errorf("call %d, %s: event %d is lost: %v", k, name, n, err)
						}
					}
					v, err := l.Verify(t.Context(), VerifyOptions{Workers: 1})
					must(t, err)
					if v.Verdict != VerdictOK {
						t.Fatalf("call %d, %s: %s: %v", k, name, v.Verdict, v.Findings)
					}
				}
			}
			if failed == 0 {
				t.Error("no fault was noticed: the test is blind")
			}
			t.Logf("%d calls, each failed in %d ways; %d were noticed", calls, len(faults), failed)
		})
	}
}

// newMemoryPlace is a place whose syncs cost nothing, where there is one.
func newMemoryPlace(t *testing.T) *place {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "kai-audit-")
	if err != nil {
		return newPlace(t)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p := newPlace(t)
	root, err := os.OpenRoot(dir)
	must(t, err)
	t.Cleanup(func() { root.Close() })
	p.path, p.dir = dir, durable.NewDir(root)
	p.opts.Dir = p.dir
	t.Cleanup(p.unseal)
	return p
}

// prepareEvents makes a log of n events.
func prepareEvents(t *testing.T, p *place, n int) {
	t.Helper()
	l := p.create()
	drafts := make([]Draft, n-1)
	for i := range drafts {
		drafts[i] = Draft{Act: "secret_retrieved", Outcome: event.OK}
	}
	_, err := l.Append(t.Context(), drafts...)
	must(t, err)
}

// A full disk is recorded with the room that was kept for that, and nothing else is.
func TestFullDiskIsRecorded(t *testing.T) {
	p := newPlace(t)
	add(t, p.create(), 3)
	root, err := os.OpenRoot(p.path)
	must(t, err)
	defer root.Close()
	full := true
	opts := p.opts
	opts.Dir = durable.NewDirFS(durabletest.Wrap(durable.Root(root), func(c durabletest.Call) *durabletest.Fault {
		switch {
		case c.Op == "remove" && c.Name == reserveFile:
			full = false // now there is room
		case c.Op == "write" && c.Name == segmentName(0) && full:
			return &durabletest.Fault{Err: syscall.ENOSPC, Short: true}
		}
		return nil
	}))
	l, err := Open(opts)
	must(t, err)
	_, err = l.Append(t.Context(), Draft{Act: "secret_retrieved", Outcome: event.Begin})
	if !errors.Is(err, ErrDiskFull) {
		t.Fatalf("%v", err)
	}
	last, err := p.open().Event(4)
	must(t, err)
	if last.Event.Act != "audit.disk_full" || last.Event.Severity != event.Critical {
		t.Errorf("%s", last.Line)
	}
	if _, err := os.Stat(filepath.Join(p.path, reserveFile)); err != nil {
		t.Logf("the reserve is not back yet: %v", err)
	}
	add(t, p.open(), 1)
	if _, err := os.Stat(filepath.Join(p.path, reserveFile)); err != nil {
		t.Errorf("the reserve is not back: %v", err)
	}
	verifyOK(t, p, VerifyOptions{})
}

// A line that was not finished is cut off; what was finished and acknowledged is missed.
func TestTailCutByteByByte(t *testing.T) {
	p := newMemoryPlace(t)
	l := p.create()
	add(t, l, 3)
	old, err := readState(p.dir)
	must(t, err)
	add(t, l, 2)
	whole := snapshotFiles(t, p.path)
	segment := whole[segmentName(0)]
	for size := len(segment) - 1; size >= int(old.segOff); size-- {
		// The state knows all: whatever is cut is missed.
		restoreFiles(t, p.path, whole)
		must(t, os.WriteFile(filepath.Join(p.path, segmentName(0)), segment[:size], 0o600))
		if _, err := p.open().Append(t.Context(), Draft{Act: "vault_locked", Outcome: event.OK}); !errors.Is(err, ErrTampered) {
			t.Fatalf("cut to %d: %v", size, err)
		}
		// The state is from before: a process was killed, and nobody was told of a line without its end.
		restoreFiles(t, p.path, whole)
		must(t, os.WriteFile(filepath.Join(p.path, segmentName(0)), segment[:size], 0o600))
		must(t, writeState(p.dir, &old, true))
		add(t, p.open(), 1)
		verifyOK(t, p, VerifyOptions{})
	}
}
