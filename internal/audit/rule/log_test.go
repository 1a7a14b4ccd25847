package rule_test

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"kai/internal/audit/event"
	"kai/internal/audit/rule"
)

var start = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

// memory is a log that judges each event as it comes, and records the violations.
type memory struct {
	t      testing.TB
	set    rule.Set
	events []event.Event
	reads  int // events taken by the last Evaluate
}

func newLog(t testing.TB, files ...[]rule.Rule) *memory {
	t.Helper()
	set, err := rule.NewSet(files...)
	if err != nil {
		t.Fatal(err)
	}
	return &memory{t: t, set: set}
}

// append records e at an age after the start, judges it, records what that gives, and returns the
// violations in the form PATTERN/LEVEL [GROUP] COUNT.
func (m *memory) append(after time.Duration, e event.Event) []string {
	m.t.Helper()
	e.N, e.Time = uint64(len(m.events)), start.Add(after)
	m.events = append(m.events, e)
	violations, err := rule.Evaluate(m.set, e, m.back)
	if err != nil {
		m.t.Fatal(err)
	}
	var got []string
	for _, v := range violations {
		got = append(got, fmt.Sprintf("%s/%s [%s] %d", v.Pattern, v.Level, v.Group, v.Count))
		record := v.Event()
		record.N, record.Time = uint64(len(m.events)), e.Time
		if err := record.Check(); err != nil {
			m.t.Errorf("the violation cannot be recorded: %v", err)
		}
		line, err := record.AppendLine(nil)
		if err != nil {
			m.t.Fatal(err)
		}
		if record, err = event.Parse(line); err != nil {
			m.t.Fatal(err)
		}
		m.events = append(m.events, record)
	}
	return got
}

// back hands out one variable again and again, as a reader of a file may.
func (m *memory) back() iter.Seq2[*event.Event, error] {
	newest := len(m.events) - 2
	m.reads = 0
	return func(yield func(*event.Event, error) bool) {
		var e event.Event
		for i := newest; i >= 0; i-- {
			m.reads++
			e = m.events[i]
			if !yield(&e, nil) {
				return
			}
		}
	}
}

// made is an event of the catalogue.
func made(act string, out event.Outcome, details ...event.Member) event.Event {
	row, ok := event.Lookup(act)
	if !ok {
		panic(act)
	}
	e := event.Event{
		Severity: row.By[out], Type: row.Type, Act: act, Outcome: out,
		Source: event.Source{UID: 1000, HasUID: true, Agent: "bot"}, Details: details,
	}
	return e
}

func d(name string, value any) event.Member { return event.Member{Name: name, Value: value} }

func same(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

// parse reads rules that must be good.
func parse(t testing.TB, file string) []rule.Rule {
	t.Helper()
	rules, err := rule.Parse([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func TestBackThatFails(t *testing.T) {
	broken := errors.New("line 7: mac")
	set, err := rule.NewSet(rule.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	failed := made("vault_unlock_failed", event.Fail)
	failed.Time = start
	violations, err := rule.Evaluate(set, failed, func() iter.Seq2[*event.Event, error] {
		return func(yield func(*event.Event, error) bool) {
			for range 4 {
				if !yield(&failed, nil) {
					return
				}
			}
			yield(nil, broken)
		}
	})
	if !errors.Is(err, broken) || len(violations) != 1 || !violations[0].Truncated {
		t.Errorf("%+v, %v", violations, err)
	}
}
