package main

import (
	"context"
	"crypto/rand"
	"io"
	"math/big"

	"github.com/urfave/cli/v2"

	"kai/internal/secret"
)

func vaultGenerateCommand() command {
	return command{
		name:    "generate",
		summary: "make a random secret",
		examples: []example{
			{"kai vault generate", "prints one"},
			{"kai vault generate default/db --length 40", "keeps one, and does not print it"},
			{"kai vault generate --charset 0123456789 --length 6", "of other characters"},
		},
		args: "[PATH]", maxArgs: 1,
		flags: vaultFlags(secretFlags(
			&cli.IntFlag{Name: "length", Value: 32, Usage: "`N` characters"},
			&cli.StringFlag{Name: "charset", Usage: "of the characters `C` (default: letters and digits)"},
			&cli.BoolFlag{Name: "new", Usage: "fail when PATH is there"},
			&cli.Uint64Flag{Name: "if-version", Usage: "fail unless the present version is `N`"},
		)...),
		schema:   "kai.vault.secret/1",
		recorded: inVault(records("secret_stored")).when(func(c *cli.Context) bool { return c.Args().Present() }),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			value, err := randomText(env.random, c.Int("length"), c.String("charset"))
			if err != nil {
				return err
			}
			defer value.Wipe()
			if !c.Args().Present() {
				if env.json {
					return env.printJSON(vaultGenerateJSON{head{Schema: "kai.vault.generate/1", OK: true}, string(value.Expose())})
				}
				return env.printSecret(value.Expose())
			}
			ref, err := parseSecretName(c.Args().First())
			if err != nil {
				return err
			}
			so := secretOptionsOf(c)
			meta, err := so.meta(env)
			if err != nil {
				return err
			}
			return withVault(ctx, env, c, func(o *openedVault) error {
				s, path, err := o.Resolve(o.keys, ref.Path)
				if err != nil {
					return noNamespace(ref.Path, err)
				}
				field := ref.Field
				if field == "" {
					field = defaultField
				}
				return o.putFields(ctx, s, path, []secretField{{field, value}}, meta, &so)
			})
		},
	}
}

// vaultGenerateJSON is what is printed and kept nowhere; with a PATH it is kai.vault.secret/1.
type vaultGenerateJSON struct {
	head
	Value string `json:"value"`
}

const (
	lettersAndDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	maxGenerated     = 4096
)

// randomText draws characters evenly.
func randomText(random io.Reader, length int, charset string) (*secret.Bytes, error) {
	if charset == "" {
		charset = lettersAndDigits
	}
	letters := []rune(charset)
	if length < 1 || length > maxGenerated || len(letters) < 2 {
		return nil, usagef("want 1 to %d characters, of at least two different ones", maxGenerated)
	}
	seen := map[rune]bool{}
	for _, r := range letters {
		if seen[r] {
			return nil, usagef("--charset: %q stands twice, and would be drawn twice as often", r)
		}
		seen[r] = true
	}
	out := make([]byte, 0, 4*length)
	defer clear(out[:cap(out)])
	for range length {
		n, err := rand.Int(random, big.NewInt(int64(len(letters))))
		if err != nil {
			return nil, err
		}
		out = append(out, string(letters[n.Int64()])...)
	}
	return secret.Take(append([]byte{}, out...)), nil
}
