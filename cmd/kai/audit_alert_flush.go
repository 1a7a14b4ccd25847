package main

import (
	"context"
	"errors"

	"github.com/urfave/cli/v2"

	"kai/internal/audit"
	"kai/internal/audit/alert"
)

func auditAlertFlushCommand() command {
	return command{
		name:    "flush",
		summary: "send the alerts that are due",
		examples: []example{
			{"kai audit alert flush", "at most thirty seconds"},
		},
		about: "Commands start this by themselves. A failed alert is due again after 1, 2, 4 minutes\n" +
			"and so on, at most 6 hours; after 7 days, or when more than 1000 wait, it is dropped,\n" +
			"and that is recorded. Exit 9 when a receiver did not take one.",
		recorded: recordsItself(),
		action: func(ctx context.Context, env *env, _ *cli.Context) error {
			return auditAlertFlush(ctx, env)
		},
	}
}

// auditAlertFlushJSON is the answer of kai audit alert flush --json.
type auditAlertFlushJSON struct {
	head
	Busy    bool           `json:"busy"` // another process is sending
	Sent    []alertAttempt `json:"sent"`
	Failed  []alertAttempt `json:"failed"`
	Dropped []alertAttempt `json:"dropped"`
	Pending int            `json:"pending"`
}

type alertAttempt struct {
	ID    string `json:"id"`
	Sink  string `json:"sink"`
	Error string `json:"error,omitempty"`
}

func auditAlertFlush(ctx context.Context, env *env) error {
	log, err := env.appendLog(ctx)
	if errors.Is(err, audit.ErrTampered) || errors.Is(err, audit.ErrNotExist) {
		// What waits may be the alert that says so.
		if found, failed := env.openForAlerts(); failed == nil {
			log, err = found, nil
		}
	}
	if err != nil {
		return err
	}
	defer log.close()
	sinks, err := env.sinks(log.config)
	if err != nil {
		return err
	}
	answer := auditAlertFlushJSON{Sent: []alertAttempt{}, Failed: []alertAttempt{}, Dropped: []alertAttempt{}}
	box, err := openOutbox(log, false)
	if err != nil {
		return err
	}
	if box != nil {
		report, err := env.flushAlerts(ctx, log, box, sinks)
		if err != nil {
			return err
		}
		answer.add(&report)
		if answer.Pending, _, err = log.outboxState(); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	code := exitDone
	if len(answer.Failed) > 0 {
		code = exitBackend
	}
	answer.head = env.head(code == exitDone)
	if err := answer.print(env); err != nil {
		return err
	}
	return reported(code)
}

func (a *auditAlertFlushJSON) add(r *alert.Report) {
	a.Busy = r.Busy
	for _, one := range r.Sent {
		a.Sent = append(a.Sent, alertAttempt{ID: one.ID, Sink: one.Sink})
	}
	for _, one := range r.Failed {
		a.Failed = append(a.Failed, alertAttempt{one.ID, one.Sink, alert.Code(one.Err)})
	}
	for _, one := range r.Dropped {
		a.Dropped = append(a.Dropped, alertAttempt{one.ID, one.Sink, string(one.Reason)})
	}
}

func (a *auditAlertFlushJSON) print(env *env) error {
	if env.json {
		return env.printJSON(a)
	}
	if a.Busy {
		env.note("another process is sending")
	}
	for _, one := range a.Failed {
		env.warn("alert %s, sink %s: %s", one.ID, one.Sink, one.Error)
	}
	for _, one := range a.Dropped {
		env.warn("alert %s, sink %s: dropped: %s", one.ID, one.Sink, one.Error)
	}
	return env.printf("sent %d, failed %d, waiting %d\n", len(a.Sent), len(a.Failed), a.Pending)
}
