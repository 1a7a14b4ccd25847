package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// arranged is a command line that has been understood but not yet parsed.
type arranged struct {
	path    []*command // from the root to the command that was named; never empty
	words   []word     // in the order they were typed
	args    int        // number of arguments, those after "--" included
	help    bool       // --help or -h stood among the flags
	jsonOut bool       // --json stood among the flags
}

// class says what a word of the command line is. Its order is the order the flag parser of
// the cli library wants.
type class int

const (
	classGlobal   class = iota // a flag every command has, and its value
	classVerb                  // the name of a command
	classFlag                  // a flag of the command, and its value
	classDashDash              // the first "--"
	classArg                   // an argument; also everything after "--"
)

// word is one word of the command line.
type word struct {
	text  string
	class class
}

// command is the command that was named.
func (a *arranged) command() *command { return a.path[len(a.path)-1] }

// names is the verb's path without the program's name.
func (a *arranged) names() []string {
	var names []string
	for _, c := range a.path[1:] {
		names = append(names, c.name)
	}
	return names
}

// argv returns the words in the parser's order: stable within each class, so nothing is
// lost, added or changed, and arguments keep their sequence.
func (a *arranged) argv() []string {
	words := slices.Clone(a.words)
	slices.SortStableFunc(words, func(x, y word) int { return int(x.class) - int(y.class) })
	argv := make([]string, len(words))
	for i, w := range words {
		argv[i] = w.text
	}
	return argv
}

// arrange finds the command and classifies each word of args.
//
// The parser of the cli library stops at the first argument and takes every flag behind it
// for one more argument: "kai vault get x -o f" would print a secret on stdout. So flags
// are moved in front. The rules:
//
//   - "--flag VALUE", "--flag=VALUE", "-f VALUE", "-f=VALUE", "-fVALUE", and short flags
//     without values combined, as in "-rz" or "-rzj4". A value may not begin with "-" (but may
//     be "-") unless it is glued: a forgotten value must not swallow the next flag.
//   - Global flags stand anywhere; those of a command stand after its name.
//   - "-" is an argument. "--" ends the flags.
//   - After the first argument of a pass-through command nothing is looked at.
//   - Unknown flags and verbs, and repeated flags that hold one value, are errors.
//
// On error the result still says how far the command line was understood.
func arrange(root *command, args []string) (*arranged, error) {
	w := walker{arranged: &arranged{path: []*command{root}}, seen: make(map[cli.Flag]bool), globals: globalFlags()}
	for i := 0; i < len(args); {
		used, err := w.word(args[i:])
		if err != nil {
			return w.arranged, err
		}
		i += used
	}
	return w.arranged, nil
}

// walker is arrange's state.
type walker struct {
	*arranged
	globals []cli.Flag
	seen    map[cli.Flag]bool
}

func (w *walker) add(c class, text ...string) {
	for _, t := range text {
		w.words = append(w.words, word{t, c})
	}
}

// word handles the first of rest and returns how many it used.
func (w *walker) word(rest []string) (int, error) {
	text := rest[0]
	switch {
	case text == "--":
		w.add(classDashDash, text)
		w.add(classArg, rest[1:]...)
		w.args += len(rest) - 1
		return len(rest), nil
	case strings.HasPrefix(text, "--"):
		return w.long(rest)
	case len(text) > 1 && text[0] == '-':
		return w.short(rest)
	case w.command().isGroup():
		child := w.command().child(text)
		if child == nil {
			return 0, unknownVerb(w.arranged, text)
		}
		w.path = append(w.path, child)
		w.add(classVerb, text)
		return 1, nil
	case w.command().passThrough:
		w.add(classArg, rest...)
		w.args += len(rest)
		return len(rest), nil
	}
	w.add(classArg, text)
	w.args++
	return 1, nil
}

// long handles "--name", "--name=value" and "--name value".
func (w *walker) long(rest []string) (int, error) {
	name, value, glued := strings.Cut(rest[0][2:], "=")
	if name == "help" && !glued {
		return 1, w.askHelp()
	}
	flag, class := w.find(name)
	if flag == nil || len(name) == 1 {
		return 0, unknownFlag(w.arranged, "--"+name)
	}
	if err := w.once(flag, "--"+name); err != nil {
		return 0, err
	}
	if name == "json" && class == classGlobal {
		w.jsonOut = rest[0] == "--json" || strings.HasSuffix(rest[0], "=true")
	}
	if glued && flagTakesValue(flag) {
		if err := checkValue(flag, value, "--"+name); err != nil {
			return 0, err
		}
	}
	if glued || !flagTakesValue(flag) {
		w.add(class, rest[0])
		return 1, nil
	}
	if err := needValue(flag, rest, "--"+name); err != nil {
		return 0, err
	}
	w.add(class, rest[0], rest[1])
	return 2, nil
}

