package allowedsigners

import "strings"

// matchPattern knows * and ?; everything else, also [ and \, is itself. It
// takes at most len(text) × len(pattern) steps.
func matchPattern(text, pattern string) bool {
	i, j := 0, 0
	star, resume := -1, 0 // the last *, and where in text it stopped
	for i < len(text) {
		switch {
		case j < len(pattern) && pattern[j] == '*':
			star, resume = j, i
			j++
		case j < len(pattern) && (pattern[j] == '?' || pattern[j] == text[i]):
			i++
			j++
		case star >= 0:
			resume++
			i, j = resume, star+1
		default:
			return false
		}
	}
	return strings.Trim(pattern[j:], "*") == ""
}

// matchList reports whether one of the patterns matches and no forbidding one
// before the end does. A pattern that is too long makes the list match nothing.
func matchList(text, list string) bool {
	matched := false
	for len(list) > 0 {
		var pattern string
		pattern, list, _ = strings.Cut(list, ",")
		pattern, forbidding := strings.CutPrefix(pattern, "!")
		if len(pattern) > maxPattern {
			return false
		}
		if matchPattern(text, pattern) {
			if forbidding {
				return false
			}
			matched = true
		}
	}
	return matched
}
