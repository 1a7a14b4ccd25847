package allowedsigners

import (
	"strings"
	"time"
)

// readOptions sets the entry's options. It returns ssh-keygen's words for what
// is wrong, "" if nothing is.
func (e *Entry) readOptions(text string, loc *time.Location) (fault string) {
	for text != "" {
		if text, fault = e.readOption(text, loc); fault != "" {
			return fault
		}
		if text == "" {
			break
		}
		if text[0] != ',' {
			return "unknown key option"
		}
		if text = text[1:]; text == "" {
			return "unexpected end-of-options"
		}
	}
	if !e.ValidAfter.IsZero() && !e.ValidBefore.IsZero() && !e.ValidBefore.After(e.ValidAfter) {
		return `"valid-before" time is before "valid-after"`
	}
	return ""
}

// readOption reads one option and returns what follows it. Text that begins
// with no option is returned as it is.
func (e *Entry) readOption(text string, loc *time.Location) (rest, fault string) {
	for name, flag := range map[string]*bool{
		"cert-authority":    &e.CertAuthority,
		"no-touch-required": &e.NoTouchRequired,
		"verify-required":   &e.VerifyRequired,
	} {
		if rest, ok := cutPrefixFold(text, name); ok {
			*flag = true
			return rest, ""
		}
	}
	if rest, ok := cutPrefixFold(text, "namespaces="); ok {
		if e.Namespaces != nil {
			return "", `multiple "namespaces" clauses`
		}
		value, rest, fault := unquote(rest)
		e.Namespaces = &value
		return rest, fault
	}
	if rest, ok := cutPrefixFold(text, "valid-after="); ok {
		return readTime(&e.ValidAfter, "valid-after", rest, loc)
	}
	if rest, ok := cutPrefixFold(text, "valid-before="); ok {
		return readTime(&e.ValidBefore, "valid-before", rest, loc)
	}
	return text, ""
}

func readTime(t *time.Time, name, text string, loc *time.Location) (rest, fault string) {
	if !t.IsZero() {
		return "", `multiple "` + name + `" clauses`
	}
	value, rest, fault := unquote(text)
	if fault != "" {
		return "", fault
	}
	var err error
	if *t, err = ParseTime(value, loc); err != nil {
		return "", `invalid "` + name + `" time`
	}
	return rest, ""
}

// unquote reads a quoted value, in which \" is a quote, and returns what
// follows it.
func unquote(text string) (value, rest, fault string) {
	if text == "" || text[0] != '"' {
		return "", "", "missing start quote"
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return b.String(), text[i+1:], ""
		case text[i] == '\\' && i+1 < len(text) && text[i+1] == '"':
			i++
		}
		b.WriteByte(text[i])
	}
	return "", "", "missing end quote"
}

func cutPrefixFold(text, prefix string) (rest string, ok bool) {
	if len(text) < len(prefix) || !strings.EqualFold(text[:len(prefix)], prefix) {
		return text, false
	}
	return text[len(prefix):], true
}
