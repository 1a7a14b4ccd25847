package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"kai/internal/key"
)

func idImportCommand() command {
	return command{
		name:    "import",
		summary: "check a key file and say what it holds",
		examples: []example{
			{"kai id import bob.pub", "one line a key"},
			{"curl https://github.com/bob.keys | kai id import -", "standard input"},
		},
		about: "Finds the form of the file by its content, checks each key, and prints one line a\n" +
			"key: type, fingerprint, form, whether it holds a secret, comment. Nothing is stored:\n" +
			"this version has neither a trust store nor a vault, and refuses private keys.\n" +
			"To use a public key, name its file: kai verify --signer FILE.",
		args:       "[FILE|-]",
		maxArgs:    1,
		readsStdin: true,
		recorded:   readsOnly("stores nothing"),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return idImport(ctx, env, c.Args().First())
		},
	}
}

func idImport(ctx context.Context, env *env, name string) error {
	f, err := readKeyFile(ctx, env, name)
	if err != nil {
		return err
	}
	defer f.Wipe()
	private := false
	for _, e := range f.Entries {
		private = private || secretState(e) != "none"
	}
	if private {
		return withHint(failf(exitLocked, "no_vault", "%s holds a private key, which would be kept in the vault, and this version has none", name),
			"kai id show %s shows it; kai sign --key file:%s signs with it", name, name)
	}
	warnOfSkipped(env, name, f)
	if env.json {
		o := formOptions{file: name}
		return env.printJSON(idAnswer(env, &o, f))
	}
	for _, e := range f.Entries {
		if err := printFound(env, e); err != nil {
			return err
		}
	}
	env.note("%s: %d good; nothing is stored, this version has no trust store", name, len(f.Entries))
	return nil
}

// printFound prints what was found: one line a key.
func printFound(env *env, e key.Entry) error {
	line := string(e.Public.Type()) + "  " + e.Public.Fingerprint() + "  " + string(e.Form)
	if e.Authority {
		line += "  certificate authority"
	}
	if e.Comment != "" {
		line += "  " + e.Comment
	}
	return env.printf("%s\n", line)
}