// short handles "-f", "-f=value", "-f value", "-fvalue", "-abc" and "-abf=value".
func (w *walker) short(rest []string) (int, error) {
	letters := rest[0][1:]
	if name, _, _ := strings.Cut(letters, "="); len(name) > 1 && (name == "help" || w.has(name)) {
		return 0, withHint(usagef("unknown flag -%s", name), "did you mean --%s?", name)
	}
	for i := 0; i < len(letters); i++ {
		name := letters[i : i+1]
		if name == "h" && !w.has("h") {
			if err := w.askHelp(); err != nil {
				return 0, err
			}
			continue
		}
		flag, class := w.find(name)
		if flag == nil {
			return 0, unknownFlag(w.arranged, "-"+firstRune(letters[i:]))
		}
		if err := w.once(flag, "-"+name); err != nil {
			return 0, err
		}
		value := letters[i+1:]
		switch {
		case !flagTakesValue(flag) && strings.HasPrefix(value, "="), flagTakesValue(flag) && value != "":
			value = strings.TrimPrefix(value, "=")
			if err := checkValue(flag, value, "-"+name); err != nil {
				return 0, err
			}
			w.add(class, "-"+name+"="+value)
			return 1, nil
		case !flagTakesValue(flag):
			w.add(class, "-"+name)
			continue
		}
		if err := needValue(flag, rest, "-"+name); err != nil {
			return 0, err
		}
		w.add(class, "-"+name, rest[1])
		return 2, nil
	}
	return 1, nil
}

// askHelp notes a call for help, once.
func (w *walker) askHelp() error {
	if w.help {
		return usagef("flag --help given twice")
	}
	w.help = true
	return nil
}

// has reports whether name is a flag here.
func (w *walker) has(name string) bool {
	flag, _ := w.find(name)
	return flag != nil
}

// find looks a flag up in the command and then among the global ones.
func (w *walker) find(name string) (cli.Flag, class) {
	for _, f := range w.command().flags {
		if slices.Contains(f.Names(), name) {
			return f, classFlag
		}
	}
	for _, f := range w.globals {
		if slices.Contains(f.Names(), name) {
			return f, classGlobal
		}
	}
	return nil, 0
}

// once refuses the second use of a flag that holds one value.
func (w *walker) once(f cli.Flag, as string) error {
	if w.seen[f] && !flagRepeats(f) {
		return usagef("flag %s given twice", as)
	}
	w.seen[f] = true
	return nil
}

// needValue checks the word that follows a flag with a value.
func needValue(flag cli.Flag, rest []string, as string) error {
	if len(rest) < 2 {
		return usagef("flag %s needs a value", as)
	}
	if v := rest[1]; len(v) > 1 && v[0] == '-' {
		return withHint(usagef("flag %s needs a value, and %s looks like a flag", as, v), "%s=%s", as, v)
	}
	return checkValue(flag, rest[1], as)
}

// checkValue refuses an empty file name: it comes from an unset shell variable, and taking
// it for "not given" would use another file than the one that was meant.
func checkValue(flag cli.Flag, value, as string) error {
	if value == "" && flagTakesFile(flag) {
		return usagef("flag %s needs a file name, not an empty one", as)
	}
	return nil
}

// unknownVerb says what was not understood and what is near.
func unknownVerb(a *arranged, text string) error {
	c := a.command()
	var names []string
	for _, v := range c.shown() {
		names = append(names, v.name)
	}
	prefix := strings.Join(append([]string{"kai"}, a.names()...), " ")
	err := usagef("unknown command %s %s", prefix, text)
	if near := nearest(text, names); near != "" {
		return withHint(err, "did you mean %s %s?", prefix, near)
	}
	return withHint(err, "%s --help", prefix)
}

// unknownFlag says what was not understood and what is near.
func unknownFlag(a *arranged, text string) error {
	var names []string
	for _, f := range append(slices.Clone(a.command().flags), globalFlags()...) {
		names = append(names, f.Names()...)
	}
	prefix := strings.Join(append([]string{"kai"}, a.names()...), " ")
	err := usagef("unknown flag %s", text)
	if len(a.path) > 1 {
		err = usagef("unknown flag %s for %s", text, prefix)
	}
	if near := nearest(strings.TrimLeft(text, "-"), append(names, "help")); near != "" {
		return withHint(err, "did you mean %s?", dashed(near))
	}
	if a.command().isGroup() {
		return withHint(err, "flags of a command stand after its name; see %s --help", prefix)
	}
	return withHint(err, "%s --help", prefix)
}

// dashed writes a flag's name as it is typed.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// firstRune is the first character of a non-empty string, or its first byte.
func firstRune(s string) string {
	for i := range s {
		if i > 0 {
			return s[:i]
		}
	}
	return s
}
