package home

import (
	"fmt"
	"slices"
	"strings"
)

// kind is what a value is, as far as config.toml has a use for it.
type kind int

const (
	isOther kind = iota // numbers, dates and times
	isText
	isTruth
	isList
	isTable
)

// value is a value of the file and where it stands.
type value struct {
	name  string // its key; of a list's elements that of the list
	table *value // of which it is a member, or its list is; nil for the root
	line  int
	kind  kind

	text    string
	is      bool
	list    []*value
	members []*value // of a table, in the order of the file
}

// add makes m a member of a table.
func (v *value) add(name string, m *value) *value {
	m.name, m.table = name, v
	v.members = append(v.members, m)
	return m
}

// element adds an element to a list.
func (v *value) element(e *value) *value {
	e.name, e.table = v.name, v.table
	v.list = append(v.list, e)
	return e
}

// key is the name behind those of the tables around it, as it may stand in an error.
func (v *value) key() string {
	var names []string
	for m := v; m.table != nil; m = m.table {
		names = append(names, m.name)
	}
	slices.Reverse(names)
	return shown(strings.Join(names, "."))
}

// member is a member of a table, or nil.
func (v *value) member(name string) *value {
	i := slices.IndexFunc(v.members, func(m *value) bool { return m.name == name })
	if i < 0 {
		return nil
	}
	return v.members[i]
}

// subtable is the table of that name, which of an array of tables is the last one. There is one
// afterwards, unless another value has the name.
func (v *value) subtable(name string, line int) (*value, error) {
	m := v.member(name)
	if m == nil {
		m = v.add(name, &value{line: line, kind: isTable})
	}
	if m.kind == isList && len(m.list) > 0 {
		m = m.list[len(m.list)-1]
	}
	if m.kind != isTable {
		return nil, m.refuse("given twice")
	}
	return m, nil
}

// refuse is the error that the value cannot be used. It never holds the value: what somebody
// takes for a setting may be a secret.
func (v *value) refuse(format string, args ...any) error {
	return &ConfigError{v.line, v.key() + ": " + fmt.Sprintf(format, args...)}
}

// unknown is the error that nothing has this key.
func (v *value) unknown() error {
	return &ConfigError{v.line, `unknown key "` + v.key() + `"`}
}

// asText is the string that the value is, if check is content with it.
func (v *value) asText(check func(string) error) (string, error) {
	if v.kind != isText {
		return "", v.refuse("not a string")
	}
	if err := check(v.text); err != nil {
		return "", v.refuse("%v", err)
	}
	return v.text, nil
}

// asTruth is the boolean that the value is.
func (v *value) asTruth() (bool, error) {
	if v.kind != isTruth {
		return false, v.refuse("not true or false")
	}
	return v.is, nil
}

// asTexts is the list of strings that the value is: at most so many, each as check wants it, and
// none twice unless that is allowed. An empty list is nil, as one that is not given.
func (v *value) asTexts(most int, again bool, check func(string) error) ([]string, error) {
	if v.kind != isList {
		return nil, v.refuse("not an array of strings")
	}
	if len(v.list) > most {
		return nil, v.refuse("more than %d", most)
	}
	var texts []string
	for i, e := range v.list {
		text, err := e.asText(check)
		if err != nil {
			return nil, err
		}
		if !again && slices.Contains(texts, text) {
			return nil, e.refuse("element %d given twice", i+1)
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// asWord is the word that the value is, one of a few.
func asWord[T ~string](v *value, words ...T) (T, error) {
	if v.kind != isText {
		return "", v.refuse("not a string")
	}
	if !slices.Contains(words, T(v.text)) {
		return "", v.refuse("not %s", alternatives(words))
	}
	return T(v.text), nil
}

// alternatives writes words as "a", "b" or "c".
func alternatives[T ~string](words []T) string {
	var b strings.Builder
	for i, w := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(`"` + string(w) + `"`)
	}
	return b.String()
}
