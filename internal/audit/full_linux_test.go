package audit

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"kai/internal/audit/event"
	"kai/internal/durable"
)

// counted is a count of what ran unrecorded, as the program keeps it.
type counted struct {
	n        int64
	from, to time.Time
}

func (c *counted) Load() (int64, time.Time, time.Time, error) { return c.n, c.from, c.to, nil }

func (c *counted) Clear() error { c.n = 0; return nil }

func (c *counted) Reserve() error { return nil }

func (c *counted) ran(at time.Time) {
	if c.n == 0 {
		c.from = at
	}
	c.n, c.to = c.n+1, at
}

// On a file system of 4 MiB that is full the log says so, with the room that it has kept; then it
// denies; and when there is room again, the first that it says is what ran without it.
func TestFullFileSystem(t *testing.T) {
	p := newPlace(t)
	mounted := filepath.Join(p.path, "full")
	must(t, os.Mkdir(mounted, 0o700))
	if err := unix.Mount("tmpfs", mounted, "tmpfs", 0, "size=4m,mode=0700"); err != nil {
		t.Skip("no tmpfs can be mounted: ", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(mounted, unix.MNT_DETACH) })
	root, err := os.OpenRoot(mounted)
	must(t, err)
	t.Cleanup(func() { root.Close() })
	gap := &counted{}
	p.path, p.dir = mounted, durable.NewDir(root)
	p.opts.Dir, p.opts.Gap, p.opts.SegmentEvents = p.dir, gap, SegmentEvents
	l := p.create()
	add(t, l, 3)
	fill := func(name string) {
		t.Helper()
		f, err := os.OpenFile(p.file(name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		must(t, err)
		defer f.Close()
		for size := 1 << 20; size > 0; size /= 2 {
			for err = error(nil); err == nil; {
				_, err = f.Write(make([]byte, size))
			}
			wantErr(t, err, syscall.ENOSPC)
		}
	}
	fill("filler")

	// Until the page is full that the last line is on, nothing is amiss.
	told := map[uint64][32]byte{}
	for err = nil; err == nil; {
		var r Receipt
		if r, err = p.open().Append(t.Context(), Draft{Act: "secret_retrieved", Outcome: event.Begin}); err == nil {
			told[r.Events[0].Event.N] = r.Events[0].Leaf
		}
	}
	wantErr(t, err, ErrDiskFull)
	size, err := p.open().Size()
	must(t, err)
	last, err := p.open().Event(size - 1)
	must(t, err)
	if last.Event.Act != "audit.disk_full" || last.Event.Outcome != event.Fail || last.Event.Severity != event.Critical {
		t.Fatalf("the last event is %s", last.Line)
	}
	verifyOK(t, p, VerifyOptions{})

	// Somebody takes the rest of the room. Now nothing is recorded, and nothing else is changed.
	fill("filler")
	for err = nil; err == nil; {
		_, err = p.open().Append(t.Context(), Draft{Act: "secret_retrieved", Outcome: event.Begin})
	}
	wantErr(t, err, ErrDiskFull)
	for range 3 {
		_, err = p.open().Append(t.Context(), Draft{Act: "vault_locked", Outcome: event.OK})
		wantErr(t, err, ErrDiskFull)
		gap.ran(p.clock.Now()) // it ran all the same, as `vault lock` does
	}
	verifyOK(t, p, VerifyOptions{})
	full, err := p.open().Size()
	must(t, err)

	// There is room.
	must(t, os.Remove(p.file("filler")))
	r := add(t, p.open(), 1)
	if len(r.Own) != 1 || r.Own[0].Event.N != full || r.Own[0].Event.Act != "audit.gap" || r.Own[0].Event.Details.Int("count") != 3 {
		t.Errorf("after %d events: %+v", full, r.Own)
	}
	if gap.n != 0 {
		t.Errorf("the gap is still counted: %d", gap.n)
	}
	if info, err := os.Stat(p.file(reserveFile)); err != nil || info.Size() != reserveSize {
		t.Errorf("the reserve is not back: %v", err)
	}
	if r := add(t, p.open(), 1); len(r.Own) != 0 {
		t.Errorf("again: %+v", r.Own)
	}
	lookFor(t, "full", p.open(), told)
	verifyOK(t, p, VerifyOptions{})
}

// A gap that cannot be read keeps nothing from being recorded, and one that cannot be cleared is said
// again.
func TestGap(t *testing.T) {
	p := newPlace(t)
	add(t, p.create(), 1)
	gap := &stubborn{counted: counted{n: 2}}
	p.opts.Gap = gap
	if _, err := p.open().Append(t.Context(), Draft{Act: "vault_locked", Outcome: event.OK}); !errors.Is(err, errStubborn) {
		t.Errorf("not cleared: %v", err)
	}
	gap.deaf = true
	add(t, p.open(), 1)
	verifyOK(t, p, VerifyOptions{})
}

var errStubborn = errors.New("not now")

type stubborn struct {
	counted
	deaf bool
}

func (s *stubborn) Load() (int64, time.Time, time.Time, error) {
	if s.deaf {
		return 0, time.Time{}, time.Time{}, errStubborn
	}
	return s.counted.Load()
}

func (s *stubborn) Clear() error { return errStubborn }

func (s *stubborn) Reserve() error { return nil }
