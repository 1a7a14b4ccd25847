package rule

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"kai/internal/audit/event"
)

// Parse reads a file of rules: YAML, a document a rule, at most MaxFile bytes and MaxRules rules.
// No document at all is no rule.
//
// The error is a *SyntaxError. Whatever the package documentation does not name is one: nothing in
// the file is ignored.
func Parse(file []byte) ([]Rule, error) {
	switch {
	case len(file) > MaxFile:
		return nil, &SyntaxError{Reason: fmt.Sprintf("%d bytes, %d at most", len(file), MaxFile)}
	case !utf8.Valid(file):
		return nil, &SyntaxError{Reason: "not UTF-8"}
	}
	p := &parser{file: file}
	var documents []document
	for decoder := yaml.NewDecoder(bytes.NewReader(file)); ; {
		var n yaml.Node
		if err := decoder.Decode(&n); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, p.yamlError(err)
		}
		if len(documents) == MaxRules {
			return nil, p.fail(&n, "", fmt.Sprintf("more than %d rules", MaxRules))
		}
		d, err := p.document(&n)
		if err != nil {
			return nil, err
		}
		documents = append(documents, d)
	}
	return p.link(documents)
}

// parser has the file, for the places in errors.
type parser struct {
	file []byte
}

// document is one rule as read, its correlation not yet linked.
type document struct {
	rule Rule
	node *yaml.Node   // the document's mapping
	refs []*yaml.Node // the names under correlation.rules
}

// pair is one member of a mapping.
type pair struct {
	name       string
	key, value *yaml.Node
}

// Alphabets of names.
const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	digits = "0123456789"
	letter = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// isID reports whether s can be the id of a rule: the first character is a letter or digit.
func isID(s string) bool { return isName(s, letter+digits, letter+digits+"._-") }

// isPattern reports whether s can be the name of a pattern: the first character is a letter.
func isPattern(s string) bool { return isName(s, lower, lower+digits+"_") }

func isName(s, first, rest string) bool {
	return s != "" && strings.IndexByte(first, s[0]) >= 0 && strings.Trim(s, rest) == ""
}

func (p *parser) document(n *yaml.Node) (document, error) {
	if n.Kind != yaml.DocumentNode || len(n.Content) != 1 {
		return document{}, p.fail(n, "", "not a document")
	}
	top := n.Content[0]
	members, err := p.mapping(top, "a rule")
	if err != nil {
		return document{}, err
	}
	d := document{node: top}
	seen := make(map[string]*yaml.Node)
	for _, m := range members {
		seen[m.name] = m.key
		if err := p.member(&d, m); err != nil {
			return document{}, err
		}
	}
	switch {
	case seen["title"] == nil:
		return document{}, p.fail(top, "title", "missing")
	case seen["detection"] == nil && seen["correlation"] == nil:
		return document{}, p.fail(top, "detection", "missing, and so is correlation")
	case seen["detection"] != nil && seen["correlation"] != nil:
		return document{}, p.fail(seen["correlation"], "correlation", "a rule has detection or correlation, not both")
	case seen["detection"] != nil && seen["logsource"] == nil:
		return document{}, p.fail(top, "logsource", "missing")
	case seen["correlation"] != nil && d.rule.Level == 0:
		return document{}, p.fail(top, "level", "missing")
	}
	if d.rule.ID == "" {
		d.rule.ID = d.rule.Title
	}
	if d.rule.Pattern == "" {
		d.rule.Pattern = d.rule.ID
	}
	return d, nil
}

// member reads one member of a rule.
func (p *parser) member(d *document, m pair) (err error) {
	switch m.name {
	case "title":
		d.rule.Title, err = p.text(m, maxTitle)
	case "id":
		d.rule.ID, err = p.form(m, maxID, isID, "letters, digits and . _ - only")
	case "kai_pattern":
		d.rule.Pattern, err = p.form(m, maxPattern, isPattern, "lower-case letters, digits and _ only")
	case "level":
		d.rule.Level, err = p.level(m)
	case "logsource":
		err = p.logsource(m)
	case "detection":
		var own *detection
		own, err = p.detection(m)
		d.rule.detections = []*detection{own}
	case "correlation":
		d.rule.Correlation, d.refs, err = p.correlation(m)
	default:
		err = p.fail(m.key, m.name, "unknown key of a rule")
	}
	return err
}

// link resolves what correlations name, within the file.
func (p *parser) link(documents []document) ([]Rule, error) {
	byName := make(map[string]int)
	for i, d := range documents {
		for _, name := range uniqueNames(d.rule) {
			if _, taken := byName[name]; taken {
				return nil, p.fail(d.node, name, "two rules of this id or title")
			}
			byName[name] = i
		}
	}
	rules := make([]Rule, len(documents))
	for i, d := range documents {
		rules[i] = d.rule
	}
	for i, d := range documents {
		var targets []int
		for _, ref := range d.refs {
			target, ok := byName[ref.Value]
			switch {
			case !ok:
				return nil, p.fail(ref, ref.Value, "no rule of this id or title in the file")
			case rules[target].Correlation != nil:
				return nil, p.fail(ref, ref.Value, "a correlation cannot be correlated")
			}
			if slices.Contains(targets, target) {
				return nil, p.fail(ref, ref.Value, "twice in one list")
			}
			targets = append(targets, target)
			rules[target].referred = true
			rules[i].detections = append(rules[i].detections, rules[target].detections...)
		}
	}
	for i, d := range documents {
		if r := rules[i]; r.Level == 0 && !r.referred {
			return nil, p.fail(d.node, "level", "missing, and no correlation names the rule")
		}
	}
	return rules, nil
}

