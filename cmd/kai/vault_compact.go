package main

import (
	"context"
	"strings"

	"github.com/urfave/cli/v2"

	"kai/internal/vault"
)

func vaultCompactCommand() command {
	return command{
		name:    "compact",
		summary: "drop old versions that nothing needs",
		examples: []example{
			{"kai vault compact", "what this device has written, as --retain says"},
			{"kai vault compact --reencrypt", "and seal it under the newest keys, after somebody lost access"},
		},
		about: "Copies that were made before, in backups and in the history of git, keep what is dropped.",
		flags: vaultFlags(
			&cli.StringFlag{Name: "ns", Usage: "only the namespace `NS`"},
			&cli.BoolFlag{Name: "reencrypt", Usage: "seal everything under the newest keys"},
		),
		schema:   "kai.vault.compact/1",
		recorded: inVault(records("vault_compacted")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return withVault(ctx, env, c, func(o *openedVault) error {
				names := []string{c.String("ns")}
				if names[0] == "" {
					var err error
					if names, err = o.Namespaces(o.keys); err != nil {
						return err
					}
				}
				if c.Bool("reencrypt") {
					if err := o.user(ctx); err != nil {
						return err
					}
					env.warn("what was copied before, by backups or git, stays readable with the old keys")
				}
				for _, name := range names {
					s, err := o.Space(o.keys, name)
					if err != nil {
						return err
					}
					out, err := s.Compact(ctx, vault.CompactOptions{Reencrypt: c.Bool("reencrypt")})
					if err != nil {
						return err
					}
					if err := printCompacted(env, name, out); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}

type vaultCompactJSON struct {
	head
	NS      string `json:"ns"`
	Kept    int    `json:"kept"`
	Dropped int    `json:"dropped"`
	Before  int64  `json:"bytes_before"`
	After   int64  `json:"bytes_after"`
}

func printCompacted(env *env, name string, c *vault.Compacted) error {
	if env.json {
		return env.printJSON(vaultCompactJSON{env.head(true), name, c.Kept, c.Dropped, c.Before, c.After})
	}
	return env.printf("%s  %d records kept, %d dropped, %d bytes where %d were\n", name, c.Kept, c.Dropped, c.After, c.Before)
}

func vaultResolveCommand() command {
	return command{
		name:    "resolve",
		summary: "choose between what two devices wrote at once",
		examples: []example{
			{"kai vault history ci/github", "shows the versions"},
			{"kai vault resolve ci/github 4@ndadnv63", "version 4 of that device counts from now on"},
			{"kai vault resolve --admin 9ed37f27", "one of two manifests, by the beginning of its hash"},
		},
		args: "[PATH N[@DEVICE]]", maxArgs: 2,
		flags:    vaultFlags(&cli.StringFlag{Name: "admin", Usage: "what the manifest `HASH` says counts"}),
		schema:   "kai.vault.secret/1",
		recorded: inVault(records("vault_conflict_resolved")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return withVault(ctx, env, c, func(o *openedVault) error {
				if hash := c.String("admin"); hash != "" {
					if c.Args().Present() {
						return usagef("--admin is about the vault, and takes no PATH")
					}
					if err := o.ResolveHeads(ctx, o.keys, hash); err != nil {
						return err
					}
					return env.done()
				}
				if c.Args().Len() != 2 {
					return usagef("want PATH and N, or --admin HASH")
				}
				return resolveSecret(ctx, o, c.Args().Get(0), c.Args().Get(1))
			})
		},
	}
}

func resolveSecret(ctx context.Context, o *openedVault, name, which string) error {
	s, _, path, err := o.path(name)
	if err != nil {
		return err
	}
	number, device, _ := strings.Cut(which, "@")
	list, err := s.History(path)
	if err != nil {
		return err
	}
	var chosen *vault.Version
	for _, v := range list {
		if printVersion(v.Version) == number && strings.HasPrefix(v.Record.Device.String(), device) && !v.Deleted {
			if chosen != nil {
				return withHint(usagef("version %s was written by two devices", number), "kai vault resolve %s %s@DEVICE", shellWord(name), number)
			}
			chosen = v
		}
	}
	if chosen == nil {
		return failf(exitNotFound, "no_such_secret", "%s has no version %s", name, which)
	}
	if err := o.copyVersion(ctx, s, chosen, s, path, false, nil); err != nil {
		return err
	}
	return o.printPresent(s, path)
}
