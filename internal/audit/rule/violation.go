package rule

import (
	"time"

	"kai/internal/audit/event"
)

// violationAct is the act under which violations are recorded.
const violationAct = "audit.violation"

// Violation says that a rule has fired.
type Violation struct {
	Rule      string // id
	Title     string
	Pattern   string
	Level     event.Severity
	Group     string // FIELD=VALUE, FIELD=VALUE; "" when the rule has no group-by
	Count     int    // events, or different values for a value_count
	Window    time.Duration
	Events    []uint64 // numbers, ascending: the newest MaxEvents
	Truncated bool     // not all events of the window were read
}

// Event is the violation as it is recorded; the caller adds its source and context. The outcome is
// ok: what happened is that a rule fired, and that went well.
func (v *Violation) Event() event.Event {
	return event.Event{
		Severity: v.Level, Type: event.SecurityViolation, Act: violationAct, Outcome: event.OK, Details: v.Details(),
	}
}

// Details are the members of d. group is always there, since the next judgement looks for it.
func (v *Violation) Details() event.Details {
	numbers := make([]any, len(v.Events))
	for i, n := range v.Events {
		numbers[i] = int64(n)
	}
	d := event.Details{
		{Name: "count", Value: int64(v.Count)},
		{Name: "events", Value: numbers},
		{Name: "group", Value: v.Group},
		{Name: "pattern", Value: v.Pattern},
		{Name: "rule", Value: v.Rule},
		{Name: "rule_level", Value: v.Level.String()},
		{Name: "title", Value: v.Title},
	}
	if v.Truncated {
		d = append(d, event.Member{Name: "truncated", Value: true})
	}
	return append(d, event.Member{Name: "window_s", Value: int64(v.Window / time.Second)})
}
