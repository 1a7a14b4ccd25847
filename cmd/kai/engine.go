package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// engine runs one command line.
type engine struct {
	root *command
	env  *env
}

// run arranges, parses and runs args, prints what went wrong, and returns the exit code.
func (e *engine) run(ctx context.Context, args []string) int {
	if len(args) == 1 && args[0] == "--version" { // what everybody types first
		args = []string{"version"}
	}
	line, err := arrange(e.root, args)
	e.env.json, e.env.schema = line.jsonOut, schemaName(line)
	e.env.commandName = strings.Join(line.names(), " ")
	if err != nil {
		e.env.json = slices.Contains(flagPart(args), "--json")
	} else {
		err = e.dispatch(ctx, line)
	}
	return report(e.env, judge(ctx, err))
}

// flagPart is the command line up to the first "--".
func flagPart(args []string) []string {
	if i := slices.Index(args, "--"); i >= 0 {
		return args[:i]
	}
	return args
}

// schemaName names the JSON objects of the command: "kai.git.verify/1".
func schemaName(line *arranged) string {
	if s := line.command().schema; s != "" {
		return s
	}
	return strings.Join(append([]string{"kai"}, line.names()...), ".") + "/1"
}

// dispatch runs the command that was named.
func (e *engine) dispatch(ctx context.Context, line *arranged) error {
	c, env := line.command(), e.env
	switch {
	case line.help:
		env.schema = helpSchema
		return printHelp(env, commandPath(line.path), helpText(line.path))
	case c.isGroup():
		return noVerb(env, line)
	case line.args == 0 && c.readsStdin && env.sys.stdinTerminal:
		return noData(env, line)
	case line.args < c.minArgs:
		return withHint(usagef("missing argument: %s", c.args), "%s --help", commandPath(line.path))
	case c.maxArgs != anyNumber && line.args > c.maxArgs && !c.passThrough:
		return surplus(line)
	}
	argv := line.argv()
	if line.args == 0 && c.readsStdin {
		argv = append(argv, "-")
	}
	return e.parse(ctx, line, argv)
}

// noVerb answers a group without a verb: its help, on stderr, and exit 2.
func noVerb(env *env, line *arranged) error {
	if env.json {
		return withHint(usagef("%s needs a command", commandPath(line.path)), "%s --help", commandPath(line.path))
	}
	io.WriteString(env.stderr, helpText(line.path))
	return reported(exitUsage)
}

// noData answers a command that wants data when nothing is piped in.
func noData(env *env, line *arranged) error {
	if env.json {
		return withHint(usagef("missing argument: %s", line.command().args), "%s --help", commandPath(line.path))
	}
	io.WriteString(env.stderr, shortHelp(line.path))
	return reported(exitUsage)
}

// surplus names the first argument that is too many.
func surplus(line *arranged) error {
	left := line.command().maxArgs
	if said := line.command().surplus; said != "" {
		return withHint(usagef("surplus argument: %s", said), "%s --help", commandPath(line.path))
	}
	for _, w := range line.words {
		if w.class != classArg {
			continue
		}
		if left == 0 {
			return withHint(usagef("surplus argument %s", w.text), "%s --help", commandPath(line.path))
		}
		left--
	}
	return usagef("surplus argument")
}

// parse lets the cli library read the flags, then runs the action.
//
// Of the library's own ideas all but the flag parser are off: its help, its exit calls, its
// usage errors on stdout, and splitting list flags at commas.
func (e *engine) parse(ctx context.Context, line *arranged, argv []string) error {
	var result error
	ran := false
	usageError := func(_ *cli.Context, err error, _ bool) error { return err }
	leaf := line.command()
	built := &cli.Command{
		Name: leaf.name, Flags: leaf.flags,
		HideHelp: true, HideHelpCommand: true, OnUsageError: usageError,
		Action: func(c *cli.Context) error {
			ran = true
			e.env.options = readGlobals(c)
			e.env.json = e.env.options.json
			result = record(ctx, e.env, leaf.recorded, c, func() error { return leaf.action(ctx, e.env, c) })
			return nil
		},
	}
	for _, group := range slices.Backward(line.path[1 : len(line.path)-1]) {
		built = &cli.Command{
			Name: group.name, Subcommands: []*cli.Command{built},
			HideHelp: true, HideHelpCommand: true, OnUsageError: usageError,
		}
	}
	app := &cli.App{
		Name: e.root.name, HelpName: e.root.name, Flags: globalFlags(), Commands: []*cli.Command{built},
		Reader: strings.NewReader(""), Writer: io.Discard, ErrWriter: io.Discard,
		Compiled: e.env.now(), // otherwise the library looks at the program's file
		HideHelp: true, HideHelpCommand: true, HideVersion: true,
		DisableSliceFlagSeparator: true,
		OnUsageError:              usageError,
		ExitErrHandler:            func(*cli.Context, error) {},
	}
	if err := app.RunContext(ctx, append([]string{e.root.name}, argv...)); err != nil {
		return withHint(usagef("%s", parserMessage(err)), "%s --help", commandPath(line.path))
	}
	if !ran { // arrange and the library disagree about the command: never pretend success
		return fmt.Errorf("command %s was not run", commandPath(line.path))
	}
	return result
}

func readGlobals(c *cli.Context) globalOptions {
	o := globalOptions{
		home:             c.Path("home"),
		json:             c.Bool("json"),
		noInput:          c.Bool("no-input"),
		passphraseFD:     notGiven,
		passphraseFile:   c.Path("passphrase-file"),
		allowAgentReveal: c.Bool("allow-agent-reveal"),
	}
	if c.IsSet("passphrase-fd") {
		o.passphraseFD = c.Int("passphrase-fd")
	}
	return o
}

// parserMessage writes flags in the parser's errors as they were typed: the parser says
// "-jobs" for "--jobs".
func parserMessage(err error) string {
	words := strings.Split(err.Error(), " ")
	for i, w := range words {
		if name := strings.TrimRight(strings.TrimPrefix(w, "-"), ":"); strings.HasPrefix(w, "-") && len(name) > 1 && name[0] != '-' {
			words[i] = "-" + w
		}
	}
	return strings.Join(words, " ")
}

// commandPath is the command as it is typed: "kai git verify".
func commandPath(path []*command) string {
	names := make([]string, len(path))
	for i, c := range path {
		names[i] = c.name
	}
	return strings.Join(names, " ")
}

// errorJSON is what --json prints when a command fails.
type errorJSON struct {
	head
	Error errorBody `json:"error"`
}

type errorBody struct {
	Code    string `json:"code"`
	Exit    int    `json:"exit"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// report prints an outcome and returns its exit code. Failures to print change nothing: the
// code is all that is left.
func report(env *env, o outcome) int {
	switch {
	case o.silent:
	case env.json:
		_ = env.printJSON(errorJSON{env.head(false), errorBody{o.ident, o.code, o.message, o.hint}})
	default:
		fmt.Fprintln(env.stderr, "kai: error: "+printable(o.message))
		if o.hint != "" {
			fmt.Fprintln(env.stderr, "kai: hint: "+printable(o.hint))
		}
	}
	return o.code
}
