package rule

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"kai/internal/audit/event"
)

// correlation reads a correlation; the nodes are the names of the rules.
func (p *parser) correlation(m pair) (*Correlation, []*yaml.Node, error) {
	members, err := p.mapping(m.value, "correlation")
	if err != nil {
		return nil, nil, err
	}
	var c Correlation
	var refs []*yaml.Node
	var condition *pair
	seen := make(map[string]bool)
	for _, s := range members {
		seen[s.name] = true
		switch s.name {
		case "type":
			err = p.correlationType(&c, s)
		case "rules":
			c.Rules, refs, err = p.names(s, nil)
		case "group-by":
			c.GroupBy, _, err = p.names(s, event.IsField)
		case "timespan":
			c.Timespan, err = p.timespan(s)
		case "condition":
			condition = &s
		default:
			err = p.fail(s.key, s.name, "unknown key of correlation")
		}
		if err != nil {
			return nil, nil, err
		}
	}
	for _, name := range []string{"type", "rules", "timespan"} {
		if !seen[name] {
			return nil, nil, p.fail(m.key, name, "missing")
		}
	}
	switch {
	case c.Type == Temporal && condition != nil:
		return nil, nil, p.fail(condition.key, "condition", "a temporal correlation has none")
	case c.Type == Temporal && len(refs) < 2:
		return nil, nil, p.fail(m.key, "rules", "a temporal correlation names two at least")
	case c.Type != Temporal && condition == nil:
		return nil, nil, p.fail(m.key, "condition", "missing")
	case condition != nil:
		if err := p.threshold(&c, *condition); err != nil {
			return nil, nil, err
		}
	}
	return &c, refs, nil
}

func (p *parser) correlationType(c *Correlation, m pair) error {
	word, err := p.text(m, maxID)
	if err != nil {
		return err
	}
	c.Type = Type(word)
	switch c.Type {
	case EventCount, ValueCount, Temporal:
		return nil
	}
	return p.fail(m.value, word, "unknown type of correlation")
}

// names reads a list of different names. isName is nil when anything may be one.
func (p *parser) names(m pair, isName func(string) bool) ([]string, []*yaml.Node, error) {
	nodes, err := p.list(m, maxReferences)
	if err != nil {
		return nil, nil, err
	}
	var names []string
	for _, n := range nodes {
		name, err := p.text(pair{m.name, m.key, n}, maxTitle)
		switch {
		case err != nil:
			return nil, nil, err
		case isName != nil && !isName(name):
			return nil, nil, p.fail(n, name, "unknown field")
		case slices.Contains(names, name):
			return nil, nil, p.fail(n, name, "twice in one list")
		}
		names = append(names, name)
	}
	return names, nodes, nil
}

// timespan reads a number and one of s m h d.
func (p *parser) timespan(m pair) (time.Duration, error) {
	text, err := p.text(m, maxID)
	if err != nil {
		return 0, err
	}
	unit := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}[text[len(text)-1]]
	n, err := strconv.ParseUint(text[:len(text)-1], 10, 32)
	switch {
	case err != nil || unit == 0 || n == 0 || text[0] == '0':
		return 0, p.fail(m.value, text, "not a number and one of s, m, h, d")
	case n > uint64(MaxTimespan/unit):
		return 0, p.fail(m.value, text, "longer than 7d")
	}
	return time.Duration(n) * unit, nil
}

func (p *parser) threshold(c *Correlation, m pair) error {
	members, err := p.mapping(m.value, "condition")
	if err != nil {
		return err
	}
	for _, s := range members {
		switch {
		case s.name == "gte":
			n, err := p.integer(s)
			if err != nil {
				return err
			}
			if n < 1 || n > MaxScan {
				return p.fail(s.value, s.name, fmt.Sprintf("not from 1 to %d", MaxScan))
			}
			c.GTE = int(n)
		case s.name == "field" && c.Type == ValueCount:
			if c.Field, err = p.text(s, maxID); err != nil {
				return err
			}
			if !event.IsField(c.Field) {
				return p.fail(s.value, c.Field, "unknown field")
			}
		case s.name == "field":
			return p.fail(s.key, s.name, "for value_count only")
		default:
			return p.fail(s.key, s.name, "unknown key of a correlation's condition")
		}
	}
	switch {
	case c.GTE == 0:
		return p.fail(m.key, "gte", "missing")
	case c.Type == ValueCount && c.Field == "":
		return p.fail(m.key, "field", "missing")
	}
	return nil
}
