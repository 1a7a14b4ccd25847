package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// update rewrites the files that are made from the command tree:
//
//	go test ./cmd/kai -run TestCompletionFiles -update
var update = flag.Bool("update", false, "rewrite generated files instead of comparing them")

// completionFiles are the committed completions by shell.
var completionFiles = map[string]string{
	"bash":       "kai.bash",
	"zsh":        "_kai",
	"fish":       "kai.fish",
	"powershell": "kai.ps1",
}

func TestCompletionFiles(t *testing.T) {
	for shell, name := range completionFiles {
		want, err := completionText(rootCommand(), shell)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("../../completions", name)
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("completions/%s differs from the command tree (%v); run: go test ./cmd/kai -run TestCompletionFiles -update", name, err)
		}
	}
}

func TestCompletionUnknownShell(t *testing.T) {
	w := newWorld(t, "")
	if code := w.run(t, "completion", "tcsh"); code != exitUsage || w.err.String() != "kai: error: unknown shell tcsh\nkai: hint: kai completion bash|zsh|fish|powershell\n" {
		t.Errorf("exit %d, %s", code, w.err.String())
	}
}

// Texts go into quotes of four shells: fish takes a backslash there for special, and no
// line may end.
func TestCompletionTexts(t *testing.T) {
	for _, v := range completedVerbs(rootCommand()) {
		texts := []string{v.path, strings.Join(v.words, "")}
		for _, c := range v.children {
			texts = append(texts, c.summary)
		}
		for _, f := range v.flags {
			texts = append(texts, f.usage, strings.Join(f.names, ""), strings.Join(f.words, ""))
		}
		for _, text := range texts {
			if strings.Contains(text, `\`) || !isPrintable(text) {
				t.Errorf("%s: %q cannot stand in a completion", v.path, text)
			}
		}
		for _, word := range append(append(v.flagNames(), v.argWords()...), strings.Fields(v.path)...) {
			if strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
				t.Errorf("%s: %q is not a plain word", v.path, word)
			}
		}
	}
}

// completionCases are lines and what TAB offers in each shell; every list is complete.
var completionCases = []struct {
	line string // the last word is the one under the cursor
	want string
}{
	{"kai ", "hash vault"},
	{"kai h", "hash"},
	{"kai vault ", "get run"},
	{"kai --json vault g", "get"},
	{"kai --home vault g", ""}, // vault is the value of --home
	{"kai --home x vault g", "get"},
	{"kai hash --al", "--algo --allow-agent-reveal"},
	{"kai hash --algo ", "sha256 blake3"},
	{"kai hash --algo b", "blake3"},
	{"kai hash --algo=b", "blake3"},
	{"kai hash --jobs ", ""},
	{"kai hash x", "xylophone.txt"},
	{"kai vault get --output x", "xylophone.txt"},
	{"kai vault get -o x", "xylophone.txt"},
	{"kai hash -- --al", ""},
	{"kai vault run --en", "--env"},
	{"kai vault run cmd --en", ""},
}

// hostile lines must not run anything.
var hostileLines = []string{
	"kai $(touch pwned) ",
	"kai `touch pwned` ",
	"kai hash '$(touch pwned)' --al",
	"kai hash --algo $(touch pwned)",
	"kai hash --algo=`touch pwned`",
	"kai hash --$(touch pwned)=",
	"kai hash x[$(touch pwned)] ",
	"kai vault '\"; touch pwned; \"' ",
	"kai a;touch${IFS}pwned ",
	"kai hash x",
}

// shellDir is a work directory with the completions of testTree as "script", a file to be
// completed, and a kai in bin that must not be run.
func shellDir(t *testing.T, shell string) string {
	t.Helper()
	dir := t.TempDir()
	text, err := completionText(testTree(), shell)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"script": text, "xylophone.txt": "", "bin/kai": "#!/bin/sh\ntouch pwned\n"}
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func shellCommand(dir, shell string, args ...string) *exec.Cmd {
	cmd := exec.Command(shell, args...)
	cmd.Dir = dir
	cmd.Env = []string{
		"HOME=" + dir, "PATH=" + filepath.Join(dir, "bin") + ":" + os.Getenv("PATH"), "TERM=dumb", "LC_ALL=C.UTF-8",
		"XDG_CONFIG_HOME=" + dir, "XDG_DATA_HOME=" + dir, "XDG_RUNTIME_DIR=" + dir, "XDG_CACHE_HOME=" + dir,
	}
	return cmd
}

func notPwned(t *testing.T, dir, line string) {
	t.Helper()
	if _, err := os.Lstat(filepath.Join(dir, "pwned")); err == nil {
		t.Fatalf("completing %q ran something", line)
	}
}

// bashWords splits a line as bash fills COMP_WORDS: "=" is a word of its own.
func bashWords(line string) []string {
	return strings.Split(strings.ReplaceAll(line, "=", " = "), " ")
}

func TestBashCompletion(t *testing.T) {
	bash := peer(t, "bash")
	dir := shellDir(t, "bash")
	complete := func(line string) string {
		words := bashWords(line)
		script := "source ./script || exit 3; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _kai; printf '%s\\n' \"${COMPREPLY[@]}\""
		out, err := shellCommand(dir, bash, append([]string{"--norc", "-c", script, "bash"}, words...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v\n%s", line, err, out)
		}
		return strings.Join(strings.Fields(string(out)), " ")
	}
	for _, test := range completionCases {
		if got := complete(test.line); got != test.want {
			t.Errorf("%q: %q, want %q", test.line, got, test.want)
		}
	}
	for _, line := range hostileLines {
		complete(line)
		notPwned(t, dir, line)
	}
}

func TestFishCompletion(t *testing.T) {
	fish := peer(t, "fish")
	dir := shellDir(t, "fish")
	complete := func(line string) string {
		script := "source ./script; or exit 3; complete -C " + fishQuote(line)
		out, err := shellCommand(dir, fish, "--no-config", "-c", script).CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v\n%s", line, err, out)
		}
		var words []string
		for row := range strings.Lines(string(out)) {
			word, _, _ := strings.Cut(strings.TrimSpace(row), "\t")
			words = append(words, strings.TrimPrefix(word, "--algo="))
		}
		return strings.Join(sorted(words), " ")
	}
	for _, test := range completionCases {
		want := strings.Join(sorted(strings.Fields(test.want)), " ")
		if got := complete(test.line); got != want {
			t.Errorf("%q: %q, want %q", test.line, got, want)
		}
	}
	for _, line := range hostileLines {
		complete(line)
		notPwned(t, dir, line)
	}
}

func fishQuote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'"
}

// TestPowerShellCompletion needs pwsh, which few machines have.
func TestPowerShellCompletion(t *testing.T) {
	pwsh, err := exec.LookPath("pwsh")
	if err != nil {
		t.Skip("pwsh is not installed")
	}
	dir := shellDir(t, "powershell")
	for _, test := range completionCases {
		if test.want == "xylophone.txt" || test.want == "" {
			continue // PowerShell's own file completion answers
		}
		script := fmt.Sprintf("$c = Get-Content -Raw ./script; Invoke-Expression $c; (TabExpansion2 -inputScript %[1]s -cursorColumn %[2]d).CompletionMatches.CompletionText",
			psQuote(test.line), len(test.line))
		out, err := shellCommand(dir, pwsh, "-NoProfile", "-Command", script).CombinedOutput()
		if got := strings.Join(strings.Fields(string(out)), " "); err != nil || got != test.want && !strings.Contains(test.line, "=") {
			t.Errorf("%q: %q (%v), want %q", test.line, got, err, test.want)
		}
		notPwned(t, dir, test.line)
	}
}
