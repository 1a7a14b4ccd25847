package session

import (
	"fmt"
	"time"
)

// Now is the moment of a call, by two clocks. It is read just before the call: what other processes do
// meanwhile lies in its future, and is taken for a clock that was set back after ClockSlack.
type Now struct {
	// Wall is the calendar's time.
	Wall time.Time

	// Boot is the time since the machine started, with what it slept (CLOCK_BOOTTIME). Nobody sets
	// it. 0 means that it is not known.
	Boot time.Duration
}

// span is when a blob opens.
type span struct {
	begun    Now
	notAfter time.Time
	idle     time.Duration // 0: not limited
}

// left is how much of the span there is, at most 0 when it is over. used is when it was last used,
// zero for not known.
func (s *span) left(now Now, used time.Time) (time.Duration, error) {
	if now.Wall.Before(s.begun.Wall.Add(-ClockSlack)) {
		return 0, fmt.Errorf("%w: the session began later than now", ErrClock)
	}
	if !used.IsZero() && now.Wall.Before(used.Add(-ClockSlack)) {
		return 0, fmt.Errorf("%w: the session was used later than now", ErrClock)
	}
	rest := s.notAfter.Sub(now.Wall)
	if now.Boot > 0 && s.begun.Boot > 0 {
		passed := now.Boot - s.begun.Boot
		if passed < -ClockSlack {
			return 0, fmt.Errorf("%w: the machine was started anew", ErrExpired)
		}
		rest = min(rest, s.notAfter.Sub(s.begun.Wall)-passed)
	}
	if rest <= 0 {
		return 0, fmt.Errorf("%w: its time is over", ErrExpired)
	}
	if s.idle > 0 && !used.IsZero() {
		if now.Wall.Sub(used) >= s.idle {
			return 0, fmt.Errorf("%w: not used for %v", ErrExpired, s.idle)
		}
	}
	if s.idle > 0 {
		rest = min(rest, s.idle) // a use begins now
	}
	return rest, nil
}
