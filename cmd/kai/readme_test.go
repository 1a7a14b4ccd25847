package main

import (
	"os"
	"strings"
	"testing"
)

// TestReadme holds the README to its length, and its examples to the script that runs them.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(readme), "\n"); n > 300 {
		t.Errorf("README.md has %d lines, at most 300 are read", n)
	}
	script, err := os.ReadFile("../../testscripts/readme-examples.txtar")
	if err != nil {
		t.Fatal(err)
	}
	run := map[string]bool{}
	for line := range strings.Lines(string(script)) {
		run[strings.TrimSpace(line)] = true
	}
	_, section, _ := strings.Cut(string(readme), "\n## Ten examples\n")
	_, block, _ := strings.Cut(section, "\n```\n")
	examples, _, found := strings.Cut(block, "\n```\n")
	if !found {
		t.Fatal("README.md has no block of examples")
	}
	count := 0
	for line := range strings.Lines(examples) {
		switch line = strings.TrimSpace(line); {
		case strings.HasPrefix(line, "#"):
			count++
		case line != "" && !run[line]:
			t.Errorf("no script runs the example %q", line)
		}
	}
	if count != 10 {
		t.Errorf("%d examples", count)
	}
}
