package main

import (
	"context"

	"github.com/urfave/cli/v2"
)

func auditHashCommand() command {
	return command{
		name:    "hash",
		summary: "the form in which a name is recorded, to search for it",
		examples: []example{
			{"kai audit hash api/stripe", "then kai audit query --grep h:…"},
		},
		about: "Names of secrets are recorded as h: and a keyed hash, under a key of their namespace.\n" +
			"It takes an open vault to compute one.",
		args:    "VALUE|-",
		minArgs: 1, maxArgs: 1,
		recorded: recordsItself(),
		action: func(context.Context, *env, *cli.Context) error {
			return noSession("kai audit hash")
		},
	}
}
