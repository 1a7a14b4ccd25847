package main

import (
	"context"
	"time"

	"kai/internal/audit/alert"
)

func auditAlertCommand() command {
	return command{
		name:    "alert",
		summary: "tell people and programs of what needs attention",
		examples: []example{
			{"kai audit alert test pager", "does the sink work?"},
			{"kai audit alert list", "sinks, and what waits to be sent"},
			{"kai audit alert lint my-rules.yml", "is a file of rules right?"},
		},
		about: "Every event of severity high or above, and every violation of a rule, becomes an alert.\n" +
			"It goes to the sinks that config.toml names: exec, syslog, journald, webhook. An alert\n" +
			"is on disk before the command that raised it ends, is sent by a process of its own, and\n" +
			"is tried again by later commands until it is delivered, for a week. Without a sink it\n" +
			"is a line on standard error.",
		children: []verb{
			{"list", auditAlertListCommand},
			{"test", auditAlertTestCommand},
			{"flush", auditAlertFlushCommand},
			{"rules", auditAlertRulesCommand},
			{"lint", auditAlertLintCommand},
		},
	}
}

// openSinks opens the log and its sinks.
func (e *env) openSinks(ctx context.Context) (*openedLog, []alert.Sink, error) {
	log, err := e.openLog(ctx)
	if err != nil {
		return nil, nil, err
	}
	sinks, err := e.sinks(log.config)
	if err != nil {
		log.close()
		return nil, nil, err
	}
	return log, sinks, nil
}

// shortTime is a time in a table.
func shortTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }
