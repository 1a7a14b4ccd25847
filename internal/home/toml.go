package home

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// The library's decoder would fill structs by itself, but takes keys in any case and knows no
// lines once it is done. It is used for what it is best at, to say whether a text is TOML and no
// key is given twice. The values are then taken from the syntax tree, which has the lines.

// parseTOML reads a document of TOML v1.1.0 into its root table. Errors are *ConfigError.
func parseTOML(text []byte) (*value, error) {
	if err := checkText(text); err != nil {
		return nil, err
	}
	if err := toml.Unmarshal(text, &map[string]any{}); err != nil {
		return nil, syntaxError(err)
	}
	d := document{text: text}
	d.parser.Reset(text)
	root := &value{kind: isTable}
	table := root
	for d.parser.NextExpression() {
		n := d.parser.Expression()
		var err error
		switch n.Kind {
		case unstable.Table:
			table, err = d.descend(root, n)
		case unstable.ArrayTable:
			table, err = d.element(root, n)
		case unstable.KeyValue:
			err = d.assign(table, n)
		default:
			err = &ConfigError{0, "unknown syntax"}
		}
		if err != nil {
			return nil, err
		}
	}
	if err := d.parser.Error(); err != nil {
		return nil, syntaxError(err)
	}
	return root, nil
}

// checkText refuses what is no text at all, with texts better than those of a parser.
func checkText(text []byte) error {
	switch {
	case len(text) > maxConfig:
		return &ConfigError{0, fmt.Sprintf("more than %d bytes", maxConfig)}
	case !utf8.Valid(text):
		return &ConfigError{0, "not UTF-8"}
	case bytes.HasPrefix(text, []byte("\ufeff")):
		return &ConfigError{1, "byte order mark"}
	}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		if bytes.ContainsFunc(line, isControl) {
			return &ConfigError{number, "control character"}
		}
	}
	return nil
}

// isControl reports what TOML allows in no line, neither in strings nor in comments.
func isControl(r rune) bool { return r < 0x20 && r != '\t' || r == 0x7f }

// syntaxError takes over what the library says: its words, a character, or the name of a key.
func syntaxError(err error) error {
	line := 0
	var at *toml.DecodeError
	if errors.As(err, &at) {
		line, _ = at.Position()
	}
	return &ConfigError{line, shown(strings.TrimPrefix(err.Error(), "toml: "))}
}

// shown returns foreign text as it may stand in an error: short and visible.
func shown(text string) string {
	if len(text) > maxShown {
		text = strings.ToValidUTF8(text[:maxShown], "") + "…"
	}
	if !strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return text
	}
	quoted := strconv.Quote(text)
	return quoted[1 : len(quoted)-1]
}

// document is one that is TOML; it becomes values.
type document struct {
	text   []byte
	parser unstable.Parser
	breaks []int // offsets of the line feeds, once they are needed
}

// line is where a node stands, or otherwise if it does not say.
func (d *document) line(n *unstable.Node, otherwise int) int {
	if n.Raw.Length == 0 {
		return otherwise
	}
	if d.breaks == nil {
		d.breaks = []int{}
		for i, b := range d.text {
			if b == '\n' {
				d.breaks = append(d.breaks, i)
			}
		}
	}
	before, _ := slices.BinarySearch(d.breaks, int(n.Raw.Offset))
	return before + 1
}

// walk goes from a table along a key to the table that holds its last part, making those that
// are not there yet, and returns that part and its line.
func (d *document) walk(t *value, n *unstable.Node) (table *value, last string, line int, err error) {
	keys := n.Key()
	for keys.Next() {
		part := keys.Node()
		last, line = string(part.Data), d.line(part, t.line)
		if keys.IsLast() {
			break
		}
		if t, err = t.subtable(last, line); err != nil {
			return nil, "", 0, err
		}
	}
	return t, last, line, nil
}

// descend follows a [header].
func (d *document) descend(root *value, n *unstable.Node) (*value, error) {
	t, last, line, err := d.walk(root, n)
	if err != nil {
		return nil, err
	}
	return t.subtable(last, line)
}

// element follows a [[header]].
func (d *document) element(root *value, n *unstable.Node) (*value, error) {
	t, last, line, err := d.walk(root, n)
	if err != nil {
		return nil, err
	}
	list := t.member(last)
	if list == nil {
		list = t.add(last, &value{line: line, kind: isList})
	}
	if list.kind != isList {
		return nil, list.refuse("given twice")
	}
	return list.element(&value{line: line, kind: isTable}), nil
}

// assign follows a key = value.
func (d *document) assign(table *value, n *unstable.Node) error {
	t, last, line, err := d.walk(table, n)
	if err != nil {
		return err
	}
	return d.fill(t.add(last, &value{line: line}), n.Value())
}

// fill gives v what a node holds.
func (d *document) fill(v *value, n *unstable.Node) error {
	v.line = d.line(n, v.line)
	switch n.Kind {
	case unstable.String:
		v.kind, v.text = isText, string(n.Data)
	case unstable.Bool:
		v.kind, v.is = isTruth, string(n.Data) == "true"
	case unstable.Array:
		v.kind = isList
		for each := n.Children(); each.Next(); {
			if err := d.fill(v.element(&value{line: v.line}), each.Node()); err != nil {
				return err
			}
		}
	case unstable.InlineTable:
		v.kind = isTable
		for each := n.Children(); each.Next(); {
			if err := d.assign(v, each.Node()); err != nil {
				return err
			}
		}
	}
	return nil
}
