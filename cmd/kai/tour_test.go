package main

import (
	"strings"
	"testing"
)

// A step that does anything else than the tour says is an error.
func TestTourChecksItsSteps(t *testing.T) {
	for name, c := range map[string]struct {
		step tourStep
		want string
	}{
		"as said":       {tourStep{line: "kai version", want: "kai "}, ""},
		"other exit":    {tourStep{line: "kai version", exit: exitBad}, "exit code 0, expected 3"},
		"other answer":  {tourStep{line: "kai version", want: "kai 99"}, `the answer does not say "kai 99"`},
		"no such verb":  {tourStep{line: "kai nonsense"}, "exit code 2, expected 0"},
		"no such input": {tourStep{line: "kai hash - < nowhere"}, "nowhere"},
		"needs more":    {tourStep{line: "kai version", needs: "no-such-program-at-all", want: "left out"}, ""},
		"no program":    {tourStep{line: "no-such-program-at-all", want: "left out"}, ""},
	} {
		w := newWorld(t, "")
		env := newEnv(w.system)
		err := c.step.play(t.Context(), env, t.TempDir(), 1)
		env.close()
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// What a step puts into files is shown as shell words without quotes in them.
func TestTourStepsAreSimple(t *testing.T) {
	for i, step := range tourSteps() {
		if step.say == "" || strings.ContainsAny(step.line, "'\"\\$`|;&*?") {
			t.Errorf("step %d: %q is not simple", i+1, step.line)
		}
		for name, text := range step.put {
			if strings.Contains(text, "'") || !strings.HasSuffix(text, "\n") {
				t.Errorf("step %d: %s holds %q", i+1, name, text)
			}
		}
	}
}
