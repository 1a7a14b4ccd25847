package main

import (
	"os/exec"
	"testing"
)

func TestShellWord(t *testing.T) {
	for name, want := range map[string]string{
		"app":              "app",
		"-":                "-",
		"dist/app-1.0.tgz": "dist/app-1.0.tgz",
		"":                 "''",
		"-rf":              "./-rf",
		"my app":           "'my app'",
		"a; rm -rf ~":      "'a; rm -rf ~'",
		"it's":             `'it'\''s'`,
		"$(id)":            "'$(id)'",
		"~":                "'~'",
		"a=b":              "'a=b'",
		"größe":            "'größe'",
		"a\nb":             `$'a\x0ab'`,
		"\x1b[31m'\\":      `$'\x1b[31m\'\\'`,
		"\u202egpj.exe":    `$'\xe2\x80\xaegpj.exe'`,
		"\xff":             `$'\xff'`,
	} {
		if got := shellWord(name); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}

// A shell that knows $'…' reads the word as the name.
func TestShellWordInAShell(t *testing.T) {
	bash := peer(t, "bash")
	for _, name := range []string{"app", "a b", "it's", "a\nb", "\x1b[31m'\\", "\u202e", "\xff\xfe", "`id`$HOME", "a\\nb", "\x7f0"} {
		out, err := exec.Command(bash, "-c", "printf %s "+shellWord(name)).Output()
		if err != nil || string(out) != name {
			t.Errorf("%q: the shell reads %q (%v)", name, out, err)
		}
	}
}
