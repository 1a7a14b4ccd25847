package backend

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxRef bounds a reference: it is typed or stored in a line of configuration.
const maxRef = 1024

// ErrRef: a key reference that is not one.
var ErrRef = errors.New("bad key reference")

// Ref is a parsed key reference.
type Ref struct {
	Scheme     string
	Attributes []Pair
	Query      []Pair
}

// Pair is a name and its decoded value.
type Pair struct{ Name, Value string }

// Syntax is what a scheme allows in its references.
type Syntax struct {
	Scheme     string
	Main       string   // attribute that a part without "=" belongs to
	Opaque     bool     // the attribute part is Main as a whole: it may hold ";" and "="
	Attributes []string // besides Main
	Query      []string
}

// ParseRef reads a reference to a key of one of the schemes.
//
// The error is ErrRef and names the part that is wrong.
func ParseRef(text string, schemes []Syntax) (Ref, error) {
	if len(text) > maxRef {
		return Ref{}, fmt.Errorf("%w: %d bytes, at most %d", ErrRef, len(text), maxRef)
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return Ref{}, fmt.Errorf("%w: control characters", ErrRef)
	}
	scheme, rest, ok := strings.Cut(text, ":")
	if !ok {
		return Ref{}, fmt.Errorf("%w: %q has no scheme (as in file:KEY)", ErrRef, text)
	}
	i := slices.IndexFunc(schemes, func(s Syntax) bool { return s.Scheme == scheme })
	if i < 0 {
		return Ref{}, fmt.Errorf("%w: no key holder is called %q", ErrRef, scheme)
	}
	return schemes[i].parse(rest)
}

func (s Syntax) parse(rest string) (Ref, error) {
	ref := Ref{Scheme: s.Scheme}
	attributes, query, asked := strings.Cut(rest, "?")
	parts := strings.Split(attributes, ";")
	if s.Opaque {
		parts = []string{attributes}
	}
	for i, part := range parts {
		name, value, named := strings.Cut(part, "=")
		if i == 0 && s.Main != "" && (s.Opaque || !named) {
			name, value = s.Main, part
		}
		if err := add(&ref.Attributes, s.Scheme, name, value, append(s.Attributes, s.Main)); err != nil {
			return Ref{}, err
		}
	}
	if !asked {
		return ref, nil
	}
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		if err := add(&ref.Query, s.Scheme, name, value, s.Query); err != nil {
			return Ref{}, err
		}
	}
	return ref, nil
}

func add(pairs *[]Pair, scheme, name, encoded string, known []string) error {
	if name == "" || !slices.Contains(known, name) {
		return fmt.Errorf("%w: %s: has no attribute %q", ErrRef, scheme, name)
	}
	if slices.ContainsFunc(*pairs, func(p Pair) bool { return p.Name == name }) {
		return fmt.Errorf("%w: attribute %s twice", ErrRef, name)
	}
	value, err := url.PathUnescape(encoded)
	if err != nil || value == "" || !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
		return fmt.Errorf("%w: value of %s", ErrRef, name)
	}
	*pairs = append(*pairs, Pair{name, value})
	return nil
}

// Get returns an attribute or query value, "" if it is absent.
func (r Ref) Get(name string) string {
	for _, p := range slices.Concat(r.Attributes, r.Query) {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

// String writes the reference again, names spelled out.
func (r Ref) String() string {
	var b strings.Builder
	b.WriteString(r.Scheme + ":")
	for i, p := range r.Attributes {
		if i > 0 {
			b.WriteByte(';')
		}
		if i > 0 || p.Name != "path" {
			b.WriteString(p.Name + "=")
		}
		b.WriteString(escape(p.Value))
	}
	for i, p := range r.Query {
		b.WriteString([]string{"?", "&"}[min(i, 1)])
		b.WriteString(p.Name + "=" + escape(p.Value))
	}
	return b.String()
}

// escape keeps what RFC 7512 allows in a value and encodes the rest.
func escape(value string) string {
	var b strings.Builder
	for _, c := range []byte(value) {
		plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80 ||
			strings.IndexByte("-._~/:+@,", c) >= 0
		if plain {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