func uniqueNames(r Rule) []string {
	if r.ID == r.Title {
		return []string{r.ID}
	}
	return []string{r.ID, r.Title}
}

func (p *parser) level(m pair) (event.Severity, error) {
	word, err := p.text(m, maxID)
	if err != nil {
		return 0, err
	}
	if word == "informational" { // Sigma's word
		return event.Info, nil
	}
	level, err := event.ParseSeverity(word)
	if err != nil {
		return 0, p.fail(m.value, word, "unknown level")
	}
	return level, nil
}

func (p *parser) logsource(m pair) error {
	members, err := p.mapping(m.value, "logsource")
	if err != nil {
		return err
	}
	product := ""
	for _, s := range members {
		if s.name != "product" {
			return p.fail(s.key, s.name, "unknown key of logsource")
		}
		if product, err = p.text(s, maxID); err != nil {
			return err
		}
		if product != "kai" {
			return p.fail(s.value, product, "not the product kai")
		}
	}
	if product == "" {
		return p.fail(m.key, "product", "missing")
	}
	return nil
}

// mapping reads an object that is not empty, with names that differ.
func (p *parser) mapping(n *yaml.Node, what string) ([]pair, error) {
	if err := p.plain(n); err != nil {
		return nil, err
	}
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		return nil, p.fail(n, "", what+" is not a mapping with members")
	}
	var members []pair
	seen := make(map[string]bool)
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		if err := p.plain(key); err != nil {
			return nil, err
		}
		if key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str" {
			return nil, p.fail(key, key.Value, "not a name")
		}
		if seen[key.Value] {
			return nil, p.fail(key, key.Value, "twice in one mapping")
		}
		seen[key.Value] = true
		members = append(members, pair{key.Value, key, n.Content[i+1]})
	}
	return members, nil
}

// list reads a sequence that is not empty.
func (p *parser) list(m pair, atMost int) ([]*yaml.Node, error) {
	if err := p.plain(m.value); err != nil {
		return nil, err
	}
	if m.value.Kind != yaml.SequenceNode || len(m.value.Content) == 0 {
		return nil, p.fail(m.value, m.name, "not a list with elements")
	}
	if len(m.value.Content) > atMost {
		return nil, p.fail(m.value, m.name, fmt.Sprintf("more than %d elements", atMost))
	}
	return m.value.Content, nil
}

// text reads a string of one line.
func (p *parser) text(m pair, limit int) (string, error) {
	if err := p.plain(m.value); err != nil {
		return "", err
	}
	s := m.value.Value
	switch {
	case m.value.Kind != yaml.ScalarNode || m.value.ShortTag() != "!!str":
		return "", p.fail(m.value, m.name, "not a string")
	case s == "" || len(s) > limit:
		return "", p.fail(m.value, m.name, fmt.Sprintf("not of 1 to %d bytes", limit))
	case strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "", p.fail(m.value, m.name, "has a character that cannot be printed")
	}
	return s, nil
}

func (p *parser) form(m pair, limit int, form func(string) bool, reason string) (string, error) {
	s, err := p.text(m, limit)
	if err == nil && !form(s) {
		err = p.fail(m.value, m.name, reason)
	}
	return s, err
}

// integer reads a decimal number.
func (p *parser) integer(m pair) (int64, error) {
	if err := p.plain(m.value); err != nil {
		return 0, err
	}
	i, err := strconv.ParseInt(m.value.Value, 10, 64)
	if m.value.Kind != yaml.ScalarNode || m.value.ShortTag() != "!!int" || err != nil || strconv.FormatInt(i, 10) != m.value.Value {
		return 0, p.fail(m.value, m.name, "not a decimal integer")
	}
	return i, nil
}

// plain refuses what would let one part of the file stand for another, or mean something else than
// it looks like.
func (p *parser) plain(n *yaml.Node) error {
	switch {
	case n.Kind == yaml.AliasNode:
		return p.fail(n, "*"+n.Value, "aliases are not allowed")
	case n.Anchor != "":
		return p.fail(n, "&"+n.Anchor, "anchors are not allowed")
	case n.Style&yaml.TaggedStyle != 0:
		return p.fail(n, n.Tag, "tags are not allowed")
	}
	return nil
}

func (p *parser) fail(n *yaml.Node, key, reason string) error {
	return &SyntaxError{Line: n.Line, Offset: p.offset(n.Line, n.Column), Key: key, Reason: reason}
}

// yamlError gives an error of the YAML reader its place. It has it in its text only.
func (p *parser) yamlError(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	e := &SyntaxError{Reason: "not YAML: " + text}
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		number, reason, _ := strings.Cut(rest, ": ")
		if line, err := strconv.Atoi(number); err == nil {
			e.Line, e.Offset, e.Reason = line, p.offset(line, 1), "not YAML: "+reason
		}
	}
	e.Reason = strings.Map(printable, short(e.Reason))
	return e
}

func printable(r rune) rune {
	if !unicode.IsPrint(r) {
		return unicode.ReplacementChar
	}
	return r
}

// offset finds a line and column, both from 1, as the YAML reader counts them: in characters, and
// with all of YAML 1.1's line breaks.
func (p *parser) offset(line, column int) int {
	at := 0
	for l, c := 1, 1; at < len(p.file) && (l < line || l == line && c < column); {
		r, size := utf8.DecodeRune(p.file[at:])
		at += size
		c++
		switch r {
		case '\r':
			if at < len(p.file) && p.file[at] == '\n' {
				at++
			}
			l, c = l+1, 1
		case '\n', '\u0085', '\u2028', '\u2029':
			l, c = l+1, 1
		}
	}
	return at
}
