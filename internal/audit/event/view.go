package event

import (
	"bytes"
	"iter"
	"slices"
)

// Parse reads a line without its line feed. The error is a *SyntaxError.
func Parse(line []byte) (Event, error) {
	var v View
	if err := Scan(line, &v); err != nil {
		return Event{}, err
	}
	return v.Event(), nil
}

// Event copies what the view shows.
func (v *View) Event() Event {
	e := Event{
		N: v.N, Time: v.Time(), Severity: v.Severity, Type: v.Type, Act: string(v.Act), Outcome: v.Outcome,
		Prev: v.Prev, MAC: v.MAC,
	}
	for name, value := range members(v.Source) {
		e.Source.set(name, value)
	}
	for name, value := range members(v.Context) {
		e.Context.set(name, value)
	}
	for name, value := range members(v.Details) {
		e.Details = append(e.Details, Member{string(name), value.decode()})
	}
	return e
}

func (s *Source) set(name []byte, value raw) {
	switch string(name) {
	case "agent":
		s.Agent = value.text()
	case "uid":
		s.UID, s.HasUID = uint32(value.integer()), true
	case "pid":
		s.PID = value.integer()
	case "ppexe":
		s.Parent = value.text()
	case "tty":
		s.TTY = value.text()
	case "host":
		s.Host = value.text()
	case "ver":
		s.Ver = value.text()
	}
}

func (c *Context) set(name []byte, value raw) {
	switch string(name) {
	case "cmd":
		c.Cmd = value.text()
	case "ref":
		c.Ref, c.HasRef = uint64(value.integer()), true
	case "sid":
		c.Session = value.text()
	case "role":
		c.Role = value.text()
	case "ci":
		c.CI = true
	case "sandbox":
		c.Sandbox = value.text()
	case "cfg":
		c.Config = value.text()
	case "skew_ms":
		c.SkewMS = value.integer()
	}
}

// RawMember returns the value of a member as it is written, without the quotation marks of a string
// and with its escapes; nil when there is none. object is one of View's objects.
func RawMember(object []byte, name string) []byte {
	for n, value := range members(object) {
		if string(n) == name {
			return value.bare()
		}
	}
	return nil
}

// RawMembers gives the members of one of View's objects in their order: the name without its
// quotation marks, the value as it is written, a string with them.
func RawMembers(object []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		for name, value := range members(object) {
			if !yield(name, value) {
				return
			}
		}
	}
}

// raw is the value of a member as it is written.
type raw []byte

// bare is a string without its quotation marks; other values are as they are.
func (r raw) bare() []byte {
	if r[0] == '"' {
		return r[1 : len(r)-1]
	}
	return r
}

func (r raw) text() string { return decodeText(r.bare()) }

func (r raw) integer() int64 {
	s := scanner{b: r}
	return s.integer()
}

func (r raw) decode() any {
	switch r[0] {
	case '"':
		return r.text()
	case 't':
		return true
	case 'f':
		return false
	case '[':
		list := []any{}
		for inner := r[1 : len(r)-1]; len(inner) > 0; {
			element, rest := cutValue(inner)
			list = append(list, element.decode())
			inner = bytes.TrimPrefix(rest, []byte(","))
		}
		return list
	}
	return r.integer()
}

// members gives the members of an object that Scan has accepted.
func members(object []byte) iter.Seq2[[]byte, raw] {
	return func(yield func([]byte, raw) bool) {
		for rest := object[1 : len(object)-1]; len(rest) > 0; {
			end := bytes.IndexByte(rest[1:], '"') + 1
			name := rest[1:end]
			value, after := cutValue(rest[end+2:])
			if !yield(name, value) {
				return
			}
			rest = bytes.TrimPrefix(after, []byte(","))
		}
	}
}

// cutValue splits what Scan has accepted behind its first value.
func cutValue(b []byte) (value raw, rest []byte) {
	switch b[0] {
	case '"':
		end := stringEnd(b)
		return b[:end], b[end:]
	case '[':
		i := 1
		for b[i] != ']' {
			if b[i] == '"' {
				i += stringEnd(b[i:])
			} else {
				i++
			}
		}
		return b[:i+1], b[i+1:]
	}
	end := slices.IndexFunc(b, func(c byte) bool { return c == ',' || c == ']' || c == '}' })
	if end < 0 {
		end = len(b)
	}
	return b[:end], b[end:]
}

// stringEnd is the length of the string that b begins with, quotation marks included.
func stringEnd(b []byte) int {
	i := 1
	for b[i] != '"' {
		if b[i] == '\\' {
			i++
		}
		i++
	}
	return i + 1
}
