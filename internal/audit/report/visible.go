package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible writes what cannot be seen, or what a terminal or browser would act on, as \uXXXX:
// controls, writing direction, zero widths, unusual spaces, unassigned characters, bytes that
// are not UTF-8 (\xXX). It is for people: a backslash stays as it is.
func Visible(s string) string {
	if !strings.ContainsFunc(s, hidden) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch _, size := utf8.DecodeRuneInString(s[i:]); {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !hidden(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func hidden(r rune) bool { return !unicode.IsPrint(r) }
