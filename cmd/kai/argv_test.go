package main

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// testTree has a command of each kind.
func testTree() *command {
	nothing := func(context.Context, *env, *cli.Context) error { return nil }
	return &command{
		name: "kai",
		children: verbs([]command{
			{
				name: "hash", summary: "it's a: test", args: "[FILE...]", maxArgs: anyNumber, action: nothing,
				flags: []cli.Flag{
					choiceFlag("algo", "", "sha256", "sha256", "blake3"),
					&cli.BoolFlag{Name: "recursive", Aliases: []string{"r"}},
					&cli.BoolFlag{Name: "zero", Aliases: []string{"z"}},
					&cli.IntFlag{Name: "jobs", Aliases: []string{"j"}},
					&cli.StringSliceFlag{Name: "signer", Aliases: []string{"s"}},
				},
			},
			{name: "vault", children: verbs([]command{
				{name: "get", maxArgs: 1, action: nothing, flags: []cli.Flag{&cli.PathFlag{Name: "output", Aliases: []string{"o"}}}},
				{name: "run", maxArgs: anyNumber, passThrough: true, action: nothing, flags: []cli.Flag{&cli.StringFlag{Name: "env"}}},
			})},
		}),
	}
}

func TestArrange(t *testing.T) {
	tests := []struct{ typed, want string }{
		// Flags before, between and after arguments.
		{"hash -r a b", "hash -r a b"},
		{"hash a -r b", "hash -r a b"},
		{"hash a b --algo blake3", "hash --algo blake3 a b"},
		{"hash a --algo=blake3 b -z", "hash --algo=blake3 -z a b"},
		{"vault get x -o f", "vault get -o f x"},
		// Global flags anywhere.
		{"--json vault get x", "--json vault get x"},
		{"vault --json get x", "--json vault get x"},
		{"vault get x --home h --json", "--home h --json vault get x"},
		// Short flags: glued values, combined.
		{"hash -j4 a", "hash -j=4 a"},
		{"hash -j=4 a", "hash -j=4 a"},
		{"hash -j 4 a", "hash -j 4 a"},
		{"hash a -rz", "hash -r -z a"},
		{"hash -rzj4 a", "hash -r -z -j=4 a"},
		{"hash -rzj 4 a", "hash -r -z -j 4 a"},
		{"hash -j-1 a", "hash -j=-1 a"},
		{"hash -r=false a", "hash -r=false a"},
		// Lists may repeat.
		{"hash -s a -s b --signer c", "hash -s a -s b --signer c"},
		// "-" is an argument, and may be a value.
		{"hash - -r", "hash -r -"},
		{"vault get x -o -", "vault get -o - x"},
		// After "--" nothing is a flag.
		{"hash -r -- -z --json --", "hash -r -- -z --json --"},
		{"hash a -r -- -z", "hash -r -- a -z"},
		{"vault run --env A -- cmd --json -x", "vault run --env A -- cmd --json -x"},
		// After the first argument of a pass-through command nothing is looked at.
		{"vault run cmd --env A -- --json", "vault run cmd --env A -- --json"},
		{"vault run --json cmd --json", "--json vault run cmd --json"},
		{"vault run - --nope", "vault run - --nope"},
	}
	for _, test := range tests {
		line, err := arrange(testTree(), strings.Fields(test.typed))
		if err != nil {
			t.Errorf("%s: %v", test.typed, err)
			continue
		}
		if got := strings.Join(line.argv(), " "); got != test.want {
			t.Errorf("%s: arranged as %q, want %q", test.typed, got, test.want)
		}
	}
}

func TestArrangeRefuses(t *testing.T) {
	tests := []struct{ typed, err, hint string }{
		{"hsah a", "unknown command kai hsah", "did you mean kai hash?"},
		{"vault gte x", "unknown command kai vault gte", "did you mean kai vault get?"},
		{"hash --jbos 4", "unknown flag --jbos for kai hash", "did you mean --jobs?"},
		{"hash -q a", "unknown flag -q for kai hash", "kai hash --help"},
		{"hash -rq a", "unknown flag -q for kai hash", "kai hash --help"},
		{"hash -ré a", "unknown flag -é for kai hash", "kai hash --help"},
		{"hash --r a", "unknown flag --r for kai hash", "did you mean -r?"},
		{"hash -jobs 4", "unknown flag -jobs", "did you mean --jobs?"},
		{"hash --=x", "unknown flag -- for kai hash", "kai hash --help"},
		{"hash -=x", "unknown flag -= for kai hash", "kai hash --help"},
		{"--algo blake3 hash", "unknown flag --algo", "flags of a command stand after its name; see kai --help"},
		{"vault -o f get x", "unknown flag -o for kai vault", "flags of a command stand after its name; see kai vault --help"},
		{"hash -j 1 -j 2", "flag -j given twice", ""},
		{"hash -j1 --jobs 2", "flag --jobs given twice", ""},
		{"hash -rr a", "flag -r given twice", ""},
		{"hash --json a --json", "flag --json given twice", ""},
		{"hash --help --help", "flag --help given twice", ""},
		{"hash -j", "flag -j needs a value", ""},
		{"hash --jobs", "flag --jobs needs a value", ""},
		{"hash --jobs --zero", "flag --jobs needs a value, and --zero looks like a flag", "--jobs=--zero"},
		{"vault get --output=", "flag --output needs a file name, not an empty one", ""},
		{"vault get -o=", "flag -o needs a file name, not an empty one", ""},
		{"hash --jobs --", "flag --jobs needs a value, and -- looks like a flag", "--jobs=--"},
	}
	for _, test := range tests {
		_, err := arrange(testTree(), strings.Fields(test.typed))
		o := judge(t.Context(), err)
		if o.code != exitUsage || o.message != test.err || o.hint != test.hint {
			t.Errorf("%s: exit %d, %q, hint %q; want %q, hint %q", test.typed, o.code, o.message, o.hint, test.err, test.hint)
		}
	}
}

