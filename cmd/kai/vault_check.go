package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"kai/internal/vault"
)

func vaultCheckCommand() command {
	return command{
		name:    "check",
		summary: "look for damage",
		examples: []example{
			{"kai vault check", "exit 3 damaged, 4 something to look at"},
			{"kai vault check --deep", "and open every value"},
			{"kai vault check --leaks .", "does a file below this directory hold a value of the vault?"},
		},
		about: "--leaks reads all regular files below DIR, whatever they are, for values of at least eight\n" +
			"bytes as they are and in base64, hexadecimal, URL and JSON encoding. Files that are\n" +
			"compressed or encrypted tell nothing, and so the history of git does not: unpack it first.",
		flags: vaultFlags(
			&cli.BoolFlag{Name: "deep", Usage: "also open every value"},
			&cli.PathFlag{Name: "leaks", Usage: "look below `DIR` for files that hold values of the vault"},
		),
		schema:   "kai.vault.check/1",
		recorded: inVaultAnswering(records("secret_listed")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return withVault(ctx, env, c, func(o *openedVault) error { return checkVault(ctx, env, o, c.Bool("deep"), c.Path("leaks")) })
		},
	}
}

type vaultCheckJSON struct {
	head
	Finding  string         `json:"finding"`
	Severity vault.Severity `json:"severity"`
	Path     string         `json:"path"`
	Text     string         `json:"text"`
	Hint     string         `json:"hint"`
}

// checkVault looks for damage and, below a directory that is named, for values of the vault.
func checkVault(ctx context.Context, env *env, o *openedVault, deep bool, leaks string) error {
	if (deep || leaks != "") && o.session != nil && o.session.HasUser {
		if err := o.user(ctx); err != nil {
			return err
		}
	}
	code, printed := exitDone, error(nil)
	report := func(f vault.Finding) {
		found := exitUntrusted
		if f.Severity == vault.Damaged {
			found = exitBad
		}
		code = worstExit(code, found)
		if printed != nil {
			return
		}
		if env.json {
			printed = env.printJSON(vaultCheckJSON{env.head(false), f.Finding, f.Severity, f.Path, f.Text, f.Hint})
			return
		}
		printed = env.printf("%s  %s  %s\n", f.Severity, printable(f.Path), f.Text)
	}
	if err := o.Check(o.keys, deep, report); err != nil {
		return err
	}
	if leaks != "" {
		if err := o.findLeaks(ctx, leaks, report); err != nil {
			return err
		}
	}
	if printed != nil {
		return printed
	}
	return reported(code)
}
