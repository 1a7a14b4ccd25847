package home

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// quote returns a path as it is when it is plain text, else as a Go string literal.
func quote(path string) string {
	if path == "" || !utf8.ValidString(path) {
		return strconv.Quote(path)
	}
	for _, r := range path {
		if !strconv.IsPrint(r) {
			return strconv.Quote(path)
		}
	}
	return path
}

// shellQuote returns a word of a POSIX shell command that stands for path.
func shellQuote(path string) string {
	plain := path != "" && path[0] != '-' && !strings.ContainsFunc(path, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@%:,", r)
	})
	if plain {
		return path
	}
	for _, r := range path {
		if r == utf8.RuneError || !strconv.IsPrint(r) {
			// Control characters do not belong on a terminal; $'…' writes them as escapes.
			return ansiQuote(path)
		}
	}
	word := "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	if strings.HasPrefix(path, "-") {
		return "-- " + word
	}
	return word
}

func ansiQuote(path string) string {
	var b strings.Builder
	b.WriteString("$'")
	for i := range len(path) {
		switch c := path[i]; {
		case c == '\'' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < 0x20 || c >= 0x7f:
			b.WriteString(`\x`)
			b.WriteString(strconv.FormatUint(0x100+uint64(c), 16)[1:])
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('\'')
	return b.String()
}
