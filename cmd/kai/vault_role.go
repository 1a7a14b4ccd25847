package main

import (
	"context"
	"strings"

	"github.com/urfave/cli/v2"

	"kai/internal/vault"
	"kai/internal/vault/authority"
)

func vaultRoleCommand() command {
	name := func(c *cli.Context) string { return c.Args().First() }
	return command{
		name:     "role",
		summary:  "groups that namespaces are granted to",
		examples: []example{{"kai vault role add ci", "then kai vault role member add, and kai vault grant role:ci NS"}},
		children: verbs([]command{
			{
				name: "add", summary: "make a role",
				examples: []example{{"kai vault role add ci", "without members"}},
				args:     "NAME", minArgs: 1, maxArgs: 1,
				flags:    vaultFlags(),
				schema:   "kai.vault.role/1",
				recorded: inVault(records("role_granted")),
				action: func(ctx context.Context, env *env, c *cli.Context) error {
					if strings.TrimSpace(name(c)) == "" || len(name(c)) > 64 || !isPrintable(name(c)) {
						return usagef("a role's name has 1 to 64 visible characters")
					}
					return withVault(ctx, env, c, func(o *openedVault) error {
						if err := o.AddRole(ctx, o.keys, name(c)); err != nil || !env.json {
							return err
						}
						r, err := o.RoleNamed(o.keys, name(c))
						if err != nil {
							return err
						}
						return o.printRole(r, false)
					})
				},
			},
			{
				name: "rm", summary: "remove a role and what was granted to it",
				examples: []example{{"kai vault role rm ci", "and lists what its members could read"}},
				args:     "NAME", minArgs: 1, maxArgs: 1,
				flags:    vaultFlags(),
				schema:   "kai.vault.exposed/1",
				recorded: inVault(records("role_revoked")),
				action: func(ctx context.Context, env *env, c *cli.Context) error {
					return withVault(ctx, env, c, func(o *openedVault) error {
						exposed, err := o.RemoveRole(ctx, o.keys, name(c))
						if err != nil {
							return err
						}
						return o.printExposed(exposed)
					})
				},
			},
			{
				name: "list", summary: "all roles",
				examples: []example{{"kai vault role list", "with the number of their members"}},
				flags:    vaultFlags(),
				schema:   "kai.vault.role/1",
				recorded: inVault(records("secret_listed")),
				action: func(ctx context.Context, env *env, c *cli.Context) error {
					return withVault(ctx, env, c, func(o *openedVault) error {
						list, err := o.Roles(o.keys)
						for i := range list {
							if err := o.printRole(&list[i], false); err != nil {
								return err
							}
						}
						return err
					})
				},
			},
			{
				name: "show", summary: "one role",
				examples: []example{{"kai vault role show ci", "its members, and what it may do"}},
				args:     "NAME", minArgs: 1, maxArgs: 1,
				flags:    vaultFlags(),
				schema:   "kai.vault.role/1",
				recorded: inVault(records("secret_listed")),
				action: func(ctx context.Context, env *env, c *cli.Context) error {
					return withVault(ctx, env, c, func(o *openedVault) error {
						r, err := o.RoleNamed(o.keys, name(c))
						if err != nil {
							return err
						}
						return o.printRole(r, true)
					})
				},
			},
			{
				name: "member", summary: "who belongs to a role",
				examples: []example{{"kai vault role member add ci bot.pub", "who has that key"}},
				children: []verb{{"add", vaultMemberAddCommand}, {"rm", vaultMemberRmCommand}},
			},
		}),
	}
}

func vaultMemberAddCommand() command {
	return command{
		name: "add", summary: "let somebody act for a role",
		examples: []example{{"kai vault role member add ci bot.pub --yes", "it opens what the role was granted with --as file:bot"}},
		args:     "NAME IDENTITY", minArgs: 2, maxArgs: 2,
		flags:    vaultFlags(&cli.BoolFlag{Name: "yes", Usage: "do not ask whether the fingerprint is right"}),
		recorded: inVault(records("role_granted")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return withVault(ctx, env, c, func(o *openedVault) error {
				p, err := o.principal(ctx, c.Args().Get(1))
				if err != nil {
					return err
				}
				if err := o.confirmPrincipal(ctx, p, "role "+c.Args().First(), c.Bool("yes")); err != nil {
					return err
				}
				env.fact("identity", string(p.Principal))
				if err := o.AddMember(ctx, o.keys, c.Args().First(), authority.Member{Principal: p.Principal, Recipient: p.recipient}); err != nil {
					return err
				}
				return env.done()
			})
		},
	}
}

func vaultMemberRmCommand() command {
	return command{
		name: "rm", summary: "take somebody out of a role",
		examples: []example{{"kai vault role member rm ci bot.pub", "new keys, and the list of what it could read"}},
		args:     "NAME IDENTITY", minArgs: 2, maxArgs: 2,
		flags:    vaultFlags(),
		schema:   "kai.vault.exposed/1",
		recorded: inVault(records("role_revoked")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return withVault(ctx, env, c, func(o *openedVault) error {
				p, err := o.known(ctx, c.Args().Get(1))
				if err != nil {
					return err
				}
				env.fact("identity", string(p.Principal))
				exposed, err := o.RemoveMember(ctx, o.keys, c.Args().First(), p.Principal)
				if err != nil {
					return err
				}
				return o.printExposed(exposed)
			})
		},
	}
}

type vaultRoleJSON struct {
	head
	ID      string          `json:"id"`
	Name    string          `json:"name"`
	Members []string        `json:"members"`
	Grants  []roleGrantJSON `json:"grants"`
}

type roleGrantJSON struct {
	NS    string `json:"ns"`
	Write bool   `json:"write"`
	User  bool   `json:"user"`
	From  uint32 `json:"from_epoch"`
}

func (o *openedVault) printRole(r *vault.RoleInfo, whole bool) error {
	j := vaultRoleJSON{head: o.env.head(true), ID: r.ID.String(), Name: r.Name, Members: []string{}, Grants: []roleGrantJSON{}}
	for _, m := range r.Members {
		j.Members = append(j.Members, string(m.Principal))
	}
	names, err := o.Namespaces(o.keys)
	if err != nil {
		return err
	}
	for _, name := range names {
		s, err := o.Space(o.keys, name)
		if err != nil {
			return err
		}
		for _, reader := range s.Policy().Readers {
			if reader.Principal != r.Principal() {
				continue
			}
			g := roleGrantJSON{NS: name, User: reader.User, From: reader.From}
			for _, w := range s.Policy().Writers {
				g.Write = g.Write || w == reader.Principal
			}
			j.Grants = append(j.Grants, g)
		}
	}
	if o.env.json {
		return o.env.printJSON(j)
	}
	if !whole {
		return o.env.printf("%s  %d members, %d namespaces\n", r.Name, len(j.Members), len(j.Grants))
	}
	for _, m := range j.Members {
		if err := o.env.printf("member  %s\n", m); err != nil {
			return err
		}
	}
	for _, g := range j.Grants {
		how := "read"
		if g.Write {
			how = "write"
		}
		if err := o.env.printf("%-6s  %s\n", how, g.NS); err != nil {
			return err
		}
	}
	return nil
}
