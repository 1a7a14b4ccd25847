package main

import "strings"

// gitArgument is a RANGE or a REV.
type gitArgument struct {
	text    string
	isRange bool
}

// parseGitArgument tells ranges from single revisions.
func parseGitArgument(text string) (gitArgument, error) {
	switch {
	case text == "" || strings.ContainsAny(text, "\n\x00"):
		return gitArgument{}, usagef("revision %q: empty, or of several lines", text)
	case strings.HasPrefix(text, "^"):
		return gitArgument{}, withHint(usagef("revision %s: each argument stands for itself", text), "kai git verify %s..HEAD", text[1:])
	}
	return gitArgument{text, isGitRange(text)}, nil
}

// isGitRange reports whether a revision has a form of more than one, see gitrevisions(7).
func isGitRange(text string) bool {
	if strings.Contains(text, "..") || strings.HasSuffix(text, "^!") || strings.HasSuffix(text, "^@") {
		return true
	}
	i := strings.LastIndex(text, "^-") // REV^- and REV^-N
	return i >= 0 && strings.Trim(text[i+2:], "0123456789") == ""
}
