package main

import (
	"context"
	"fmt"
	"time"

	"kai/internal/audit/event"
	"kai/internal/vault/session"
)

// Guessing through kai is slowed down, whichever command asks: from the fifth failure in five minutes
// on, each makes the next attempt wait twice as long. Who has the files guesses at the cost of the KDF
// alone.
const (
	backOffWindow = 5 * time.Minute
	backOffFree   = 4
	backOffMost   = 300 * time.Second
	backOffEvents = 200 // that are looked at, the newest
)

// backOff refuses an attempt that comes too early after failed ones.
func (e *env) backOff(ctx context.Context) error {
	if e.trail == nil {
		return nil
	}
	now := e.now()
	size, err := e.trail.log.Size()
	if err != nil {
		return err
	}
	failures, looked, last := 0, 0, time.Time{}
	for v, err := range e.trail.log.Backward(ctx, size) {
		if err != nil {
			return err
		}
		looked++
		if t := v.Time(); now.Sub(t) > backOffWindow || string(v.Act) == "vault_unlocked" || looked > backOffEvents {
			break
		}
		if v.Outcome != event.Fail || v.Time().After(now.Add(session.ClockSlack)) {
			continue // what the future holds, when the clock was set back, keeps nobody out
		}
		if ev := v.Event(); ev.Details.Get("error") == "wrong_factor" {
			if failures++; failures == 1 {
				last = v.Time()
			}
		}
	}
	if failures <= backOffFree {
		return nil
	}
	wait := min(time.Second<<min(failures-backOffFree-1, 20), backOffMost)
	if left := last.Add(wait).Sub(now); left > 0 {
		return failf(exitLocked, "back_off", "%d wrong attempts: wait %s", failures, fmt.Sprint(left.Round(time.Second)))
	}
	return nil
}
