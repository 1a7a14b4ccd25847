package audit

import (
	"testing"
	"time"

	"kai/internal/audit/event"
)

// A clock that goes back leaves times that never decrease, and says by how much it went back, in
// another process too.
func TestClockGoesBack(t *testing.T) {
	p := newPlace(t)
	add(t, p.create(), 3)
	start := p.clock.now
	for _, c := range []struct {
		back time.Duration // behind the last event
		skew int64
	}{
		{-time.Second, 0}, // it ticks a second
		{time.Hour, 3_600_000},
		{time.Hour, 3_600_000},
		{1500 * time.Millisecond, 1500},
		{time.Millisecond, 1},
		{999 * time.Microsecond, 0}, // less than can be said
		{0, 0},
		{50 * 365 * 24 * time.Hour, 50 * 365 * 86_400_000},
		{start.Sub(time.Unix(0, 0)), start.UnixMilli()},
	} {
		size, err := p.open().Size()
		must(t, err)
		last, err := p.open().Event(size - 1)
		must(t, err)
		p.clock.set(last.Event.Time.Add(-c.back - time.Second))
		r := add(t, p.open(), 1)
		e := r.Events[0].Event
		if e.Context.SkewMS != c.skew {
			t.Errorf("%v back: skew_ms %d, want %d", c.back, e.Context.SkewMS, c.skew)
		}
		if want := max(0, -c.back); e.Time.Sub(last.Event.Time) != want {
			t.Errorf("%v back: %v after %v", c.back, e.Time, last.Event.Time)
		}
	}
	// Over the end of a segment, after a recovery, and where the state is lost.
	appendMany(t, p.open(), 260)
	p.clock.set(start.Add(-time.Hour))
	old := p.read(stateFile)
	add(t, p.open(), 1)
	p.write(stateFile, old)
	p.clock.set(start.Add(-2 * time.Hour))
	if r := add(t, p.open(), 1); len(r.Own) != 1 || r.Own[0].Event.Context.SkewMS == 0 || r.Events[0].Event.Context.SkewMS == 0 {
		t.Errorf("after a recovery: %+v", r)
	}
	verifyOK(t, p, VerifyOptions{})
	loseState(t, p)
	p.clock.set(start.Add(-3 * time.Hour))
	if r := add(t, p.open(), 1); r.Own[0].Event.Act != "audit.state_lost" || r.Own[0].Event.Context.SkewMS == 0 {
		t.Errorf("state lost: %+v", r.Own)
	}
	var before time.Time
	for v, err := range p.open().Views(t.Context(), 0, 1<<40) {
		must(t, err)
		if v.Time().Before(before) {
			t.Errorf("event %d: %v after %v", v.N, v.Time(), before)
		}
		before = v.Time()
	}
}

// A clock of a year that has no four digits is refused, and the log goes on with a good one.
func TestClockOfNoYear(t *testing.T) {
	p := newPlace(t)
	add(t, p.create(), 1)
	p.clock.set(time.Date(12_000, 1, 1, 0, 0, 0, 0, time.UTC))
	if _, err := p.open().Append(t.Context(), Draft{Act: "vault_locked", Outcome: event.OK}); !isErr(err, event.ErrMalformed) {
		t.Errorf("year 12000: %v", err)
	}
	p.clock.set(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC))
	add(t, p.open(), 1)
	verifyOK(t, p, VerifyOptions{})
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}
