package home_test

import (
	"errors"
	"path/filepath"
	"testing"

	"kai/internal/home"
)

func TestLocate(t *testing.T) {
	bits(t) // paths below are those of Unix
	for _, c := range []struct{ flag, env, user, want, err string }{
		{"", "", "/home/ada", "/home/ada/.kind", ""},
		{"", "/srv/kai", "/home/ada", "/srv/kai", ""},
		{"/flag", "/srv/kai", "/home/ada", "/flag", ""},
		{"rel/x/", "/srv/kai", "/home/ada", "rel/x", ""},
		{"/flag", "relative", "relative", "/flag", ""},
		{"", "/srv//kai/../k", "", "/srv/k", ""},
		{"", "relative", "/home/ada", "", "KAI_HOME relative: not an absolute path"},
		{"", "./\x1b", "/home/ada", "", `KAI_HOME "./\x1b": not an absolute path`},
		{"", ".", "", "", "KAI_HOME .: not an absolute path"},
		{"", "", "home", "", "home directory of the user home: not an absolute path"},
		{"", "", "", "", "no home directory known"},
	} {
		got, err := home.Locate(c.flag, c.env, c.user)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if got != filepath.FromSlash(c.want) || text != c.err {
			t.Errorf("%q %q %q: %q, %q; want %q, %q", c.flag, c.env, c.user, got, text, c.want, c.err)
		}
	}
	_, err := home.Locate("", "", "")
	var h interface{ Hint() string }
	if !errors.Is(err, home.ErrNoPlace) || !errors.As(err, &h) || h.Hint() == "" {
		t.Errorf("nothing known: %v", err)
	}
}
