package main

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	summary "kai/internal/audit/report"
)

// laterVerbs begin commands of reports about what does not exist yet: no home has anything that
// they would be recommended for.
var laterVerbs = []string{"key rotate", "key due", "sandbox doctor"}

// Each command that a report may recommend is one, flags and all.
func TestRecommendedCommandsParse(t *testing.T) {
	parsed := 0
	for _, line := range summary.Commands() {
		words := splitShell(t, line)
		if words[0] != "kai" {
			t.Errorf("%s: not a command of kai", line)
			continue
		}
		arranged, err := arrange(rootCommand(), words[1:])
		if later := isLater(line); later != "" {
			if err == nil {
				t.Errorf("%s: %q exists now, and has no place in laterVerbs", line, later)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		parsed++
		c := arranged.command()
		if c.action == nil {
			t.Errorf("%s: no command, but a group", line)
		}
		if arranged.args < c.minArgs || c.maxArgs != anyNumber && arranged.args > c.maxArgs {
			t.Errorf("%s: %d arguments", line, arranged.args)
		}
	}
	if parsed < 10 {
		t.Errorf("only %d commands", parsed)
	}
}

func isLater(line string) string {
	for _, verb := range laterVerbs {
		if strings.HasPrefix(line, "kai "+verb) {
			return verb
		}
	}
	return ""
}

// splitShell asks a POSIX shell for the words of a command.
func splitShell(t *testing.T, line string) []string {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell")
	}
	out, err := exec.Command(sh, "-c", `for w in `+line+`; do printf '%s\0' "$w"; done`).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%s: %s", line, exit.Stderr)
		}
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}
