package vault

import (
	"slices"
	"strconv"
	"unicode/utf8"

	"kai/internal/canon"
)

// appendMeta writes what canon.Marshal would, without what that costs: a list of a hundred thousand
// secrets is a hundred thousand of these. What it cannot write, canon writes or refuses.
func appendMeta(b []byte, m *Meta) ([]byte, error) {
	e := metaEncoder{b: append(b, '{'), start: len(b)}
	e.number("compromised_since", m.CompromisedSince, false)
	e.number("created", m.Created, true)
	e.list("fields", m.Fields)
	e.text("from", m.From, false)
	e.text("hlc", m.HLC, true)
	e.text("kind", m.Kind, true)
	e.number("last_rotated", m.LastRotated, false)
	e.number("not_after", m.NotAfter, false)
	e.text("of", m.Of, false)
	e.number("overlap_until", m.OverlapUntil, false)
	e.list("parents", m.Parents)
	e.text("path", m.Path, true)
	e.table("public", m.Public)
	e.text("retain", m.Retain, false)
	e.number("rotate_every", m.RotateEvery, false)
	e.text("rotate_with", m.RotateWith, false)
	e.name("scope")
	e.b = append(e.b, '{')
	e.text("agent", m.Scope.Agent, false)
	e.text("module", m.Scope.Module, false)
	e.text("service", m.Scope.Service, false)
	e.b = append(e.b, '}')
	e.list("tags", m.Tags)
	e.number("updated", m.Updated, true)
	e.number("version", int64(m.Version), true)
	e.text("was", m.Was, false)
	e.b = append(e.b, '}')
	if !e.other {
		return e.b, nil
	}
	out, err := canon.Marshal(m)
	return append(b, out...), err
}

type metaEncoder struct {
	b     []byte
	start int
	other bool // something needs the whole of canon
}

func (e *metaEncoder) name(name string) {
	if e.b[len(e.b)-1] != '{' {
		e.b = append(e.b, ',')
	}
	e.b = append(append(append(e.b, '"'), name...), '"', ':')
}

func (e *metaEncoder) number(name string, n int64, always bool) {
	if n == 0 && !always {
		return
	}
	e.other = e.other || n > canon.MaxInteger || n < -canon.MaxInteger
	e.name(name)
	e.b = strconv.AppendInt(e.b, n, 10)
}

func (e *metaEncoder) text(name, s string, always bool) {
	if s == "" && !always {
		return
	}
	e.name(name)
	e.value(s)
}

// value writes a string that needs no escapes.
func (e *metaEncoder) value(s string) {
	for i := range len(s) {
		e.other = e.other || s[i] < 0x20 || s[i] == '"' || s[i] == '\\' || s[i] == 0x7f
	}
	e.other = e.other || !utf8.ValidString(s)
	e.b = append(append(append(e.b, '"'), s...), '"')
}

func (e *metaEncoder) list(name string, list []string) {
	if len(list) == 0 {
		return
	}
	e.name(name)
	e.b = append(e.b, '[')
	for i, s := range list {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.value(s)
	}
	e.b = append(e.b, ']')
}

func (e *metaEncoder) table(name string, m map[string]string) {
	if len(m) == 0 {
		return
	}
	names := make([]string, 0, len(m))
	for k := range m {
		names = append(names, k)
	}
	slices.Sort(names) // names of fields are ASCII, in which this is the order of UTF-16
	e.name(name)
	e.b = append(e.b, '{')
	for _, k := range names {
		for i := range len(k) {
			e.other = e.other || k[i] >= utf8.RuneSelf
		}
		if e.b[len(e.b)-1] != '{' {
			e.b = append(e.b, ',')
		}
		e.value(k)
		e.b = append(e.b, ':')
		e.value(m[k])
	}
	e.b = append(e.b, '}')
}
