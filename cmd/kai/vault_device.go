package main

import (
	"bytes"
	"context"
	"io"
	"text/tabwriter"

	"filippo.io/age"
	"github.com/urfave/cli/v2"

	"kai/internal/canon"
	"kai/internal/vault"
	"kai/internal/vault/authority"
	"kai/internal/vault/objectid"
)

func vaultDeviceCommand() command {
	return command{
		name:     "device",
		summary:  "the machines that write to the vault",
		examples: []example{{"kai vault device list", "which are there, and who holds them"}},
		children: verbs([]command{
			{
				name: "list", summary: "all devices",
				examples: []example{{"kai vault device list", "the one with * is this one"}},
				flags:    vaultFlags(),
				schema:   "kai.vault.device/1",
				recorded: inVault(records("secret_listed")),
				action: func(ctx context.Context, env *env, c *cli.Context) error {
					return withVault(ctx, env, c, func(o *openedVault) error { return listDevices(env, o) })
				},
			},
			{
				name: "new", summary: "make this machine a device of the vault",
				examples: []example{
					{"kai vault device new", "an owner's machine writes at once"},
					{"kai vault device new --as file:bot.key > bot.device", "others' once an owner has said kai vault device add"},
				},
				flags:    vaultFlags(&cli.BoolFlag{Name: "replace", Usage: "give up the key that this machine has, as after a copied home"}),
				schema:   "kai.vault.device/1",
				recorded: inVault(records("device_added")),
				action: func(ctx context.Context, env *env, c *cli.Context) error {
					return newDevice(ctx, env, vaultAccessOf(c), c.Bool("replace"))
				},
			},
			{
				name: "add", summary: "let a device write",
				examples: []example{{"kai vault device add bot.device --holder role:ci", "what the holder may write"}},
				args:     "FILE", minArgs: 1, maxArgs: 1,
				flags:    vaultFlags(&cli.StringFlag{Name: "holder", Usage: "it is `PRINCIPAL`'s: owner, role:NAME, a key"}),
				recorded: inVault(records("device_added")),
				action: func(ctx context.Context, env *env, c *cli.Context) error {
					return withVault(ctx, env, c, func(o *openedVault) error {
						return addDevice(ctx, env, o, c.Args().First(), c.String("holder"))
					})
				},
			},
			{
				name: "rm", summary: "let a device write no more",
				examples: []example{{"kai vault device rm ndadnv63...", "what it has written stays"}, {"kai vault device rm ndadnv63... --cut 120", "but for what came after record 120"}},
				args:     "ID", minArgs: 1, maxArgs: 1,
				flags:    vaultFlags(&cli.Uint64Flag{Name: "cut", Usage: "records after `SEQ` do not count"}),
				recorded: inVault(records("device_removed")),
				action: func(ctx context.Context, env *env, c *cli.Context) error {
					return withVault(ctx, env, c, func(o *openedVault) error {
						id, err := objectid.Parse(c.Args().First())
						if err != nil {
							return withHint(usagef("device: %w", err), "kai vault device list")
						}
						var cut *uint64
						if c.IsSet("cut") {
							n := c.Uint64("cut")
							cut = &n
						}
						env.fact("dev", id.String())
						if err := o.RemoveDevice(ctx, o.keys, id, cut); err != nil {
							return err
						}
						return env.done()
					})
				},
			},
		}),
	}
}

// vaultDeviceJSON is kai.vault.device/1.
type vaultDeviceJSON struct {
	head
	Dev     string          `json:"dev"`
	Pub     authority.Bytes `json:"pub"`
	Holder  string          `json:"holder,omitempty"`
	This    bool            `json:"this"`
	Removed bool            `json:"removed"`
}

func listDevices(env *env, o *openedVault) error {
	list, err := o.Devices()
	if err != nil {
		return err
	}
	var roles []vault.RoleInfo
	if o.keys.IsOwner() {
		if roles, err = o.Roles(o.keys); err != nil {
			return err
		}
	}
	w := tabwriter.NewWriter(env.stdout, 0, 8, 2, ' ', 0)
	for _, d := range list {
		this := d.Dev == o.keys.DeviceID()
		holder := o.principalText(d.Holder, roles)
		if env.json {
			err = env.printJSON(vaultDeviceJSON{head: env.head(true), Dev: d.Dev.String(), Pub: d.Pub, Holder: holder, This: this, Removed: d.Removed})
		} else {
			mark, state := " ", ""
			if this {
				mark = "*"
			}
			if d.Removed {
				state = "removed"
			}
			_, err = io.WriteString(w, mark+" "+d.Dev.String()+"\t"+printable(holder)+"\t"+state+"\n")
		}
		if err != nil {
			return err
		}
	}
	return w.Flush()
}

// deviceRequest is the file by which a device asks to be added.
type deviceRequest struct {
	Dev   objectid.ID     `json:"dev"`
	Pub   authority.Bytes `json:"pub"`
	Vault objectid.ID     `json:"vault"`
}

func newDevice(ctx context.Context, env *env, a vaultAccess, replace bool) error {
	o, err := env.unlockedVault(ctx, a)
	if err != nil {
		return err
	}
	defer o.close()
	var to age.Recipient
	if a.as != "" {
		recipient, _, err := env.openIdentity(ctx, a.as)
		if err != nil {
			return err
		}
		if to, err = parseRecipient(recipient); err != nil {
			return err
		}
	}
	r, err := o.NewDevice(ctx, o.keys, to, replace)
	if err != nil {
		return err
	}
	env.fact("dev", r.ID.String())
	if err := o.renewSession(ctx); err != nil {
		return err
	}
	if o.keys.IsOwner() && env.json {
		return env.printJSON(vaultDeviceJSON{head: env.head(true), Dev: r.ID.String(), Pub: authority.Bytes(r.Pub), Holder: string(authority.Owner), This: true})
	}
	if o.keys.IsOwner() {
		return env.printf("%s\n", r.ID)
	}
	file, err := canon.Marshal(deviceRequest{r.ID, authority.Bytes(r.Pub), o.ID()})
	if err != nil {
		return err
	}
	env.note("an owner says: kai vault device add FILE --holder PRINCIPAL")
	_, err = env.stdout.Write(append(file, '\n'))
	return err
}

func addDevice(ctx context.Context, env *env, o *openedVault, file, holder string) error {
	in, err := env.open(ctx, file)
	if err != nil {
		return err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, 4096))
	if err != nil {
		return err
	}
	var r deviceRequest
	if err := canon.Unmarshal(bytes.TrimRight(text, "\r\n"), &r); err != nil || len(r.Pub) != 32 || r.Dev.IsZero() {
		return failf(exitUndecidable, "malformed", "%s: not a request of kai vault device new", file)
	}
	if r.Vault != o.ID() {
		return failf(exitUndecidable, "malformed", "%s: the request is to vault %s", file, r.Vault)
	}
	who := authority.Owner
	if holder != "" && holder != "owner" {
		p, err := o.principal(ctx, holder)
		if err != nil {
			return err
		}
		who = p.Principal
	}
	env.fact("dev", r.Dev.String())
	if err := o.AddDevice(ctx, o.keys, vault.DeviceRequest{ID: r.Dev, Pub: []byte(r.Pub)}, who); err != nil {
		return err
	}
	return env.done()
}
