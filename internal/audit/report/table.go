package report

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// cell is what is known of one name: an act, agent, uid, terminal, parent, secret or key.
type cell struct {
	raw    string // as it is written in lines, without quotation marks
	count  uint64 // events of the range
	before uint64 // events of the range before
	seen   int64  // microseconds of the last event, of any range
	counts []uint32
}

func (c *cell) name() string {
	if c == nil {
		return ""
	}
	return decode(c.raw)
}

// table has the cells of one kind.
type table struct {
	cells map[string]*cell
	rest  uint64 // events in range of names that found no room
}

func newTable() table { return table{cells: make(map[string]*cell)} }

// get returns the cell of a name, nil for no name and when the table is full. Only a new name
// allocates.
func (t *table) get(raw []byte) (c *cell, isNew bool) {
	if len(raw) == 0 {
		return nil, false
	}
	if c = t.cells[string(raw)]; c != nil {
		return c, false
	}
	if len(t.cells) >= maxNames {
		return nil, false
	}
	c = &cell{raw: string(raw)}
	t.cells[c.raw] = c
	return c, true
}

// hit counts an event of the range.
func (t *table) hit(c *cell, present bool) {
	switch {
	case c != nil:
		c.count++
	case present:
		t.rest++
	}
}

// ranked lists the cells that the range has, the most frequent first.
func (t *table) ranked() []*cell {
	var list []*cell
	for _, c := range t.cells {
		if c.count > 0 {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b *cell) int {
		return cmp.Or(cmp.Compare(b.count, a.count), strings.Compare(a.raw, b.raw))
	})
	return list
}

func (t *table) tally() Tally {
	ranked := t.ranked()
	tally := Tally{Distinct: len(ranked), Top: []Count{}, Other: t.rest}
	for i, c := range ranked {
		if i < maxTop {
			tally.Top = append(tally.Top, Count{c.name(), c.count})
		} else {
			tally.Other += c.count
		}
	}
	return tally
}

// decode reads a string as it is between its quotation marks in a line. Lines are JSON.
func decode(raw string) string {
	if !strings.Contains(raw, `\`) {
		return raw
	}
	var s string
	if err := json.Unmarshal([]byte(`"`+raw+`"`), &s); err != nil {
		return raw
	}
	return s
}