// FuzzArrange holds that no word is lost, added or changed, that what follows "--" or a
// pass-through command's first argument stays last and in order, and that arranging twice is
// arranging once.
func FuzzArrange(f *testing.F) {
	seeds := []string{
		"hash a -r b --algo blake3 -- -z",
		"vault run --env A cmd --env B -- x",
		"--json vault get x -o -",
		"hash -rzj4 - a",
		"hash -s=a -s b -- -- --",
		"vault --json run -- -- a",
	}
	for _, s := range seeds {
		f.Add(strings.ReplaceAll(s, " ", "\x00"))
	}
	f.Fuzz(func(t *testing.T, joined string) {
		typed := strings.Split(joined, "\x00")
		line, err := arrange(testTree(), typed)
		if err != nil {
			return
		}
		got := line.argv()
		if !slices.Equal(sorted(got), sorted(split(typed, line))) {
			t.Fatalf("%q became %q", typed, got)
		}
		if tail := untouched(typed, line); !slices.Equal(got[len(got)-len(tail):], tail) {
			t.Fatalf("%q became %q: the end should be %q", typed, got, tail)
		}
		again, err := arrange(testTree(), got)
		if err != nil {
			// The one word that is not written back is --help.
			t.Fatalf("%q became %q, which is refused: %v", typed, got, err)
		}
		if twice := again.argv(); !slices.Equal(got, twice) {
			t.Fatalf("%q became %q and then %q", typed, got, twice)
		}
	})
}

func sorted(words []string) []string {
	words = slices.Clone(words)
	slices.Sort(words)
	return words
}

// split is typed with combined short flags taken apart and --help removed, found without
// arrange: by the order in which its words were classified.
func split(typed []string, line *arranged) []string {
	var out []string
	takesValue := false
	for i, w := range typed {
		ended := i >= len(typed)-len(untouched(typed, line))
		switch {
		case ended, takesValue, w == "-", w == "--", !strings.HasPrefix(w, "-"):
			out = append(out, w)
			takesValue = false
			continue
		case w == "--help":
			continue
		case strings.HasPrefix(w, "--"):
			out = append(out, w)
			takesValue = slices.Contains([]string{"--algo", "--jobs", "--signer", "--output", "--env", "--home", "--passphrase-fd", "--passphrase-file"}, w)
			continue
		}
		for j := 1; j < len(w); j++ {
			letter, rest := w[j:j+1], w[j+1:]
			switch {
			case letter == "h":
				continue
			case strings.Contains("jso", letter) && rest != "":
				out = append(out, "-"+letter+"="+strings.TrimPrefix(rest, "="))
			case strings.HasPrefix(rest, "="):
				out = append(out, "-"+letter+rest)
			default:
				out = append(out, "-"+letter)
				takesValue = strings.Contains("jso", letter)
				continue
			}
			break
		}
	}
	return out
}

// untouched is the part of typed that arrange must not look at.
func untouched(typed []string, line *arranged) []string {
	if line.command().passThrough {
		verbs := len(line.path) - 1
		for i := 0; i < len(typed); i++ {
			switch w := typed[i]; {
			case w == "--":
				return typed[i+1:]
			case w == "--env", w == "--home", w == "--passphrase-fd", w == "--passphrase-file":
				i++
			case w == "-" || !strings.HasPrefix(w, "-"):
				if verbs == 0 {
					return typed[i:]
				}
				verbs--
			}
		}
		return nil
	}
	if i := dashDash(line); i >= 0 {
		return typed[len(typed)-i:]
	}
	return nil
}

// dashDash is the number of words after the first "--", -1 without one.
func dashDash(line *arranged) int {
	for i, w := range line.words {
		if w.class == classDashDash {
			return len(line.words) - i - 1
		}
	}
	return -1
}
