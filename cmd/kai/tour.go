package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"
)

func tourCommand() command {
	return command{
		name:    "tour",
		summary: "show what kai does, in a throwaway home",
		examples: []example{
			{"kai tour", "run every step and leave nothing behind"},
			{"kai tour --keep kai-tour", "keep the files to look at"},
		},
		about: "Runs real commands in a new empty directory with a home of its own, prints each\n" +
			"command line and what it answered, and checks that it did what the tour says: the\n" +
			"exit code is 0 only then. The lines can be copied into a shell and do the same there.\n" +
			"Nothing is asked, nothing outside of the directory is touched. Steps with another\n" +
			"program, such as ssh-keygen, are left out where it is not installed.",
		flags: []cli.Flag{
			&cli.PathFlag{Name: "keep", Usage: "work in `DIR`, which must not exist, and keep it"},
		},
		recorded: readsOnly("its steps are kai commands in a home of their own"),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return tour(ctx, env, tourOptions{keep: c.Path("keep")})
		},
	}
}

type tourOptions struct{ keep string }

func tour(ctx context.Context, env *env, options tourOptions) error {
	dir, err := tourDir(env, options.keep)
	if err != nil {
		return err
	}
	if options.keep == "" {
		defer os.RemoveAll(dir)
	}
	for i, step := range tourSteps() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := step.play(ctx, env, dir, i+1); err != nil {
			return fmt.Errorf("step %d of the tour, %s: %w", i+1, step.line, err)
		}
	}
	if options.keep != "" {
		env.note("the files are in %s", options.keep)
	}
	return nil
}

// tourDir makes the directory of the tour, which nobody else may look into.
func tourDir(env *env, keep string) (string, error) {
	if keep == "" {
		return os.MkdirTemp("", "kai-tour-")
	}
	dir, err := filepath.Abs(env.path(keep))
	if err != nil {
		return "", err
	}
	return dir, os.Mkdir(dir, 0o700)
}
