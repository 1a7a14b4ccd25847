package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"kai/internal/vault"
	"kai/internal/vault/objectid"
)

func vaultSlotCommand() command {
	return command{
		name:     "slot",
		summary:  "the ways to open the vault",
		examples: []example{{"kai vault slot list", "any one of them opens it"}},
		children: verbs([]command{
			{
				name: "add", summary: "add a way to open the vault",
				examples: []example{
					{"kai vault slot add recovery -k 3 -n 5", "prints five shares, of which any three open it"},
					{"kai vault slot add password+device --label laptop", "a password that is of use on this machine only"},
					{"kai vault slot add age -r age1pq1...", "whoever has that age key"},
					{"kai vault slot add age -r ~/.ssh/id_ed25519.pub", "or that ssh key"},
				},
				about: "TYPE is password, device, recovery or age, or several joined by +, which are then all\n" +
					"needed. A factor of a slot that is there is asked for, unless it was given within five\n" +
					"minutes.",
				args: "TYPE[+TYPE...]", minArgs: 1, maxArgs: 1,
				flags:    factorFlags(&cli.IntFlag{Name: "session-fd", Value: notGiven, DefaultText: "none", Usage: "read the session from file descriptor `N`"}),
				schema:   "kai.vault.slot/1",
				recorded: inVault(records("slot_added")),
				action: func(ctx context.Context, env *env, c *cli.Context) error {
					return addSlot(ctx, env, c)
				},
			},
			{
				name: "list", summary: "the ways to open the vault",
				examples: []example{{"kai vault slot list", "their labels show while it is unlocked"}},
				flags:    vaultFlags(),
				schema:   "kai.vault.slot/1",
				recorded: readsOnly("shows what a listing of the directory shows"),
				action:   listSlots,
			},
			{
				name: "rm", summary: "take a way to open the vault away",
				examples: []example{{"kai vault slot rm zmt4h2q6...", "changes every key that it could open, and lists what it could read"}},
				about: "Everything written from now on is sealed under new keys. What the slot could open before\n" +
					"somebody may have kept: the secrets listed are marked as compromised until they are\n" +
					"changed.",
				args: "ID", minArgs: 1, maxArgs: 1,
				flags:    vaultFlags(&cli.BoolFlag{Name: "force", Usage: "even the last slot that is not bound to one device"}),
				schema:   "kai.vault.exposed/1",
				recorded: inVault(records("slot_removed")),
				action: func(ctx context.Context, env *env, c *cli.Context) error {
					return withVault(ctx, env, c, func(o *openedVault) error {
						return removeSlot(ctx, o, c.Args().First(), c.Bool("force"))
					})
				},
			},
		}),
	}
}

func addSlot(ctx context.Context, env *env, c *cli.Context) error {
	f := factorOptionsOf(c, c.Args().First())
	f.shares = env.giveShares(ctx, &f)
	if err := f.check(); err != nil {
		return err
	}
	o, err := env.unlockedVault(ctx, vaultAccess{sessionFD: c.Int("session-fd")})
	if err != nil {
		return err
	}
	defer o.close()
	if err := o.user(ctx); err != nil {
		return err
	}
	env.note("vault %s", o.Fingerprint())
	make, wipe, err := env.slotMaker(ctx, o.dir, &f)
	defer wipe()
	if err != nil {
		return err
	}
	id, err := o.AddSlot(ctx, o.keys, make)
	if err != nil {
		return err
	}
	env.fact("slot", id.String())
	env.fact("method", strings.Join(f.types, "+"))
	if env.json {
		return env.printJSON(vaultSlotJSON{head: env.head(true), ID: id.String(), Types: f.types, Label: f.label, Created: env.now().UTC().Format(time.RFC3339), Active: true, Shares: f.printed})
	}
	if len(f.types) == 1 && f.types[0] == "recovery" && len(f.to) == 0 {
		return nil // the shares are the answer
	}
	return env.printf("%s\n", id)
}

type vaultSlotJSON struct {
	head
	ID      string   `json:"id"`
	Types   []string `json:"types"`
	Label   string   `json:"label"`
	Created string   `json:"created"`
	Active  bool     `json:"active"`
	Shares  []string `json:"shares,omitempty"` // of a new slot
}

func listSlots(ctx context.Context, env *env, c *cli.Context) error {
	o, err := env.openVault()
	if err != nil {
		return err
	}
	defer o.close()
	// Labels are for owners; that the vault is locked only leaves them out.
	a := vaultAccessOf(c)
	if a.as != "" {
		err = o.unlockAs(ctx, a.as)
	} else {
		err = o.resume(ctx, a.sessionFD)
	}
	if err != nil && judge(ctx, err).code != exitLocked {
		return err
	}
	list, err := o.SlotInfos(o.keys)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(env.stdout, 0, 8, 2, ' ', 0)
	for _, s := range list {
		if env.json {
			err = env.printJSON(vaultSlotJSON{head: env.head(true), ID: s.ID.String(), Types: s.Types, Label: s.Label, Created: s.Created.UTC().Format(time.RFC3339), Active: true})
		} else {
			_, err = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.ID, strings.Join(s.Types, "+"), s.Created.UTC().Format(time.DateOnly), printable(s.Label))
		}
		if err != nil {
			return err
		}
	}
	return w.Flush()
}

func removeSlot(ctx context.Context, o *openedVault, text string, force bool) error {
	id, err := objectid.Parse(text)
	if err != nil {
		return withHint(usagef("slot: %w", err), "kai vault slot list")
	}
	if slots := o.Slots(); len(slots) == 1 && slots[0] == id {
		return withHint(failf(exitConflict, "last_slot", "%s is the last slot: without it nothing opens the vault", id), "kai vault slot add TYPE")
	}
	if last, err := o.LastPortable(id); err != nil || last && !force {
		if err != nil {
			return err
		}
		return withHint(failf(exitConflict, "last_slot", "%s is the last slot that is not bound to one device", id), "kai vault slot add TYPE, or --force")
	}
	if err := o.user(ctx); err != nil {
		return err
	}
	exposed, err := o.RemoveSlot(ctx, o.keys, id)
	if err != nil {
		return err
	}
	o.env.fact("slot", id.String())
	o.env.fact("secret_count", int64(len(exposed)))
	if err := o.renewSession(ctx); err != nil {
		return err
	}
	return o.printExposed(exposed)
}

// printExposed lists what is to be changed.
func (o *openedVault) printExposed(list []vault.Exposed) error {
	if len(list) == 0 {
		return nil
	}
	o.env.note("%d secrets could be read until now: change them, and kai vault due shows what is left", len(list))
	for _, x := range list {
		var err error
		if o.env.json {
			err = o.env.printJSON(exposedJSON{head: o.env.head(true), Path: x.Namespace + "/" + x.Path})
		} else {
			err = o.env.printf("%s/%s\n", x.Namespace, x.Path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// exposedJSON is kai.vault.exposed/1: a secret that somebody who lost access could read.
type exposedJSON struct {
	head
	Path string `json:"path"`
}
