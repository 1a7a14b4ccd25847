package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"kai/internal/audit/alert"
	"kai/internal/audit/event"
	"kai/internal/audit/ulid"
)

func auditAlertTestCommand() command {
	return command{
		name:    "test",
		summary: "send a test alert through one sink, now",
		examples: []example{
			{"kai audit alert test pager", "exit 0 when the receiver took it"},
		},
		about: "The alert is of the pattern test and says that nothing has happened. It is not\n" +
			"recorded, and not tried again.",
		args:    "NAME",
		minArgs: 1, maxArgs: 1,
		recorded: recordsItself(),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return auditAlertTest(ctx, env, c.Args().First())
		},
	}
}

// auditAlertTestJSON is the answer of kai audit alert test --json.
type auditAlertTestJSON struct {
	head
	Sink string `json:"sink"`
	ID   string `json:"id"`
}

func auditAlertTest(ctx context.Context, env *env, name string) error {
	log, sinks, err := env.openSinks(ctx)
	if err != nil {
		return err
	}
	defer log.close()
	at := slices.IndexFunc(sinks, func(s alert.Sink) bool { return s.Name() == name })
	if at < 0 {
		return withHint(failf(exitNotFound, "no_such_sink", "sink %s: not in config.toml", name), "kai audit alert list")
	}
	a, err := testAlert(env, log)
	if err != nil {
		return err
	}
	if err := sinks[at].Send(ctx, a); err != nil {
		return fail(exitBackend, alert.Code(err), err)
	}
	if env.json {
		return env.printJSON(auditAlertTestJSON{env.head(true), name, a.ID})
	}
	return env.printf("sent %s to %s\n", a.ID, name)
}

// testAlert is an alert about an event that nobody has recorded: that of the next number.
func testAlert(env *env, log *openedLog) (alert.Alert, error) {
	size, err := log.Size()
	if err != nil {
		return alert.Alert{}, err
	}
	now := env.now()
	one := event.Event{
		N: size, Time: now.UTC().Truncate(event.Precision), Severity: event.High, Type: event.SecurityViolation,
		Act: "audit.violation", Outcome: event.OK, Source: env.eventSource(true), Context: event.Context{Cmd: env.commandName},
		Details: event.Details{}.With("pattern", "test").With("rule", "kai-test").With("group", "").
			With("title", "a test of this sink: nothing has happened"),
	}
	object, err := unrecordedEvent(&one, log.Info().LogID)
	if err != nil {
		return alert.Alert{}, err
	}
	id, err := ulid.New(now, env.random)
	if err != nil {
		return alert.Alert{}, err
	}
	a, err := alert.New(id, &one, object, log.Info().LogID, "")
	if err != nil {
		return alert.Alert{}, fmt.Errorf("test alert: %w", err)
	}
	return a, nil
}
