package main

import (
	"context"
	"io/fs"
	"strconv"

	"github.com/urfave/cli/v2"

	"kai/internal/secret"
	"kai/internal/vault/reference"
	"kai/internal/vault/template"
)

func vaultInjectCommand() command {
	return command{
		name:    "inject",
		summary: "fill secrets into a template",
		examples: []example{
			{"kai vault inject -i config.tmpl -o config.yml", "{{ kai://ci/db#password | yaml }} in config.tmpl"},
			{"echo '{{ kai://ci/github }}' | kai vault inject", "to standard output"},
		},
		about: "Only {{ kai://... }} is looked at, with |json, |shell, |yaml or |base64 where the place needs\n" +
			"it. What is filled in is not looked at again. With one secret missing nothing is written.",
		flags: vaultFlags(
			&cli.PathFlag{Name: "input", Aliases: []string{"i"}, Value: "-", Usage: "the template `FILE`"},
			&cli.PathFlag{Name: "output", Aliases: []string{"o"}, Value: "-", Usage: "write `FILE`"},
			&cli.StringFlag{Name: "mode", Value: "0600", Usage: "with the `MODE`"},
			&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, Usage: "replace FILE"},
		),
		recorded: inVault(records("secret_injected")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			mode, err := strconv.ParseUint(c.String("mode"), 8, 9)
			if err != nil || mode&0o400 == 0 {
				return usagef("--mode %s: want octal digits, as 0600", c.String("mode"))
			}
			return inject(ctx, env, vaultAccessOf(c), c.Path("input"), c.Path("output"), outputOptions{mode: fs.FileMode(mode), force: c.Bool("force"), flag: "-f"})
		},
	}
}

// agentInjects is how many secrets an agent may fill into one template.
const agentInjects = 5

func inject(ctx context.Context, env *env, a vaultAccess, input, output string, how outputOptions) (err error) {
	in, err := env.open(ctx, input)
	if err != nil {
		return err
	}
	t, err := template.Read(in)
	if closeErr := in.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	if len(t.References()) > agentInjects {
		if err := env.mayReveal("a template with more than 5 secrets"); err != nil {
			return err
		}
	}
	o, err := env.unlockedVault(ctx, a)
	if err != nil {
		return err
	}
	defer o.close()
	w := &wantedSecrets{o: o}
	defer w.wipe()
	lookup := func(ref reference.Reference) (*secret.Bytes, error) { return w.get(ctx, ref) }
	defer func() {
		if err == nil { // otherwise what counts is the one that was refused
			env.fact("secret_count", int64(len(w.secrets)))
			env.fact("path", w.tags)
		}
	}()
	out, err := env.create(output, how)
	if err != nil {
		return err
	}
	defer out.Abort()
	if err := t.Render(out, lookup); err != nil {
		return err
	}
	return out.Commit(ctx)
}
