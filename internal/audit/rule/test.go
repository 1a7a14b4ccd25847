package rule

import (
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"kai/internal/audit/event"
)

// comparison is how a field is held against a value: a modifier, or equals when there is none.
type comparison string

const (
	equals     comparison = ""
	contains   comparison = "contains"
	startsWith comparison = "startswith"
	endsWith   comparison = "endswith"
	matchesRE  comparison = "re"
	exists     comparison = "exists"
	greater    comparison = "gt"
	atLeast    comparison = "gte"
	less       comparison = "lt"
	atMost     comparison = "lte"
)

// known reports whether the word is a modifier; all is one of another kind.
func (c comparison) known() bool {
	switch c {
	case contains, startsWith, endsWith, matchesRE, exists, greater, atLeast, less, atMost:
		return true
	}
	return false
}

// listed reports whether the comparison takes a list of values.
func (c comparison) listed() bool {
	switch c {
	case equals, contains, startsWith, endsWith, matchesRE:
		return true
	}
	return false
}

// test is one field and what it is held against.
type test struct {
	field   string
	compare comparison
	all     bool // every value must be met, not one of them
	values  []wanted
}

// wanted is one value; which member counts depends on the comparison.
type wanted struct {
	text    string // in lower case
	number  int64
	present bool
	re      *regexp.Regexp
}

func (t *test) holds(e *event.Event) bool {
	value, ok := e.Field(t.field)
	if t.compare == exists {
		return ok == t.values[0].present
	}
	if !ok {
		return false
	}
	for _, w := range t.values {
		if w.meets(value, t.compare) != t.all {
			return !t.all
		}
	}
	return t.all
}

// meets holds a value, or for a list any of its elements, against what is wanted.
func (w *wanted) meets(value any, c comparison) bool {
	if list, ok := value.([]any); ok {
		for _, element := range list {
			if w.meets(element, c) {
				return true
			}
		}
		return false
	}
	switch c {
	case greater, atLeast, less, atMost:
		i, ok := value.(int64)
		return ok && w.ordered(i, c)
	case matchesRE:
		return w.re.MatchString(text(value))
	}
	s := strings.ToLower(text(value))
	switch c {
	case contains:
		return strings.Contains(s, w.text)
	case startsWith:
		return strings.HasPrefix(s, w.text)
	case endsWith:
		return strings.HasSuffix(s, w.text)
	}
	return s == w.text
}

func (w *wanted) ordered(i int64, c comparison) bool {
	switch c {
	case greater:
		return i > w.number
	case atLeast:
		return i >= w.number
	case less:
		return i < w.number
	}
	return i <= w.number
}

// text is a value as it is compared and shown.
func text(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case bool:
		return strconv.FormatBool(v)
	case []any:
		var parts []string
		for _, element := range v {
			parts = append(parts, text(element))
		}
		return "[" + strings.Join(parts, " ") + "]"
	}
	return "" // events have no other values
}

// wanted reads one value of a comparison.
func (p *parser) wanted(m pair, c comparison) (w wanted, err error) {
	if err := p.plain(m.value); err != nil {
		return wanted{}, err
	}
	if m.value.Kind != yaml.ScalarNode {
		return wanted{}, p.fail(m.value, m.name, "not a value")
	}
	switch c {
	case exists:
		if m.value.ShortTag() != "!!bool" {
			return wanted{}, p.fail(m.value, m.name, "not true or false")
		}
		w.present = strings.EqualFold(m.value.Value, "true")
		return w, nil
	case greater, atLeast, less, atMost:
		w.number, err = p.integer(m)
		return w, err
	case matchesRE:
		w.re, err = p.regexp(m)
		return w, err
	}
	switch m.value.ShortTag() {
	case "!!str":
		w.text, err = p.literal(m)
	case "!!int":
		_, err = p.integer(m)
		w.text = m.value.Value
	case "!!bool":
		w.text = m.value.Value
	case "!!null":
		err = p.fail(m.value, m.name, "no value; use |exists: false")
	default:
		err = p.fail(m.value, m.name, "not a string, integer or boolean; quote it")
	}
	w.text = strings.ToLower(w.text)
	return w, err
}

// literal reads a string in which Sigma has wildcards: \* \? and \\ stand for the characters
// themselves, a backslash before anything else for itself.
func (p *parser) literal(m pair) (string, error) {
	var b strings.Builder
	s := m.value.Value
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '*' || c == '?':
			return "", p.fail(m.value, s, "wildcards are not supported: use contains, startswith, endswith or re, or a backslash")
		case c == '\\' && i+1 < len(s) && strings.IndexByte(`*?\`, s[i+1]) >= 0:
			i++
			c = s[i]
		}
		b.WriteByte(c)
	}
	if b.Len() == 0 && m.name != "" && strings.Contains(m.name, "|") {
		return "", p.fail(m.value, m.name, "an empty string is in every string")
	}
	return b.String(), nil
}

// regexp reads a regular expression, and bounds what it costs to keep and to run.
func (p *parser) regexp(m pair) (*regexp.Regexp, error) {
	s := m.value.Value
	if m.value.ShortTag() != "!!str" || s == "" || len(s) > maxRegexp {
		return nil, p.fail(m.value, m.name, "not a regular expression of 1 to 256 bytes")
	}
	parsed, err := syntax.Parse(s, syntax.Perl)
	if err != nil {
		return nil, p.fail(m.value, s, "not a regular expression of RE2")
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil || len(program.Inst) > maxProgram {
		return nil, p.fail(m.value, s, "regular expression too large")
	}
	re, err := regexp.Compile(s)
	if err != nil {
		return nil, p.fail(m.value, s, "not a regular expression of RE2")
	}
	return re, nil
}
