package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"kai/internal/vault"
)

func vaultGrantCommand() command {
	return command{
		name:    "grant",
		summary: "let somebody read or write a namespace",
		examples: []example{
			{"kai vault grant role:ci ci", "the members of a role"},
			{"kai vault grant bot.pub ci --write --yes", "a key, which then opens it with --as file:bot"},
			{"kai vault grant role:audit prod --from-now", "not what was written before"},
		},
		about: "PRINCIPAL is role:NAME, age1..., or a file with a public key of age or ssh. The keys of the\n" +
			"namespace, and of those below it unless they are isolated, are sealed to it: nothing else\n" +
			"opens them.",
		args: "PRINCIPAL NS", minArgs: 2, maxArgs: 2,
		flags: vaultFlags(
			&cli.BoolFlag{Name: "read", Usage: "to read, which is what it is without a flag"},
			&cli.BoolFlag{Name: "write", Usage: "to read and write"},
			&cli.BoolFlag{Name: "user", Usage: "credentials too"},
			&cli.BoolFlag{Name: "from-now", Usage: "not what was written before"},
			&cli.BoolFlag{Name: "yes", Usage: "do not ask whether the fingerprint is right"},
		),
		recorded: inVault(records("role_granted")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return withVault(ctx, env, c, func(o *openedVault) error {
				p, err := o.principal(ctx, c.Args().Get(0))
				if err != nil {
					return err
				}
				if c.Bool("user") {
					if err := o.user(ctx); err != nil {
						return err
					}
				}
				if err := o.confirmPrincipal(ctx, p, c.Args().Get(1), c.Bool("yes")); err != nil {
					return err
				}
				env.fact("identity", string(p.Principal))
				if err := o.Grant(ctx, o.keys, c.Args().Get(1), vault.Grant{
					Principal: p.Principal, Recipient: p.recipient, Write: c.Bool("write"), User: c.Bool("user"), FromNow: c.Bool("from-now"),
				}); err != nil {
					return err
				}
				return env.done()
			})
		},
	}
}

func vaultRevokeCommand() command {
	return command{
		name:     "revoke",
		summary:  "take a namespace from somebody",
		examples: []example{{"kai vault revoke role:ci prod", "new keys from now on, and the list of what it could read"}},
		about:    "PRINCIPAL is what was given to kai vault grant, or a fingerprint SHA256:... from kai vault ns list --json.",
		args:     "PRINCIPAL NS", minArgs: 2, maxArgs: 2,
		flags:    vaultFlags(),
		schema:   "kai.vault.exposed/1",
		recorded: inVault(records("role_revoked")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return withVault(ctx, env, c, func(o *openedVault) error {
				p, err := o.known(ctx, c.Args().Get(0))
				if err != nil {
					return err
				}
				env.fact("identity", string(p.Principal))
				exposed, err := o.Revoke(ctx, o.keys, c.Args().Get(1), p.Principal)
				if err != nil {
					return err
				}
				env.fact("secret_count", int64(len(exposed)))
				return o.printExposed(exposed)
			})
		},
	}
}
