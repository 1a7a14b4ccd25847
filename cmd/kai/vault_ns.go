package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"kai/internal/vault/reference"
)

func vaultNSCommand() command {
	return command{
		name:     "ns",
		summary:  "namespaces, which are what is granted",
		examples: []example{{"kai vault ns add ci", "a key of its own, for what lies below ci/"}},
		children: verbs([]command{
			{
				name: "add", summary: "make a namespace",
				examples: []example{{"kai vault ns add ci", "ci/github is then a secret in it"}, {"kai vault ns add ci/prod --isolated", "not for who may read ci"}},
				args:     "NAME", minArgs: 1, maxArgs: 1,
				flags:    vaultFlags(&cli.BoolFlag{Name: "isolated", Usage: "grants on the namespace above do not cover it"}),
				schema:   "kai.vault.ns/1",
				recorded: inVault(records("vault_rekeyed")),
				action: func(ctx context.Context, env *env, c *cli.Context) error {
					return withVault(ctx, env, c, func(o *openedVault) error {
						if err := o.AddNamespace(ctx, o.keys, c.Args().First(), c.Bool("isolated")); err != nil {
							return err
						}
						if err := o.renewSession(ctx); err != nil || !env.json {
							return err
						}
						name, err := reference.ParseName(c.Args().First()) // in normal form
						if err != nil {
							return err
						}
						return printNamespace(env, o, name)
					})
				},
			},
			{
				name: "list", summary: "the namespaces that this session opens",
				examples: []example{{"kai vault ns list", "one a line"}},
				flags:    vaultFlags(),
				schema:   "kai.vault.ns/1",
				recorded: inVault(records("secret_listed")),
				action: func(ctx context.Context, env *env, c *cli.Context) error {
					return withVault(ctx, env, c, func(o *openedVault) error { return listNamespaces(env, o) })
				},
			},
			{
				name: "rm", summary: "remove a namespace with everything in it",
				examples: []example{{"kai vault ns rm ci --yes ci", "copies made before keep it"}},
				args:     "NAME", minArgs: 1, maxArgs: 1,
				flags:    vaultFlags(&cli.StringFlag{Name: "yes", Usage: "answer the question beforehand: `NAME` again"}),
				recorded: inVault(records("secret_deleted")),
				action: func(ctx context.Context, env *env, c *cli.Context) error {
					return withVault(ctx, env, c, func(o *openedVault) error {
						name := c.Args().First()
						if _, err := o.Space(o.keys, name); err != nil {
							return err
						}
						if err := env.typeAgain(ctx, name, c.String("yes")); err != nil {
							return err
						}
						if err := o.RemoveNamespace(ctx, o.keys, name); err != nil {
							return err
						}
						if err := o.renewSession(ctx); err != nil {
							return err
						}
						return env.done()
					})
				},
			},
		}),
	}
}

// withVault runs a command on the open vault.
func withVault(ctx context.Context, env *env, c *cli.Context, run func(*openedVault) error) error {
	o, err := env.unlockedVault(ctx, vaultAccessOf(c))
	if err != nil {
		return err
	}
	defer o.close()
	return run(o)
}

// renewSession gives the session the keys as they are now.
func (o *openedVault) renewSession(ctx context.Context) error {
	if o.session == nil {
		return nil
	}
	blob, user := o.keys.Encode()
	defer blob.Wipe()
	defer user.Wipe()
	if err := o.session.Rewrite(ctx, blob, o.session.AuditHead); err != nil {
		return err
	}
	if !o.keys.HasUser() || !o.session.HasUser {
		return nil // what the session has of the user stays: new keys were wrapped for it
	}
	return o.session.GrantUser(ctx, o.env.sessionNow(), user)
}

type vaultNSJSON struct {
	head
	Name     string   `json:"name"`
	ID       string   `json:"id"`
	Isolated bool     `json:"isolated"`
	Epoch    uint32   `json:"epoch"`
	Readers  []string `json:"readers"`
	Writers  []string `json:"writers"`
}

func listNamespaces(env *env, o *openedVault) error {
	names, err := o.Namespaces(o.keys)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !env.json {
			if err := env.printf("%s\n", name); err != nil {
				return err
			}
			continue
		}
		if err := printNamespace(env, o, name); err != nil {
			return err
		}
	}
	return nil
}

// printNamespace writes kai.vault.ns/1.
func printNamespace(env *env, o *openedVault, name string) error {
	s, err := o.Space(o.keys, name)
	if err != nil {
		return err
	}
	p := s.Policy()
	j := vaultNSJSON{head: env.head(true), Name: name, ID: s.ID().String(), Isolated: p.Isolated, Epoch: p.Last().E, Readers: []string{"owner"}, Writers: []string{}}
	for _, r := range p.Readers {
		j.Readers = append(j.Readers, string(r.Principal))
	}
	for _, w := range p.Writers {
		j.Writers = append(j.Writers, string(w))
	}
	return env.printJSON(j)
}
