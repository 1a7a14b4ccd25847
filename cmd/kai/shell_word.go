package main

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// shellWord writes a file name as one word of a POSIX shell, for commands in hints: somebody
// will copy them. Names come from strangers too.
func shellWord(name string) string {
	if strings.HasPrefix(name, "-") && name != "-" {
		name = "./" + name
	}
	plain := name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@%:,", r)
	})
	switch {
	case plain:
		return name
	case isPrintable(name):
		return shellQuote(name)
	}
	return ansiWord(name)
}

// ansiWord writes $'…', with escapes for all that a terminal would act on.
func ansiWord(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); {
		r, size := utf8.DecodeRuneInString(name[i:])
		switch {
		case r == '\'' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == utf8.RuneError && size <= 1, hidden(r):
			for _, c := range []byte(name[i : i+size]) {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		default:
			b.WriteString(name[i : i+size])
		}
		i += size
	}
	return "$'" + b.String() + "'"
}
