package vault

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"kai/internal/canon"
)

// metaDecoder reads canonical JSON: what appendMeta writes, at once, which is the members in their order
// and strings without escapes; other documents as canon does.
type metaDecoder struct {
	b   []byte
	bad bool
	any bool // a member was read, so that a comma must follow
	// Of the documents before: most records of a vault have the same fields, which then share one list.
	kind   string
	fields []string
	names  []byte // fields as they stand in the document
}

// decode reads a document.
func (d *metaDecoder) decode(b []byte, m *Meta) error {
	if d.b, d.bad, d.any = b, false, false; d.object(m) {
		return nil
	}
	*m = Meta{}
	switch err := canon.Unmarshal(b, m); {
	case errors.Is(err, canon.ErrUnknown):
		return fmt.Errorf("meta data: %w", ErrNewer)
	case err != nil:
		return fmt.Errorf("meta data: %w: %w", ErrTampered, err)
	}
	return nil
}

func (d *metaDecoder) object(m *Meta) bool {
	d.must('{')
	m.CompromisedSince = d.number("compromised_since", false)
	m.Created = d.number("created", true)
	m.Fields = d.fieldNames()
	m.From = d.text("from", false)
	m.HLC = d.text("hlc", true)
	m.Kind = d.kindName()
	m.LastRotated = d.number("last_rotated", false)
	m.NotAfter = d.number("not_after", false)
	m.Of = d.text("of", false)
	m.OverlapUntil = d.number("overlap_until", false)
	m.Parents = d.list("parents")
	m.Path = d.text("path", true)
	if d.name("public", false) {
		return false // rare
	}
	m.Retain = d.text("retain", false)
	m.RotateEvery = d.number("rotate_every", false)
	m.RotateWith = d.text("rotate_with", false)
	if d.name("scope", true) {
		d.must('{')
		d.any = false
		m.Scope.Agent = d.text("agent", false)
		m.Scope.Module = d.text("module", false)
		m.Scope.Service = d.text("service", false)
		d.must('}')
		d.any = true
	}
	m.Tags = d.list("tags")
	m.Updated = d.number("updated", true)
	m.Version = uint64(d.number("version", true))
	m.Was = d.text("was", false)
	d.must('}')
	return !d.bad && len(d.b) == 0
}

func (d *metaDecoder) must(c byte) {
	if len(d.b) == 0 || d.b[0] != c {
		d.bad = true
		return
	}
	d.b = d.b[1:]
}

// name reads the name of a member, if it is the next.
func (d *metaDecoder) name(name string, always bool) bool {
	if d.bad {
		return false
	}
	rest := d.b
	if d.any {
		if len(rest) == 0 || rest[0] != ',' {
			d.bad = d.bad || always
			return false
		}
		rest = rest[1:]
	}
	if len(rest) < len(name)+3 || rest[0] != '"' || string(rest[1:1+len(name)]) != name || rest[1+len(name)] != '"' || rest[2+len(name)] != ':' {
		d.bad = d.bad || always
		return false
	}
	d.b, d.any = rest[len(name)+3:], true
	return true
}

// number reads a number of at most 15 digits. An absent member is 0, and a member that is 0 although
// it could be absent is not canonical.
func (d *metaDecoder) number(name string, always bool) int64 {
	if !d.name(name, always) {
		return 0
	}
	n, i := int64(0), 0
	for ; i < len(d.b) && d.b[i] >= '0' && d.b[i] <= '9'; i++ {
		n = n*10 + int64(d.b[i]-'0')
	}
	if i == 0 || i > 15 || i > 1 && d.b[0] == '0' || n == 0 && !always {
		d.bad = true
		return 0
	}
	d.b = d.b[i:]
	return n
}

func (d *metaDecoder) text(name string, always bool) string {
	if !d.name(name, always) {
		return ""
	}
	s := d.value()
	d.bad = d.bad || s == "" && !always
	return s
}

// value reads a string of printable ASCII.
func (d *metaDecoder) value() string { return string(d.bytes()) }

func (d *metaDecoder) bytes() []byte {
	d.must('"')
	end := bytes.IndexByte(d.b, '"')
	if d.bad || end < 0 {
		d.bad = true
		return nil
	}
	text := d.b[:end]
	for _, c := range text {
		if c < 0x20 || c == '\\' || c >= 0x7f {
			d.bad = true
			return nil
		}
	}
	d.b = d.b[end+1:]
	return text
}

// kindName reads the kind.
func (d *metaDecoder) kindName() string {
	if !d.name("kind", true) {
		return ""
	}
	if text := d.bytes(); string(text) != d.kind {
		d.kind = string(text)
	}
	return d.kind
}

// fieldNames reads the names of the fields.
func (d *metaDecoder) fieldNames() []string {
	if len(d.names) > 0 && bytes.HasPrefix(d.b, d.names) && !d.bad {
		d.b, d.any = d.b[len(d.names):], true
		return d.fields
	}
	before := d.b
	list := slices.Clip(d.list("fields"))
	if !d.bad {
		d.fields, d.names = list, append(d.names[:0], before[:len(before)-len(d.b)]...)
	}
	return list
}

func (d *metaDecoder) list(name string) (list []string) {
	if !d.name(name, false) {
		return nil
	}
	d.must('[')
	for !d.bad {
		list = append(list, d.value())
		if len(d.b) > 0 && d.b[0] == ',' {
			d.b = d.b[1:]
			continue
		}
		d.must(']')
		return list
	}
	return nil
}
