package main

import (
	"context"
	"errors"
	"strings"

	"github.com/urfave/cli/v2"

	"kai/internal/vault"
)

func vaultInitCommand() command {
	return command{
		name:    "init",
		summary: "make a vault",
		examples: []example{
			{"kai vault init", "with a password, asked for twice"},
			{"kai vault init --slot password+device", "a password that is of use on this machine only"},
			{"kai vault init --slot password,recovery -k 2 -n 3", "and any two of three shares open it too"},
		},
		about: "Makes the vault of the home with the namespace default, and leaves it unlocked. A slot is\n" +
			"one way to open it; --slot lists several, of which any one opens the vault, each of factors\n" +
			"joined by +, all of which it needs. Of a lost password nothing can be recovered: make a\n" +
			"recovery slot too.",
		surplus: passwordNotArgument,
		flags: sessionFlags(factorFlags(
			&cli.StringFlag{Name: "slot", Value: "password", Usage: "make the slots `TYPE[+TYPE...],...`: password, device, recovery, age"},
		)...),
		recorded: inVault(records("vault_initialized")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return initVault(ctx, env, c)
		},
	}
}

func initVault(ctx context.Context, env *env, c *cli.Context) error {
	life, err := sessionOptionsOf(c)
	if err != nil {
		return err
	}
	var list []factorOptions
	for _, types := range strings.Split(c.String("slot"), ",") {
		f := factorOptionsOf(c, types)
		if err := f.check(); err != nil {
			return err
		}
		list = append(list, f)
	}
	for i := range list {
		list[i].shares = env.giveShares(ctx, &list[i])
	}
	o, err := env.vaultDir(true)
	if err != nil {
		return err
	}
	defer o.close()
	if _, err := vault.Open(o.dir, env.vaultOptions()); !errors.Is(err, vault.ErrNoVault) {
		if err == nil {
			err = withHint(fail(exitConflict, "exists", errors.New("the home has a vault already")), "kai vault unlock")
		}
		return err
	}
	var makers []vault.MakeSlot
	for i := range list {
		make, wipe, err := env.slotMaker(ctx, o.dir, &list[i])
		defer wipe()
		if err != nil {
			return err
		}
		makers = append(makers, make)
	}
	if o.Vault, o.keys, err = vault.Create(ctx, o.dir, env.homeVaultOptions(), makers...); err != nil {
		return err
	}
	recoverable := false
	for i := range list {
		recoverable = recoverable || len(list[i].types) == 1 && list[i].types[0] == "recovery"
	}
	if !recoverable {
		env.warn("no recovery slot: who forgets the password loses everything; kai vault slot add recovery")
	}
	if err := o.openSessions(); err != nil {
		return err
	}
	if err := o.begin(ctx, life); err != nil {
		// The vault is there; only its session is not.
		env.warn("the vault is made, and locked: %v", err)
	}
	if env.json {
		j := vaultInitJSON{head: env.head(true), VaultID: o.ID().String(), Fingerprint: o.Fingerprint()}
		for i := range list {
			j.Shares = append(j.Shares, list[i].printed...)
		}
		return env.printJSON(j)
	}
	return env.printf("vault        %s\nfingerprint  %s\n", o.ID(), o.Fingerprint())
}

type vaultInitJSON struct {
	head
	VaultID     string   `json:"vault_id"`
	Fingerprint string   `json:"fingerprint"`
	Shares      []string `json:"shares,omitempty"`
}
