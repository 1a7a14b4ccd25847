package report_test

import (
	"iter"
	"testing"
	"time"

	"kai/internal/audit/event"
	"kai/internal/audit/report"
)

const logID = "01JGK3F0Q0000000000000000A"

var (
	now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	all = report.Range{From: now.Add(-30 * 24 * time.Hour), To: now}
)

// testLog is a log in the making: lines in order, numbered.
type testLog struct {
	t     testing.TB
	next  uint64
	lines [][]byte
}

// newLog has the events that a log of some age has: the first of all, 90 days ago, and those who
// will act later, before the range.
func newLog(t testing.TB) *testLog {
	l := &testLog{t: t}
	l.add(now.Add(-90*24*time.Hour), "audit.created", event.OK, nil)
	l.add(all.From.Add(-time.Hour), "secret_retrieved", event.OK, event.Details{{Name: "ns", Value: "n1"}})
	return l
}

// change alters an event before it is written.
type change func(*event.Event)

func agent(name string) change { return func(e *event.Event) { e.Source.Agent = name } }
func ref(n uint64) change {
	return func(e *event.Event) { e.Context.Ref, e.Context.HasRef = n, true }
}
func role(name string) change       { return func(e *event.Event) { e.Context.Role = name } }
func level(s event.Severity) change { return func(e *event.Event) { e.Severity = s } }

// add appends an event as the catalogue has it and returns its n.
func (l *testLog) add(at time.Time, act string, out event.Outcome, d event.Details, changes ...change) uint64 {
	l.t.Helper()
	row, ok := event.Lookup(act)
	if !ok {
		l.t.Fatalf("no act %q", act)
	}
	e := event.Event{
		N: l.next, Time: at.UTC().Truncate(time.Microsecond), Severity: row.By[out], Type: row.Type, Act: act, Outcome: out, Details: d,
		Source: event.Source{Agent: "bot", UID: 1000, HasUID: true, Parent: "0123456789abcdef", TTY: "pts/1"},
	}
	for _, c := range changes {
		c(&e)
	}
	if err := e.Check(); err != nil {
		l.t.Fatal(err)
	}
	line, err := e.AppendLine(nil)
	if err != nil {
		l.t.Fatal(err)
	}
	l.lines = append(l.lines, line)
	l.next++
	return e.N
}

func (l *testLog) events() iter.Seq2[*event.View, error] { return views(l.lines) }

func views(lines [][]byte) iter.Seq2[*event.View, error] {
	return func(yield func(*event.View, error) bool) {
		var v event.View
		for _, line := range lines {
			if !yield(&v, event.Scan(line, &v)) {
				return
			}
		}
	}
}

// clean are options under which nothing but events can be wrong.
func clean(l *testLog) report.Options {
	return report.Options{
		LogID: logID, Range: all, Now: now,
		Integrity: report.Integrity{
			Verdict: report.Intact, Scope: "quick", Size: l.next, Root: "jZENs/Wir77dFpoSGyvXAeH1ELT9nvwlJI+gwD3xmXU=",
			SignedTo: l.next, CosignedTo: l.next, AnchoredTo: l.next, NewestCheckpoint: now.Add(-time.Hour),
			NewestAnchor: now.Add(-time.Hour), NewestVerify: now.Add(-time.Hour), Epoch: 3, Sealed: true, Auditors: 1,
		},
	}
}

func (l *testLog) report(changes ...func(*report.Options)) *report.Report {
	l.t.Helper()
	o := clean(l)
	for _, c := range changes {
		c(&o)
	}
	r, err := report.New(o, l.events())
	if err != nil {
		l.t.Fatal(err)
	}
	return r
}

func ago(d time.Duration) time.Time { return now.Add(-d) }
