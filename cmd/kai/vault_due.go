package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"kai/internal/vault"
)

func vaultDueCommand() command {
	return command{
		name:     "due",
		summary:  "secrets that must be changed",
		examples: []example{{"kai vault due || mail -s 'change your secrets' me < /dev/null", "exit 4 when there are any"}, {"kai vault due --within 7d", "also those of the coming week"}},
		flags:    vaultFlags(&cli.StringFlag{Name: "within", Usage: "also what will be due within `D`"}),
		schema:   "kai.vault.secret/1",
		recorded: inVaultAnswering(records("secret_listed")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			within := time.Duration(0)
			if text := c.String("within"); text != "" {
				var err error
				if within, err = parseDuration(text); err != nil {
					return usagef("--within: %w", err)
				}
			}
			return withVault(ctx, env, c, func(o *openedVault) error { return listDue(env, o, within) })
		},
	}
}

func listDue(env *env, o *openedVault, within time.Duration) error {
	then := env.now().Add(within)
	count := 0
	w := tabwriter.NewWriter(env.stdout, 0, 8, 2, ' ', 0)
	err := o.each(&secretFilter{}, func(l *listedSecret) error {
		state := l.version.State(then)
		if state != vault.StateDue && state != vault.StateExpired && state != vault.StateCompromised {
			return nil
		}
		count++
		if env.json {
			return env.printJSON(o.describe(l.space, l.version))
		}
		since := l.version.DueAt()
		switch state {
		case vault.StateExpired:
			since = l.version.NotAfter
		case vault.StateCompromised:
			since = l.version.CompromisedSince
		}
		_, err := fmt.Fprintf(w, "%s\t%s\t%s\n", printable(l.full()), state, time.Unix(since, 0).UTC().Format(time.DateOnly))
		return err
	})
	if err := errors.Join(err, w.Flush()); err != nil {
		return err
	}
	env.fact("secret_count", int64(count))
	if count > 0 {
		return reported(exitUntrusted)
	}
	return nil
}
