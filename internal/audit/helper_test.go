package audit

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"kai/internal/audit/event"
	"kai/internal/durable"
)

// place is a log's directory, with a clock and memories that tests own.
type place struct {
	t     testing.TB
	path  string
	dir   *durable.Dir
	clock *clock
	opts  Options
}

// clock ticks a second at every look.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Second)
	return c.now
}

func newPlace(t testing.TB) *place {
	t.Helper()
	path := t.TempDir()
	p := &place{t: t, path: path, clock: &clock{now: time.Date(2026, 1, 2, 3, 4, 4, 0, time.UTC)}}
	root, err := os.OpenRoot(path)
	must(t, err)
	t.Cleanup(func() { root.Close() })
	p.dir = durable.NewDir(root)
	p.opts = Options{Dir: p.dir, Now: p.clock.Now, Random: rand.Reader, Source: event.Source{UID: 1000, HasUID: true}, SegmentEvents: 256}
	t.Cleanup(p.unseal)
	return p
}

// unseal lets the test's directory be removed, also by root.
func (p *place) unseal() {
	entries, err := p.dir.ReadDir("seg")
	if err != nil {
		return
	}
	for _, e := range entries {
		if f, err := p.dir.OpenFile("seg/"+e.Name(), os.O_RDONLY, 0); err == nil {
			_ = f.Unseal()
			_ = f.Close()
			_ = os.Chmod(filepath.Join(p.path, "seg", e.Name()), 0o600)
		}
	}
}

func (p *place) create() *Log {
	p.t.Helper()
	l, err := Create(p.t.Context(), p.opts)
	must(p.t, err)
	return l
}

func (p *place) open() *Log {
	p.t.Helper()
	l, err := Open(p.opts)
	must(p.t, err)
	return l
}

// add appends n events that only begin.
func add(t testing.TB, l *Log, n int) Receipt {
	t.Helper()
	var r Receipt
	for range n {
		var err error
		r, err = l.Append(t.Context(), Draft{Act: "secret_retrieved", Outcome: event.OK})
		must(t, err)
	}
	return r
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// shelf is a memory in memory.
type shelf struct {
	name string
	mu   sync.Mutex
	head *Head
}

func (s *shelf) Name() string { return s.name }

func (s *shelf) Load(string) (Head, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.head == nil {
		return Head{}, false, nil
	}
	return *s.head, true, nil
}

func (s *shelf) Store(h Head) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.head = &h
	return nil
}

func isErr(got, want error) bool { return errors.Is(got, want) }
