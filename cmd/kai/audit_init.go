package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"kai/internal/audit"
	"kai/internal/audit/event"
)

func auditInitCommand() command {
	return command{
		name:    "init",
		summary: "make the home and its log, so that recording begins",
		examples: []example{
			{"kai audit init", "from now on every command is recorded"},
		},
		about: "Without a home nothing is recorded. This makes the home, if there is none, and the\n" +
			"log in it; whatever else makes a home does the same. With auditors in config.toml\n" +
			"the keys of the log are sealed to them; without, they lie beside the log until an\n" +
			"identity exists, which keeps out nobody who can write to the home.",
		recorded: recordsItself(),
		action: func(ctx context.Context, env *env, _ *cli.Context) error {
			return auditInit(ctx, env)
		},
	}
}

// auditInitJSON is the answer of kai audit init --json.
type auditInitJSON struct {
	head
	LogID   string `json:"log_id"`
	Home    string `json:"home"`
	Created bool   `json:"created"`
}

func auditInit(ctx context.Context, env *env) error {
	h, err := env.createHome()
	if err != nil {
		return err
	}
	path, madeHome := h.Path(), h.Created()
	before, err := env.openLog(ctx)
	created := errors.Is(err, audit.ErrNotExist)
	if err == nil {
		before.close()
	} else if !created {
		return err
	}
	log, err := env.createLog(ctx)
	if err != nil {
		return err
	}
	defer log.close()
	if madeHome {
		if _, err := log.Append(ctx, audit.Draft{Act: "home_created", Outcome: event.OK}); err != nil {
			return err
		}
	}
	if env.json {
		return env.printJSON(auditInitJSON{env.head(true), log.Info().LogID, path, created})
	}
	if !created {
		env.note("the log is there already")
	}
	return env.printf("%s\n", log.Info().LogID)
}

// eventID is the id of an event: LOGID:N.
func eventID(logID string, n uint64) string { return fmt.Sprintf("%s:%d", logID, n) }
