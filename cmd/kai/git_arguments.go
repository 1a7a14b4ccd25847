package main

import (
	"regexp"
	"strings"
)

// gitArgument is a RANGE or a REV.
type gitArgument struct {
	text    string
	isRange bool
}

// rangeForms are what makes a revision more than one, see gitrevisions(7).
var rangeForms = regexp.MustCompile(`\.\.|\^[!@]$|\^-[0-9]*$`)

// parseGitArgument tells ranges from single revisions.
func parseGitArgument(text string) (gitArgument, error) {
	switch {
	case text == "" || strings.ContainsAny(text, "\n\x00"):
		return gitArgument{}, usagef("revision %q: empty, or of several lines", text)
	case strings.HasPrefix(text, "^"):
		return gitArgument{}, withHint(usagef("revision %s: each argument stands for itself", text), "kai git verify %s..HEAD", text[1:])
	}
	return gitArgument{text, rangeForms.MatchString(text)}, nil
}
