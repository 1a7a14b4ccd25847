package main

import (
	"context"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

func completionCommand() command {
	return command{
		name:    "completion",
		summary: "print the completions for a shell",
		examples: []example{
			{"kai completion bash > ~/.local/share/bash-completion/completions/kai", "bash"},
			{"kai completion zsh > ~/.zfunc/_kai", "zsh, with ~/.zfunc in fpath"},
			{"kai completion fish > ~/.config/fish/completions/kai.fish", "fish"},
			{"kai completion powershell >> $PROFILE", "PowerShell"},
		},
		about: `Prints static text made from the command tree. The shell never runs kai to complete
a line, and nothing that was typed is evaluated.`,
		args:     "bash|zsh|fish|powershell",
		argWords: []string{"bash", "zsh", "fish", "powershell"},
		minArgs:  1,
		maxArgs:  1,
		recorded: readsOnly("prints what is built in"),
		action: func(_ context.Context, env *env, c *cli.Context) error {
			return completion(env, rootCommand(), c.Args().First())
		},
	}
}

// completionJSON is the answer of kai completion --json.
type completionJSON struct {
	head
	Shell string `json:"shell"`
	Text  string `json:"text"`
}

func completion(env *env, root *command, shell string) error {
	text, err := completionText(root, shell)
	if err != nil {
		return err
	}
	if env.json {
		return env.printJSON(completionJSON{env.head(true), shell, text})
	}
	_, err = io.WriteString(env.stdout, text)
	return err
}

// completionText makes the completions of a shell from the command tree.
func completionText(root *command, shell string) (string, error) {
	verbs := completedVerbs(root)
	switch shell {
	case "bash":
		return bashCompletion(verbs), nil
	case "zsh":
		return zshCompletion(verbs), nil
	case "fish":
		return fishCompletion(verbs), nil
	case "powershell":
		return powershellCompletion(verbs), nil
	}
	return "", withHint(usagef("unknown shell %s", shell), "kai completion bash|zsh|fish|powershell")
}

// completedVerb is what completions know about a command. Its texts come from our own
// source; the names of flags and verbs hold only letters, digits and "-".
type completedVerb struct {
	path     string // "kai vault get"
	children []completedWord
	words    []string // fixed words of its arguments
	files    bool     // its arguments are files
	flags    []completedFlag
	pass     bool // after its first argument another program's words begin
}

// completedWord is a verb with its summary.
type completedWord struct{ name, summary string }

// completedFlag is a flag in all its forms.
type completedFlag struct {
	names  []string // as typed: "--output", "-o"
	usage  string
	value  bool     // a value follows
	words  []string // the words the value may be
	file   bool     // the value is a path
	global bool
}

// completedVerbs lists the tree, each group before its children.
func completedVerbs(root *command) []completedVerb {
	var verbs []completedVerb
	var walk func(prefix string, c *command)
	walk = func(prefix string, c *command) {
		v := completedVerb{
			path: strings.TrimPrefix(prefix+" "+c.name, " "), words: c.argWords, files: c.takesFiles(), pass: c.passThrough,
			flags: append(completedFlags(c.flags, false), completedFlags(globalFlags(), true)...),
		}
		v.flags = append(v.flags, completedFlag{names: []string{"--help", "-h"}, usage: "show help", global: true})
		shown := c.shown()
		for _, child := range shown {
			v.children = append(v.children, completedWord{child.name, child.summary})
		}
		verbs = append(verbs, v)
		for _, child := range shown {
			walk(v.path, child)
		}
	}
	walk("", root)
	return verbs
}

func completedFlags(flags []cli.Flag, global bool) []completedFlag {
	var done []completedFlag
	for _, f := range flags {
		if v, ok := f.(cli.VisibleFlag); ok && !v.IsVisible() {
			continue
		}
		usage, _ := flagUsage(f)
		c := completedFlag{usage: usage, value: flagTakesValue(f), words: flagWords(f), file: flagTakesFile(f), global: global}
		for _, name := range f.Names() {
			c.names = append(c.names, dashed(name))
		}
		done = append(done, c)
	}
	return done
}

// verbPaths are the paths of all verbs below the root.
func verbPaths(verbs []completedVerb) []string {
	var paths []string
	for _, v := range verbs[1:] {
		paths = append(paths, v.path)
	}
	return paths
}

// flagNames are the flags of a verb, in all forms.
func (v completedVerb) flagNames() []string {
	var names []string
	for _, f := range v.flags {
		names = append(names, f.names...)
	}
	return names
}

// argWords are the words that may stand where an argument stands.
func (v completedVerb) argWords() []string {
	words := append([]string{}, v.words...)
	for _, c := range v.children {
		words = append(words, c.name)
	}
	return words
}

// shellQuote quotes text for bash, zsh and fish; fish alone treats a backslash in single
// quotes as special, so there must be none.
func shellQuote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// shellPatterns writes "COMMAND FLAG" patterns for a case: flags every command has match
// behind any command.
func shellPatterns(path string, f completedFlag) []string {
	var patterns []string
	for _, name := range f.names {
		if f.global {
			patterns = append(patterns, "*"+shellQuote(" "+name))
		} else {
			patterns = append(patterns, shellQuote(path+" "+name))
		}
	}
	return patterns
}
