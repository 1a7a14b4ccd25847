package main

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// printable returns text that cannot move the cursor, change colours or hide what stands
// before it: control characters, format characters (direction marks, zero width), line
// separators and invalid UTF-8 become \n, \x1b, \u202e and the like. A backslash stays as it
// is: this is for people to read, not for programs to undo.
func printable(text string) string {
	if isPrintable(text) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size <= 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case !hidden(r):
			b.WriteString(text[i : i+size])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += size
	}
	return b.String()
}

// printableText is printable for text of several lines: line feeds and tabs stay.
func printableText(text string) string {
	if isPrintable(text) {
		return text
	}
	var b strings.Builder
	for line := range strings.SplitAfterSeq(text, "\n") {
		body, feed := strings.CutSuffix(line, "\n")
		for i, field := range strings.Split(body, "\t") {
			if i > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(printable(field))
		}
		if feed {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func isPrintable(text string) bool {
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < 0x20 || c >= 0x7f {
			return !strings.ContainsFunc(text[i:], hidden) && utf8.ValidString(text[i:])
		}
	}
	return true
}

// hidden reports whether a terminal would act on r instead of showing it.
func hidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co)
}
