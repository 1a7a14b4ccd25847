package rule

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"kai/internal/audit/event"
)

// detection is named searches and the condition that combines them.
type detection struct {
	condition expression
}

func (d *detection) matches(e *event.Event) bool { return d.condition.holds(e) }

// search is what stands under one name: any of its alternatives must hold.
type search []alternative

// alternative is tests that must all hold.
type alternative []test

func (s search) holds(e *event.Event) bool {
	for _, a := range s {
		if a.holds(e) {
			return true
		}
	}
	return false
}

func (a alternative) holds(e *event.Event) bool {
	for _, t := range a {
		if !t.holds(e) {
			return false
		}
	}
	return true
}

// detection reads the searches and then the condition, wherever it stands.
func (p *parser) detection(m pair) (*detection, error) {
	members, err := p.mapping(m.value, "detection")
	if err != nil {
		return nil, err
	}
	searches := make(map[string]search)
	var order []pair
	var condition *pair
	for _, s := range members {
		if s.name == "condition" {
			condition = &s
			continue
		}
		if !isSearchName(s.name) {
			return nil, p.fail(s.key, s.name, "not the name of a search")
		}
		if searches[s.name], err = p.search(s); err != nil {
			return nil, err
		}
		order = append(order, s)
	}
	switch {
	case condition == nil:
		return nil, p.fail(m.key, "condition", "missing")
	case len(order) == 0:
		return nil, p.fail(m.key, m.name, "no search beside the condition")
	}
	expr, used, err := p.condition(*condition, searches)
	if err != nil {
		return nil, err
	}
	for _, s := range order {
		if !used[s.name] {
			return nil, p.fail(s.key, s.name, "the condition does not use this search")
		}
	}
	return &detection{expr}, nil
}

// isSearchName keeps names apart from the words of conditions. Sigma leaves names with a leading _
// out of "them"; they are not needed here.
func isSearchName(name string) bool {
	if name == "and" || name == "or" || name == "not" || name == "of" || name == "them" || name == "all" || len(name) > maxID {
		return false
	}
	for i, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return name != ""
}

// search reads a mapping of fields, or a list of those of which one must hold.
func (p *parser) search(m pair) (search, error) {
	if err := p.plain(m.value); err != nil {
		return nil, err
	}
	nodes := []*yaml.Node{m.value}
	if m.value.Kind == yaml.SequenceNode {
		var err error
		if nodes, err = p.list(m, MaxRules); err != nil {
			return nil, err
		}
	}
	var s search
	for _, n := range nodes {
		if n.Kind == yaml.ScalarNode {
			return nil, p.fail(n, m.name, "a search without fields")
		}
		members, err := p.mapping(n, "search "+m.name)
		if err != nil {
			return nil, err
		}
		var a alternative
		for _, f := range members {
			t, err := p.test(f)
			if err != nil {
				return nil, err
			}
			a = append(a, t)
		}
		s = append(s, a)
	}
	return s, nil
}

// test reads FIELD or FIELD|MODIFIER or FIELD|MODIFIER|all and its values.
func (p *parser) test(m pair) (test, error) {
	words := strings.Split(m.name, "|")
	t := test{field: words[0], compare: equals}
	if !event.IsField(t.field) {
		return test{}, p.fail(m.key, t.field, "unknown field")
	}
	for i, word := range words[1:] {
		c := comparison(word)
		switch {
		case word == "all" && !t.all && t.compare.listed():
			t.all = true
		case i == 0 && c.known():
			t.compare = c
		case word == "all" || c.known():
			return test{}, p.fail(m.key, m.name, "modifiers that do not go together")
		default:
			return test{}, p.fail(m.key, m.name, "unknown modifier "+word)
		}
	}
	nodes := []*yaml.Node{m.value}
	if m.value.Kind == yaml.SequenceNode {
		if !t.compare.listed() {
			return test{}, p.fail(m.value, m.name, "takes one value")
		}
		var err error
		if nodes, err = p.list(m, MaxFile); err != nil {
			return test{}, err
		}
	}
	for _, n := range nodes {
		w, err := p.wanted(pair{m.name, m.key, n}, t.compare)
		if err != nil {
			return test{}, err
		}
		t.values = append(t.values, w)
	}
	return t, nil
}
