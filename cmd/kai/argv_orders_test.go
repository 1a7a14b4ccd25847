package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// TestEveryCommandTakesFlagsAnywhere types every flag of every command, and the global ones,
// before, between and after its arguments: the flag parser must see the same words each time.
// A flag that was taken for an argument would do something else than was asked, such as
// printing what should have gone to a file.
func TestEveryCommandTakesFlagsAnywhere(t *testing.T) {
	tried := 0
	walkTree(rootCommand(), func(path []*command) {
		leaf := path[len(path)-1]
		if leaf.isGroup() || leaf.passThrough {
			return
		}
		verb := strings.Fields(commandPath(path))[1:]
		args := []string{"-", "one", "two"}
		if leaf.maxArgs != anyNumber {
			args = args[:min(leaf.maxArgs, len(args))]
		}
		for _, f := range slices.Concat(leaf.flags, globalFlags()) {
			for _, flag := range spellings(f) {
				want := ""
				for at := range len(args) + 1 {
					typed := slices.Concat(verb, args[:at], flag, args[at:])
					line, err := arrange(rootCommand(), typed)
					if err != nil {
						t.Errorf("kai %q: %v", typed, err)
						continue
					}
					got := strings.Join(line.argv(), " ")
					if want == "" {
						want = got
					}
					if got != want || !strings.HasSuffix(got, strings.Join(args, " ")) || line.args != len(args) {
						t.Errorf("kai %q is read as %q, and as %q with the flag first", typed, got, want)
					}
					tried++
				}
			}
		}
	})
	if tried < 500 {
		t.Errorf("only %d command lines tried", tried)
	}
}

// spellings are the ways to type a flag: each name, the value apart or glued.
func spellings(f cli.Flag) [][]string {
	value := "7"
	if words := flagWords(f); words != nil {
		value = words[0]
	}
	var list [][]string
	for _, name := range f.Names() {
		dashes := "--"
		if len(name) == 1 {
			dashes = "-"
		}
		if !flagTakesValue(f) {
			list = append(list, []string{dashes + name})
			continue
		}
		list = append(list, []string{dashes + name, value}, []string{dashes + name + "=" + value})
		if len(name) == 1 {
			list = append(list, []string{dashes + name + value})
		}
	}
	return list
}
