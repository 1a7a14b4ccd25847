package main

import (
	"fmt"
	"testing"
)

// TestTab presses TAB in real shells.
func TestTab(t *testing.T) {
	shells := []struct {
		name  string
		args  []string
		setup string
	}{
		{"bash", []string{"--norc", "--noprofile", "-i"}, "bind 'set enable-bracketed-paste off'; source ./script"},
		// Of its own accord, without any completion script, zsh expands $(…) under the cursor
		// when TAB is bound to expand-or-complete. Here it only completes.
		{"zsh", []string{"-f", "-i"}, "bindkey '^I' complete-word; unset zle_bracketed_paste; autoload -U compinit; compinit -u -d ./dump; source ./script"},
		{"fish", []string{"--no-config", "-i"}, "source ./script"},
	}
	for _, shell := range shells {
		t.Run(shell.name, func(t *testing.T) {
			dir := shellDir(t, shell.name)
			s := startPTY(t, shellCommand(dir, peer(t, shell.name), shell.args...))
			// The marker is not in what is typed, only in what the shell prints.
			marker := func(n int) {
				s.send(fmt.Sprintf("printf 'marker-%%s-\\n' %d\r", n))
				s.expect(fmt.Sprintf("marker-%d-", n))
			}
			s.send(shell.setup + "\r")
			marker(0)

			// A verb, a flag, a word and a file, one TAB each.
			for _, test := range []struct{ typed, added string }{
				{"kai vau", "lt "},
				{"kai hash --algo bl", "ake3 "},
				{"kai hash --jo", "bs "},
				{"kai hash xyl", "ophone.txt "},
			} {
				s.send(test.typed + "\t")
				s.expect(test.added)
				s.send("\x15") // Ctrl-U: forget the line
			}
			for i, line := range hostileLines {
				s.send(line + "\t\t\x15")
				marker(i + 1)
				notPwned(t, dir, line)
			}
		})
	}
}
