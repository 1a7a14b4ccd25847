/*
Command kai keeps keys, signs, and judges signatures.

# How a run goes

	argv → arrange (argv.go) → options (urfave/cli) → command function → print → exit code

main is one line. run takes the arguments and a system, the outside world as a value:
streams, environment, clock, randomness, terminal. Tests call run with their own. Nothing
else in this package reads package os's globals, and nothing under internal/ prints,
prompts, reads the environment or looks at the clock.

The engine works in this order:

 1. [arrange] walks the arguments once with the command tree at hand, of which only what is
    named is built: a start does not pay for a hundred other commands. It finds the verb, refuses unknown flags and verbs, repeated flags and surplus arguments, and returns the
    words in the order the flag parser needs: global flags, verb, flags, arguments. What
    follows "--", or the first argument of a pass-through command, is left as it is.
 2. urfave/cli parses the flags of the one command that was named.
 3. The command's action copies flags into a plain options struct and calls its function.
 4. exit.go maps the error to an exit code, and prints it: two lines on stderr, or with
    --json one object on stdout.

# How to add a command

One file, four parts, and one line in [rootCommand]. For example count.go:

	// countCommand is "kai count": constructor, flags, help.
	func countCommand() command {
		return command{
			name:    "count",
			summary: "count the bytes of files",
			examples: []example{
				{"kai count notes.txt", "one file"},
				{"tar c dir | kai count", "standard input"},
			},
			about:      "Prints the number of bytes of each FILE.",
			args:       "[FILE...|-]",
			maxArgs:    anyNumber,
			readsStdin: true,
			flags: []cli.Flag{
				choiceFlag("unit", "print `UNIT`s", "byte", "byte", "kib"),
				&cli.PathFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`"},
			},
			action: func(ctx context.Context, env *env, c *cli.Context) error {
				return count(ctx, env, countOptions{unit: c.String("unit"), files: c.Args().Slice()})
			},
		}
	}

	// countOptions is all that count knows about the command line.
	type countOptions struct {
		unit  string
		files []string
	}

	func count(ctx context.Context, env *env, options countOptions) error {
		for _, name := range options.files {
			in, err := env.open(ctx, name) // "-" is standard input
			if err != nil {
				return err // not found → 6, permission → 8: exit.go knows the standard errors
			}
			…
			if empty {
				return withHint(failf(exitUndecidable, "empty", "%s: empty", name), "kai count OTHER")
			}
		}
		return printCount(env, total)
	}

	// printCount is the answer, for people and for machines.
	func printCount(env *env, total int64) error {
		if env.json {
			return env.printJSON(countJSON{head: env.head(true), Bytes: total})
		}
		return env.printf("%d\n", total)
	}

	// countJSON is the answer of kai count --json.
	type countJSON struct {
		head
		Bytes int64 `json:"bytes"`
	}

The rules that tests enforce: every flag of a command is listed in its man page and in the
completions; no flag is named like a global one; every command takes --json; flags have no
environment variables of their own and are never marked as required (the cli library would
print its own help).

A command whose lines already said what is wrong returns reported(code): only the exit
code is set and nothing more is printed.

Strings from files, names and other machines go through printable before they reach a
person; env.printf, env.note, env.warn and the error printer do that to the whole text, so a
command only needs printable when it writes to env.stdout itself.

After a change of commands or flags, rebuild what is made from them:

	go test ./cmd/kai -run 'TestCompletionFiles|TestManPages' -update

The first is completions/, made from the tree. The second is man/, built with scdoc from
pages that are written by hand; TestManDrift says what a page lacks.

# What env offers

	env.stdin stdout stderr now random cpus   the outside, as values
	env.json, env.head, env.printJSON         --json and its objects
	env.printf, env.note, env.warn            the answer, and talk on stderr; both escaped
	env.open(ctx, name)                       an input; "-" is stdin; ends with the context
	env.create(name, options)                 an output that appears whole or not at all
	env.writeFile(ctx, name, data, options)   the same in one call
	env.progress(what, total)                 a bar on stderr after one second
	env.passphrase(ctx, what)                 a passphrase, from where the user wants
	env.newPassphrase(ctx, what)              the same for something new: typed twice
	env.confirm(ctx, question, flag)          "yes", or an error
	env.mayReveal(what)                       refuses agents
	env.openHome(), env.createHome()          the home: one for a command, which env closes
	env.config()                              config.toml, read once
	env.getenv(name), env.childEnviron()      the environment, for us and for children
	env.path(name)                            a path of the command line

# Global flags

--home, --json, --no-input, --passphrase-fd, --passphrase-file, --allow-agent-reveal and
--help stand before or after the verb. env carries what follows from them.

# End-to-end scripts

testscripts/COMMAND-CASE.txtar run the real program; each phase is opened by a sentence.
TestScripts lists the commands and conditions that they have beyond the usual ones.
*/
package main
