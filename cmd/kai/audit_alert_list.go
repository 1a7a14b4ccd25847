package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"kai/internal/audit/alert"
	"kai/internal/home"
)

func auditAlertListCommand() command {
	return command{
		name:    "list",
		summary: "list the sinks, and the alerts that wait",
		examples: []example{
			{"kai audit alert list", "a line each"},
			{"kai audit alert list --json | jq 'select(.kind == \"alert\")'", "only what waits"},
		},
		about: "First the sinks of config.toml: name, kind, least severity. Then what waits in the\n" +
			"outbox: id, sink, since when, attempts, when the next may come, the last error.",
		recorded: recordsItself(),
		action: func(ctx context.Context, env *env, _ *cli.Context) error {
			return auditAlertList(ctx, env)
		},
	}
}

// sinkJSON is a sink in kai audit alert list --json.
type sinkJSON struct {
	head
	Kind        string        `json:"kind"` // sink
	Name        string        `json:"name"`
	Type        string        `json:"type"`
	MinSeverity home.Severity `json:"min_severity"`
}

// waitingJSON is an alert that waits.
type waitingJSON struct {
	head
	Kind      string `json:"kind"` // alert
	ID        string `json:"id"`
	Sink      string `json:"sink"`
	Created   string `json:"created,omitempty"`
	Attempts  int    `json:"attempts"`
	NotBefore string `json:"not_before,omitempty"`
	Error     string `json:"error,omitempty"`
	Text      string `json:"text,omitempty"`
	N         uint64 `json:"n"`
	Malformed bool   `json:"malformed,omitempty"`
}

func auditAlertList(ctx context.Context, env *env) error {
	log, _, err := env.openSinks(ctx)
	if err != nil {
		return err
	}
	defer log.close()
	if len(log.config.Alerts) == 0 {
		env.note("no sink: alerts are lines on standard error")
	}
	for _, a := range log.config.Alerts {
		if err := printSink(env, a); err != nil {
			return err
		}
	}
	box, err := openOutbox(log, false)
	if box == nil || err != nil {
		return err
	}
	waiting, err := box.List()
	if err != nil {
		return err
	}
	for _, p := range waiting {
		if err := printWaiting(env, p); err != nil {
			return err
		}
	}
	return nil
}

func printSink(env *env, a home.Alert) error {
	if env.json {
		return env.printJSON(sinkJSON{env.head(true), "sink", a.Name, string(a.Kind), a.MinSeverity})
	}
	return env.printf("sink %-16s %-9s %s\n", a.Name, a.Kind, a.MinSeverity)
}

func printWaiting(env *env, p alert.Pending) error {
	if env.json {
		w := waitingJSON{
			head: env.head(true), Kind: "alert", ID: p.ID, Sink: p.Sink, Attempts: p.Attempts, Error: p.Error,
			Text: p.Alert.Text, N: p.Alert.N, Malformed: p.Malformed,
		}
		if !p.Malformed {
			w.Created, w.NotBefore = shortTime(p.Created), shortTime(p.NotBefore)
		}
		return env.printJSON(w)
	}
	if p.Malformed {
		return env.printf("alert %s %s malformed\n", p.ID, p.Sink)
	}
	state := "not tried yet"
	if p.Attempts > 0 {
		state = fmt.Sprintf("%d attempts, %s, next %s", p.Attempts, cmp.Or(p.Error, "sent"), shortTime(p.NotBefore))
	}
	return env.printf("alert %s %s %s (%s) %s\n", p.ID, p.Sink, shortTime(p.Created), state, p.Alert.Text)
}
