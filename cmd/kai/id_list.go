package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"kai/internal/identity"
	"kai/internal/sig"
	"kai/internal/trust/store"
)

func idListCommand() command {
	return command{
		name:    "list",
		summary: "list identities",
		schema:  "kai.id/1",
		examples: []example{
			{"kai id list", "name, kind, class and id; * marks the default one"},
			{"kai id list --own --json", "own ones, an object a line"},
		},
		about: "Works while the vault is locked. People compare the end of an id: names are labels.",
		flags: []cli.Flag{
			&cli.BoolFlag{Name: "own", Usage: "only identities of this home"},
			&cli.BoolFlag{Name: "peers", Usage: "only those of others"},
		},
		recorded: readsOnly("reads public documents"),
		action: func(_ context.Context, env *env, c *cli.Context) error {
			if c.Bool("own") && c.Bool("peers") {
				return usagef("--own and --peers exclude each other")
			}
			return idList(env, c.Bool("own"), c.Bool("peers"))
		},
	}
}

func idList(env *env, own, peers bool) error {
	s, err := env.trustStore()
	if err != nil {
		return err
	}
	owner := s.Owner()
	for _, entry := range s.Entries() {
		local := entry.Local()
		if own && local.Own == "" || peers && local.Own != "" {
			continue
		}
		id, err := entry.Identity()
		if err != nil {
			env.warn("identity %s: %v", local.Name, err)
			continue
		}
		if env.json {
			if err := env.printJSON(identityAnswer(env, &formOptions{}, entry, id)); err != nil {
				return err
			}
			continue
		}
		mark := " "
		if owner != nil && owner.ID() == entry.ID() {
			mark = "*"
		}
		class := string(local.Class)
		if _, ended := id.Revoked(); ended {
			class = string(store.Revoked)
		}
		if err := env.printf("%s %-20s  %-8s %-8s  %s\n", mark, local.Name, id.Facts().Kind, class, id.ID()); err != nil {
			return err
		}
	}
	return nil
}

func idRenameCommand() command {
	return command{
		name:    "rename",
		summary: "call an identity something else here",
		examples: []example{
			{"kai id rename bot release-bot", "the id, the keys and what others call it stay"},
		},
		about:   "Changes the label in this home. The trust store is sealed anew, with the keys of its owner.",
		args:    "OLD NEW",
		minArgs: 2, maxArgs: 2,
		recorded: storeRecorded(records("truststore_updated")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return idRename(ctx, env, c.Args().Get(0), c.Args().Get(1))
		},
	}
}

func idRename(ctx context.Context, env *env, old, name string) error {
	if !identity.IsName(name) {
		return usagef("name %q: want [a-z0-9][a-z0-9._-]{0,63}", name)
	}
	found, err := env.findIdentity(old)
	if err != nil {
		return withHint(err, "kai id list")
	}
	if other, err := env.findIdentity(name); err == nil && other.Local().Name == name {
		return fail(exitConflict, "exists", fmt.Errorf("identity %s %w", name, store.ErrExists))
	}
	_, err = env.changeTrustStore(ctx, env.presentOwner, func(c *store.Change) error { return c.Rename(found.ID(), name) })
	return err
}

func idDefaultCommand() command {
	return command{
		name:    "default",
		summary: "say or choose which identity is used when none is named",
		examples: []example{
			{"kai id default", "prints its name"},
			{"kai id default release-bot", "from now on it signs, owns the trust store, and opens the log"},
		},
		about: "KAI_IDENTITY, and identity in config.toml, go before it. The default identity seals the\n" +
			"trust store, and the keys of the audit log are sealed to it.",
		args:     "[NAME]",
		maxArgs:  1,
		recorded: storeRecorded(records("truststore_updated")).when(func(c *cli.Context) bool { return c.NArg() > 0 }),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return idDefault(ctx, env, c.Args().First())
		},
	}
}

func idDefault(ctx context.Context, env *env, who string) error {
	if who == "" {
		found, _, err := env.ownIdentity("")
		if err != nil {
			return err
		}
		if env.json {
			return env.printJSON(idDefaultJSON{env.head(true), found.ID().String(), found.Local().Name})
		}
		return env.printf("%s\n", found.Local().Name)
	}
	found, _, err := env.ownIdentity(who)
	if err != nil {
		return err
	}
	// The owner before has sealed what there is, or loading would have failed; the new one takes it over.
	owner := func(ctx context.Context, _ *store.Store) (identity.ID, []sig.Signer, error) {
		h, err := env.holdIdentity(ctx, found)
		if err != nil {
			return identity.ID{}, nil, err
		}
		defer h.close()
		return h.ID(), h.signers, nil
	}
	if _, err := env.changeTrustStore(ctx, owner, func(*store.Change) error { return nil }); err != nil {
		return err
	}
	if err := env.sealLog(ctx); err != nil {
		env.warn("the log is not sealed to %s yet: %v", found.Local().Name, err)
	}
	if env.json {
		return env.printJSON(idDefaultJSON{env.head(true), found.ID().String(), found.Local().Name})
	}
	return nil
}

// idDefaultJSON is the answer of kai id default --json.
type idDefaultJSON struct {
	head
	ID   string `json:"id"`
	Name string `json:"name"`
}
