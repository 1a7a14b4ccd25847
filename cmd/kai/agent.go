package main

import "strings"

// detectAgent returns the variable by which an AI agent that runs kai shows itself, or "".
func detectAgent(sys *system) string {
	for _, name := range []string{"CLAUDECODE", "CURSOR_TRACE_ID", "AGENT"} {
		if sys.getenv(name) != "" {
			return name
		}
	}
	for _, pair := range sys.environ {
		if name, value, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "CODEX_") && value != "" {
			return name
		}
	}
	return ""
}
