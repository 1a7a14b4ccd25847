package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// maxExampleColumn is where the notes of examples stand at most; longer lines push theirs out.
const maxExampleColumn = 60

// helpText is the whole help of the last command of path: examples first.
func helpText(path []*command) string {
	c := path[len(path)-1]
	var b strings.Builder
	writeUsage(&b, path)
	if c.about != "" {
		fmt.Fprintf(&b, "\n%s\n", strings.TrimSpace(c.about))
	}
	if c.isGroup() {
		b.WriteString("\nCommands:\n")
		var rows [][2]string
		for _, v := range c.shown() {
			rows = append(rows, [2]string{v.name, v.summary})
		}
		writeRows(&b, rows)
	}
	if len(c.flags) > 0 {
		b.WriteString("\nFlags:\n")
		writeFlags(&b, c.flags)
	}
	b.WriteString("\nFlags of every command:\n")
	writeFlags(&b, globalFlags())
	fmt.Fprintf(&b, "\nMore: kai help %s\n", strings.Join(topics(), ", kai help "))
	return b.String()
}

// shortHelp is what a command says when it was given nothing to work on.
func shortHelp(path []*command) string {
	var b strings.Builder
	writeUsage(&b, path)
	fmt.Fprintf(&b, "\nNothing was given to read. More: %s --help\n", commandPath(path))
	return b.String()
}

func writeUsage(w io.Writer, path []*command) {
	c := path[len(path)-1]
	fmt.Fprintf(w, "%s: %s\n", commandPath(path), c.summary)
	if len(c.examples) > 0 {
		fmt.Fprint(w, "\nExamples:\n")
		width := 0
		for _, e := range c.examples {
			if n := utf8.RuneCountInString(e.line); n <= maxExampleColumn {
				width = max(width, n)
			}
		}
		for _, e := range c.examples {
			fmt.Fprintf(w, "  %-*s  # %s\n", width, e.line, e.note)
		}
	}
	usage := commandPath(path)
	switch {
	case c.isGroup():
		usage += " COMMAND"
	case c.args != "":
		usage += " [flags] " + c.args
	default:
		usage += " [flags]"
	}
	fmt.Fprintf(w, "\nUsage: %s\n", usage)
}

func writeFlags(w io.Writer, flags []cli.Flag) {
	var rows [][2]string
	for _, f := range flags {
		if v, ok := f.(cli.VisibleFlag); ok && !v.IsVisible() {
			continue
		}
		var left []string
		for _, name := range f.Names() {
			left = append(left, dashed(name))
		}
		slices.SortStableFunc(left, func(a, b string) int { return min(len(a), 3) - min(len(b), 3) }) // -o before --output
		usage, value := flagUsage(f)
		text := strings.Join(left, ", ")
		if value != "" {
			text += " " + value
		}
		rows = append(rows, [2]string{text, usage})
	}
	writeRows(w, rows)
}

// flagUsage returns what the flag does and the name of its value, "" when it takes none.
func flagUsage(f cli.Flag) (usage, value string) {
	d, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return "", ""
	}
	usage = d.GetUsage()
	if before, rest, ok := strings.Cut(usage, "`"); ok {
		if name, after, ok := strings.Cut(rest, "`"); ok {
			usage, value = before+name+after, name
		}
	}
	if words := flagWords(f); words != nil {
		usage += ": " + strings.Join(words, ", ")
		if word := d.GetValue(); word != "" {
			usage += " (default " + word + ")"
		}
	}
	if d.TakesValue() && value == "" {
		value = "VALUE"
	}
	return usage, value
}

func writeRows(w io.Writer, rows [][2]string) {
	width := 0
	for _, r := range rows {
		width = max(width, min(len(r[0]), 28))
	}
	for _, r := range rows {
		fmt.Fprintf(w, "  %-*s  %s\n", width, r[0], r[1])
	}
}

func helpCommand() command {
	return command{
		name:    "help",
		summary: "explain a command or a topic",
		examples: []example{
			{"kai help verify", "one command"},
			{"kai help exit-codes", "what each exit code means"},
		},
		args:     "[COMMAND...|TOPIC]",
		argWords: topics(),
		maxArgs:  anyNumber,
		recorded: readsOnly("prints what is built in"),
		action: func(_ context.Context, env *env, c *cli.Context) error {
			return help(env, rootCommand(), c.Args().Slice())
		},
	}
}

func help(env *env, root *command, words []string) error {
	if len(words) == 1 {
		if text := topicText(words[0]); text != "" {
			return printHelp(env, words[0], text)
		}
	}
	path := []*command{root}
	for _, w := range words {
		child := path[len(path)-1].child(w)
		if child == nil {
			return noHelp(path[len(path)-1], words, w)
		}
		path = append(path, child)
	}
	return printHelp(env, commandPath(path), helpText(path))
}

func printHelp(env *env, topic, text string) error {
	if env.json {
		return env.printJSON(helpJSON{env.head(true), topic, text})
	}
	return env.printf("%s", text)
}

// noHelp answers a word that is neither a command of last nor a topic.
func noHelp(last *command, words []string, word string) error {
	names := topics()
	for _, v := range last.children {
		names = append(names, v.name)
	}
	err := usagef("no help for %s", strings.Join(words, " "))
	if near := nearest(word, names); near != "" {
		return withHint(err, "did you mean %s?", near)
	}
	return withHint(err, "kai --help")
}

// helpSchema names the object of kai help, and of --help on any command.
const helpSchema = "kai.help/1"

// helpJSON is the answer of kai help --json.
type helpJSON struct {
	head
	Topic string `json:"topic"`
	Text  string `json:"text"`
}
