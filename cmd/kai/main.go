package main

import (
	"context"
	"os"
)

func main() { os.Exit(run(context.Background(), os.Args[1:], realSystem())) }

// run is kai: args without the program's name in, exit code out. Everything it touches
// comes through sys, so that tests can call it.
func run(ctx context.Context, args []string, sys system) int {
	ctx, stop := sys.notify(ctx)
	defer stop()
	_ = sys.harden() // what the system refuses is shown by kai doctor
	env := newEnv(sys)
	defer env.close()
	if isKeygen(args) {
		return runKeygen(ctx, env, args)
	}
	return (&engine{root: rootCommand(), env: env}).run(ctx, args)
}
