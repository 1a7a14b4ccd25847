package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"
)

func doctorCommand() command {
	return command{
		name:    "doctor",
		summary: "show what this system offers, and how to fix what is missing",
		examples: []example{
			{"kai doctor", "a line for each check"},
			{"kai doctor --json | jq '.checks[] | select(.status != \"ok\")'", "what is not ok"},
		},
		about: `Looks at what kai can use here: protection of memory, the home directory, the
terminal, ssh-agent, git, kernel keys. Nothing is changed, nothing is sent, no
question is asked.

A line begins with ok, warn (it works, but less well) or missing (what needs it
does not work). The exit code is 0 in each case.`,
		recorded: readsOnly("looks and changes nothing"),
		action: func(ctx context.Context, env *env, _ *cli.Context) error {
			return doctor(ctx, env, systemChecks())
		},
	}
}

// checkStatus is the outcome of a check.
type checkStatus string

const (
	checkOK      checkStatus = "ok"
	checkWarn    checkStatus = "warn"    // it works, but less well
	checkMissing checkStatus = "missing" // what needs it does not work
)

// checkResult is one line of kai doctor.
type checkResult struct {
	Name   string      `json:"name"`
	Status checkStatus `json:"status"`
	Detail string      `json:"detail"`
	Fix    string      `json:"fix,omitempty"` // the exact command, or the setting
}

// check looks at one thing. It changes nothing and ends soon.
type check func(context.Context, *env) checkResult

// doctorJSON is the answer of kai doctor --json.
type doctorJSON struct {
	head
	Checks []checkResult `json:"checks"`
}

func doctor(ctx context.Context, env *env, checks []check) error {
	answer := doctorJSON{head: env.head(true)}
	for _, look := range checks {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		answer.Checks = append(answer.Checks, look(ctx, env))
	}
	if env.json {
		return env.printJSON(answer)
	}
	for _, c := range answer.Checks {
		line := fmt.Sprintf("%-8s %-17s %s", c.Status, c.Name, printable(c.Detail))
		if c.Fix != "" {
			line += fmt.Sprintf("\n%-8s %-17s fix: %s", "", "", printable(c.Fix))
		}
		if err := env.printf("%s\n", line); err != nil {
			return err
		}
	}
	return nil
}
