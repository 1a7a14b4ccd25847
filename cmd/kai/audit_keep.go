package main

import (
	"context"
	"errors"
	"time"

	"kai/internal/audit"
)

const (
	// signEvery is after how many events the log is signed, whatever else happens.
	signEvery = 4096
	// epochAge and epochEvents are what an epoch has when an unlock begins the next one.
	epochAge    = time.Hour
	epochEvents = 65536
)

// keepLog signs the head of the log, if that needs nobody to be asked: when the vault was unlocked,
// before it is locked, and now and then. What goes wrong keeps nothing from running.
func (e *env) keepLog(ctx context.Context, log *openedLog) {
	asks := e.options.noInput
	e.options.noInput = true
	defer func() { e.options.noInput = asks }()
	signers, err := log.signers(ctx, e, nil)
	if err == nil {
		defer signers.close()
		if _, _, err = log.Checkpoint(context.WithoutCancel(ctx), signers.list); err == nil {
			err = log.rememberVKeys(signers)
		}
	}
	switch o := judge(ctx, err); o.code {
	case exitDone, exitLocked, exitDenied, exitNotFound: // no key, or none for this session
	default:
		e.warn("audit log: not signed: %v", err)
	}
}

// keepLogUnlocked is keepLog with the vault just unlocked: then a new epoch begins, too, if the one of
// now is old.
func (e *env) keepLogUnlocked(ctx context.Context) {
	if e.trail == nil {
		return
	}
	log := e.trail.log
	due, err := e.epochDue(ctx, log)
	if err == nil && due {
		var r audit.Receipt
		if r, err = log.NewEpoch(context.WithoutCancel(ctx)); err == nil {
			e.follow(ctx, log, r)
		}
	}
	if err != nil {
		e.warn("audit log: no new epoch: %v", err)
	}
	e.keepLog(ctx, log)
}

// epochDue reports whether the epoch is old, and sealed: keys that lie there in clear are not changed.
func (e *env) epochDue(ctx context.Context, log *openedLog) (bool, error) {
	status, err := log.Status()
	if err != nil || !status.Sealed {
		return false, err
	}
	left := epochEvents
	for v, err := range log.Backward(ctx, status.Head.N) {
		if errors.Is(err, audit.ErrPruned) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		if audit.OpensEpoch(string(v.Act)) {
			return e.now().Sub(time.UnixMicro(v.Micros)) >= epochAge, nil
		}
		if left--; left == 0 {
			return true, nil
		}
	}
	return false, nil
}
