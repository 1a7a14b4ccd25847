package rule

import (
	"strconv"
	"strings"
	"unicode"

	"kai/internal/audit/event"
)

// singleGroup are the fields that tell violations of a rule about single events apart.
var singleGroup = [...]string{"action", "src.agent"}

// groupOf names the group that an event belongs to. Different values give different names: what
// could be taken for the separators is quoted, and a field that is absent has nothing behind its =,
// unlike one that is the empty string.
func groupOf(e *event.Event, fields []string) string {
	var b strings.Builder
	for i, field := range fields {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(field + "=")
		if value, ok := e.Field(field); ok {
			b.WriteString(quoted(text(value)))
		}
	}
	return event.Outside(b.String())
}

func quoted(s string) string {
	ambiguous := func(r rune) bool { return r == ',' || r == '=' || r == '"' || r == '\\' || !unicode.IsPrint(r) }
	if s == "" || strings.ContainsFunc(s, ambiguous) {
		return strconv.Quote(s)
	}
	return s
}
