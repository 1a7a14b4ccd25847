package export

import "kai/internal/audit/event"

// appendText writes a string of a line, given without its quotation marks, as the package comment
// says: only \" becomes ". escape writes one byte in the format's own way.
func appendText(b, raw []byte, escape func(b []byte, c byte) []byte) []byte {
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c == '\\' && raw[i+1] == '"' {
			i++
			c = '"'
		} else if c == '\\' && raw[i+1] == '\\' {
			b = escape(b, c) // twice: the second must not be taken for the beginning of \"
			i++
		}
		b = escape(b, c)
	}
	return b
}

// appendAll writes bytes in the format's own way.
func appendAll(b, text []byte, escape func(b []byte, c byte) []byte) []byte {
	for _, c := range text {
		b = escape(b, c)
	}
	return b
}

// appendMessage writes the line for people.
func appendMessage(b []byte, v *event.View, escape func(b []byte, c byte) []byte) []byte {
	b = append(append(append(b, v.Act...), ' '), v.Outcome.String()...)
	for _, group := range []struct {
		prefix string
		object []byte
	}{{" d.", v.Details}, {" ctx.", v.Context}, {" src.", v.Source}} {
		for name, value := range event.RawMembers(group.object) {
			b = append(append(b, group.prefix...), name...)
			b = appendAll(escape(b, '='), value, escape)
		}
	}
	return b
}

// asItIs is the escape of a format without one.
func asItIs(b []byte, c byte) []byte { return append(b, c) }

// inJSON is that of strings in JSON, for text without control characters.
func inJSON(b []byte, c byte) []byte {
	if c == '"' || c == '\\' {
		b = append(b, '\\')
	}
	return append(b, c)
}

// stringOf returns a member of d that is a string, without its quotation marks; nil when it is none.
func stringOf(details []byte, name string) []byte {
	for n, value := range event.RawMembers(details) {
		if string(n) == name && value[0] == '"' {
			return value[1 : len(value)-1]
		}
	}
	return nil
}
