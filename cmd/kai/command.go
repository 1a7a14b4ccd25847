package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// anyNumber is a command's maxArgs when there is no limit.
const anyNumber = -1

// A command is one verb, or with children a group of verbs. The zero value of each field is
// the strict one: no arguments, no flags beyond the global ones, no data from stdin.
type command struct {
	name     string
	summary  string    // half a line, lower case, no full stop
	examples []example // shown first in the help
	about    string    // paragraphs, wrapped by hand at 78 columns

	args             string // how the arguments are written: "[FILE...|-]"
	minArgs, maxArgs int    // anyNumber for no upper bound
	flags            []cli.Flag

	// argWords are the fixed words that completions offer for the arguments.
	argWords []string

	// surplus is said of arguments that are too many, where they may be secret and must not be repeated.
	surplus string

	// schema names the JSON object, "kai.NAME/1"; empty: made from the verb's path.
	schema string

	// readsStdin marks commands that take data: no argument and piped stdin means "-";
	// no argument and a terminal means the short help and exit 2.
	readsStdin bool

	// passThrough marks commands that run another one: nothing after the first argument
	// is looked at.
	passThrough bool

	// recorded says what the command leaves in the audit log. Each command with an action says so.
	recorded recorded

	// hidden commands stand in no list; they exist for other programs, not for people.
	hidden bool

	action   func(context.Context, *env, *cli.Context) error
	children []verb
}

// verb is a command of a group before it is built. A group has dozens with their flags and help,
// of which a start needs one.
type verb struct {
	name  string // of the command that build returns
	build func() command
}

// verbs are commands that are built already.
func verbs(built []command) []verb {
	list := make([]verb, len(built))
	for i, c := range built {
		list[i] = verb{c.name, func() command { return c }}
	}
	return list
}

// example is a command line and what it is good for.
type example struct{ line, note string }

// child builds the verb of that name. It is nil when there is none.
func (c *command) child(name string) *command {
	for _, v := range c.children {
		if v.name == name {
			built := v.build()
			return &built
		}
	}
	return nil
}

// built builds all verbs of a group.
func (c *command) built() []*command {
	list := make([]*command, len(c.children))
	for i, v := range c.children {
		built := v.build()
		list[i] = &built
	}
	return list
}

// shown builds the verbs that stand in lists.
func (c *command) shown() []*command {
	return slices.DeleteFunc(c.built(), func(v *command) bool { return v.hidden })
}

// isGroup reports whether a verb must follow.
func (c *command) isGroup() bool { return len(c.children) > 0 }

// takesFiles reports whether arguments are files, for completions.
func (c *command) takesFiles() bool {
	for _, word := range []string{"FILE", "DIR", "LIST", "SUBJECT"} {
		if strings.Contains(c.args, word) {
			return true
		}
	}
	return c.passThrough
}

// globalFlags are accepted by every command, before or after the verb.
func globalFlags() []cli.Flag {
	return []cli.Flag{
		&cli.PathFlag{Name: "home", Usage: "use the home `DIR` instead of KAI_HOME or ~/.kind"},
		&cli.BoolFlag{Name: "json", Usage: "print JSON on stdout, errors too"},
		&cli.BoolFlag{Name: "no-input", Usage: "never ask: fail with exit 7 instead"},
		&cli.IntFlag{Name: "passphrase-fd", Usage: "read the passphrase from file descriptor `N`"},
		&cli.PathFlag{Name: "passphrase-file", Usage: "read the passphrase from `FILE`"},
		&cli.BoolFlag{Name: "allow-agent-reveal", Usage: "let a detected agent reveal or export secrets"},
	}
}

// choice is the value of a flag that takes one of a few words.
type choice struct {
	words []string
	word  string
}

// choiceFlag is a flag that takes one of words. c.String(name) is the word; without the
// flag it is fallback, which may be "" and otherwise is one of the words.
//
// Usage names the value in backquotes, as in "write `FORMAT`".
func choiceFlag(name, usage, fallback string, words ...string) *cli.GenericFlag {
	if fallback != "" && !slices.Contains(words, fallback) {
		panic(fmt.Sprintf("flag %s: %q is not one of its words", name, fallback))
	}
	return &cli.GenericFlag{Name: name, Usage: usage, Value: &choice{words: words, word: fallback}}
}

// Set accepts exactly one of the words.
func (c *choice) Set(word string) error {
	if !slices.Contains(c.words, word) {
		return fmt.Errorf("want one of %s", strings.Join(c.words, ", "))
	}
	c.word = word
	return nil
}

func (c *choice) String() string {
	if c == nil {
		return ""
	}
	return c.word
}

// flagTakesValue reports whether a value follows the flag.
func flagTakesValue(f cli.Flag) bool {
	d, ok := f.(cli.DocGenerationFlag)
	return ok && d.TakesValue()
}

// flagRepeats reports whether the flag may be given more than once.
func flagRepeats(f cli.Flag) bool {
	switch f.(type) {
	case *cli.StringSliceFlag, *cli.IntSliceFlag, *cli.Int64SliceFlag:
		return true
	}
	return false
}

// flagWords returns the words of a choice flag, nil for others.
func flagWords(f cli.Flag) []string {
	if g, ok := f.(*cli.GenericFlag); ok {
		if c, ok := g.Value.(*choice); ok {
			return c.words
		}
	}
	return nil
}

// flagTakesFile reports whether the value is a path.
func flagTakesFile(f cli.Flag) bool {
	switch f := f.(type) {
	case *cli.PathFlag:
		return true
	case *cli.StringFlag:
		return f.TakesFile
	case *cli.StringSliceFlag:
		return f.TakesFile
	}
	return false
}
