package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"kai/internal/audit/event"
)

// State says whether somebody has answered for a violation.
type State string

// The states.
const (
	Open         State = "open"
	Acknowledged State = "acknowledged"
)

// Violation is one violation of a pattern.
type Violation struct {
	ID       string    `json:"id"` // of the event that reports it; of several, the newest
	N        uint64    `json:"n"`
	Time     time.Time `json:"t"`
	Pattern  string    `json:"pattern"`
	Rule     string    `json:"rule"`
	Title    string    `json:"title,omitempty"`
	Group    string    `json:"group"`
	Severity string    `json:"severity"`
	Count    uint64    `json:"count"`
	WindowS  int64     `json:"window_s"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Events   []string  `json:"events"` // at most 20
	State    State     `json:"state"`

	severity event.Severity
	act      string // of a violation that no rule reported
	events   []uint64
	rows     []uint64 // the events to acknowledge
}

// direct is the events of one act that are violations themselves, of one group.
type direct struct {
	violation Violation
	events    []instant
	beyond    uint64 // events not remembered
}

// violation takes an event of the type security_violation. These are rare: it may allocate.
func (c *collector) violation(v *event.View, m mark, class actClass) {
	if v.Outcome == event.Begin {
		return
	}
	e := v.Event()
	if class == violationAct {
		c.ruleViolation(&e)
		return
	}
	group := m.agent.name()
	if group == "" && e.Source.HasUID {
		group = "uid " + m.uid.name()
	}
	key := e.Act + "\x00" + group
	d := c.direct[key]
	if d == nil {
		if len(c.direct) >= maxViolations {
			return
		}
		d = &direct{violation: Violation{Rule: e.Act, Group: group, act: e.Act, Pattern: cmp.Or(e.Details.Text("pattern"), e.Act)}}
		c.direct[key] = d
	}
	d.violation.severity = max(d.violation.severity, e.Severity)
	if len(d.events) < maxDirect {
		d.events = append(d.events, instant{v.N, v.Micros})
	} else {
		d.beyond++
	}
}

// ruleViolation takes an event audit.violation.
func (c *collector) ruleViolation(e *event.Event) {
	pattern := cmp.Or(e.Details.Text("pattern"), e.Details.Text("rule"), e.Act)
	violation := Violation{
		ID: c.id(e.N), N: e.N, Time: e.Time, Pattern: pattern, Rule: e.Details.Text("rule"), Title: e.Details.Text("title"),
		Group: text(e.Details.Get("group")), WindowS: e.Details.Int("window_s"), severity: e.Severity, rows: []uint64{e.N},
	}
	list, _ := e.Details.Get("events").([]any)
	for _, value := range list {
		if n, ok := eventNumber(value); ok {
			violation.events = append(violation.events, n)
			c.covered[n] = true
		}
	}
	violation.Count = uint64(max(e.Details.Int("count"), int64(len(violation.events)), 1))
	violation.First = e.Time.Add(-time.Duration(violation.WindowS) * time.Second)
	violation.Last = e.Time
	for i, n := range violation.events {
		at := c.times[n%timesKept]
		switch {
		case at.n != n || at.micros == 0:
		case i == 0:
			violation.First, violation.Last = time.UnixMicro(at.micros).UTC(), time.UnixMicro(at.micros).UTC()
		default:
			violation.First = earlier(violation.First, time.UnixMicro(at.micros).UTC())
			violation.Last = later(violation.Last, time.UnixMicro(at.micros).UTC())
		}
	}
	c.violations = append(c.violations, violation)
}

// acknowledge takes an event audit.acknowledged.
func (c *collector) acknowledge(v *event.View) {
	if n, ok := number(event.RawMember(v.Details, "at")); ok {
		c.acknowledged[n] = true
	}
}

// eventNumber reads n, or LOGID:n.
func eventNumber(value any) (uint64, bool) {
	switch value := value.(type) {
	case int64:
		return uint64(value), value >= 0
	case string:
		n, err := strconv.ParseUint(value[strings.LastIndexByte(value, ':')+1:], 10, 63)
		return n, err == nil
	}
	return 0, false
}

func text(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	case []any:
		var parts []string
		for _, v := range value {
			parts = append(parts, text(v))
		}
		return strings.Join(parts, ", ")
	}
	return fmt.Sprint(value)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// allViolations are those of rules and the direct ones that no rule covers, the open, grave and
// new ones first.
func (c *collector) allViolations() (list []Violation, counts ViolationCounts) {
	list = append([]Violation{}, c.violations...)
	for _, d := range c.direct {
		if v, ok := c.directViolation(d); ok {
			list = append(list, v)
		}
	}
	for i := range list {
		v := &list[i]
		v.State = Acknowledged
		if slices.ContainsFunc(v.rows, func(n uint64) bool { return !c.acknowledged[n] }) {
			v.State = Open
			counts.Open++
		} else {
			counts.Acknowledged++
		}
		v.Severity = v.severity.String()
		v.Events = []string{}
		for _, n := range v.events[:min(len(v.events), maxIDs)] {
			v.Events = append(v.Events, c.id(n))
		}
	}
	slices.SortFunc(list, func(a, b Violation) int {
		return cmp.Or(strings.Compare(string(b.State), string(a.State)), cmp.Compare(b.severity, a.severity), cmp.Compare(b.N, a.N))
	})
	return list[:min(len(list), maxViolations)], counts
}

func (c *collector) directViolation(d *direct) (Violation, bool) {
	v := d.violation
	events := slices.DeleteFunc(slices.Clone(d.events), func(at instant) bool { return c.covered[at.n] })
	if len(events) == 0 {
		return v, false
	}
	first, last := events[0], events[len(events)-1]
	v.N, v.ID, v.Time = last.n, c.id(last.n), time.UnixMicro(last.micros).UTC()
	v.First, v.Last = time.UnixMicro(first.micros).UTC(), v.Time
	v.Count = uint64(len(events)) + d.beyond
	v.WindowS = int64(v.Last.Sub(v.First) / time.Second)
	for _, at := range events {
		v.events = append(v.events, at.n)
	}
	v.rows = v.events
	return v, true
}
