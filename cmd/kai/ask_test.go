package main

import (
	"context"
	"io"
	"os"

	"github.com/urfave/cli/v2"
)

// askProgram is kai with one more command, for tests of the terminal: it asks for a
// passphrase and prints it, then copies stdin.
func askProgram() {
	ask := command{
		name: "ask", args: "[WHAT]", maxArgs: 1,
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			s, err := env.passphrase(ctx, c.Args().First())
			if err != nil {
				return err
			}
			defer s.Wipe()
			if err := env.printf("typed %q\n", s.Expose()); err != nil {
				return err
			}
			in, err := env.open(ctx, "-")
			if err != nil {
				return err
			}
			_, err = io.Copy(env.stdout, in)
			return err
		},
	}
	sys := realSystem()
	ctx, stop := sys.notify(context.Background())
	defer stop()
	root := &command{name: "kai", children: verbs([]command{ask})}
	os.Exit((&engine{root: root, env: newEnv(sys)}).run(ctx, os.Args[1:]))
}
