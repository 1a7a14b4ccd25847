package rule

import (
	"crypto/sha256"
	"fmt"
	"iter"
	"slices"
	"time"

	"kai/internal/audit/event"
)

// Evaluate judges the newest event of a log, once it is durable, and returns the violations that it
// brings about, in the order of the rules.
//
// back gives the events before it, from the newest to the oldest. It is called once at most, and
// only when a correlation is about the event; no more than MaxScan events are taken from it, and
// none that is older than the longest timespan that matters. An event is not used after the next
// one has been asked for.
//
// A rule about single events gives a violation for each. A correlation gives one when latest is an
// event of its group, the threshold is reached with it, and the log has no violation of this rule
// and group within the timespan.
//
// When back fails, the error is returned with the violations that what it had given before brings
// about; they are Truncated.
func Evaluate(set Set, latest event.Event, back func() iter.Seq2[*event.Event, error]) ([]Violation, error) {
	if latest.Act == violationAct {
		return nil, nil
	}
	var judged []*judgement
	var open []*judgement // those that need more than the latest event
	for i := range set.rules {
		r := &set.rules[i]
		if !r.Fires() || !Matches(*r, &latest) {
			continue
		}
		j := newJudgement(r, &latest)
		judged = append(judged, j)
		if r.Correlation != nil {
			open = append(open, j)
		}
	}
	err := scan(open, latest.Time, back)
	var violations []Violation
	for _, j := range judged {
		if v, ok := j.violation(); ok {
			violations = append(violations, v)
		}
	}
	return violations, err
}

// scan shows the events before the latest to those that want them.
func scan(open []*judgement, latest time.Time, back func() iter.Seq2[*event.Event, error]) error {
	if len(open) == 0 {
		return nil
	}
	scanned := 0
	for e, err := range back() {
		if err != nil {
			for _, j := range open {
				j.truncated = true
			}
			return fmt.Errorf("events before the latest: %w", err)
		}
		age := latest.Sub(e.Time)
		open = slices.DeleteFunc(open, func(j *judgement) bool { return j.repeated || age > j.rule.Timespan() })
		if len(open) == 0 {
			return nil
		}
		if scanned == MaxScan {
			for _, j := range open {
				j.truncated = true
			}
			return nil
		}
		scanned++
		for _, j := range open {
			j.see(e)
		}
	}
	return nil
}

// judgement is what is known of one rule and the group of the latest event.
type judgement struct {
	rule      *Rule
	group     string
	count     int                   // events
	numbers   []uint64              // of events, descending
	values    map[[32]byte]struct{} // hashes: a value may be as long as a line
	met       []bool                // by detection, for Temporal
	repeated  bool                  // the log has a violation of this rule and group already
	truncated bool
}

func newJudgement(r *Rule, latest *event.Event) *judgement {
	j := &judgement{rule: r}
	if r.Correlation == nil {
		j.group = groupOf(latest, singleGroup[:])
		j.count, j.numbers = 1, []uint64{latest.N}
		return j
	}
	j.group = groupOf(latest, r.Correlation.GroupBy)
	j.met = make([]bool, len(r.detections))
	j.values = make(map[[32]byte]struct{})
	j.add(latest)
	return j
}

// see takes one earlier event into account.
func (j *judgement) see(e *event.Event) {
	if e.Act == violationAct {
		if e.Details.Text("rule") == j.rule.ID && e.Details.Text("group") == j.group {
			j.repeated = true
		}
		return
	}
	if Matches(*j.rule, e) && groupOf(e, j.rule.Correlation.GroupBy) == j.group {
		j.add(e)
	}
}

// add counts an event of the group.
func (j *judgement) add(e *event.Event) {
	news := j.rule.Correlation.Type == EventCount
	switch j.rule.Correlation.Type {
	case ValueCount:
		value, ok := e.Field(j.rule.Correlation.Field)
		if !ok {
			return // without the field it is no event of this correlation
		}
		before := len(j.values)
		j.addValue(value)
		news = len(j.values) > before
	case Temporal:
		for i, d := range j.rule.detections {
			if !j.met[i] && d.matches(e) {
				j.met[i], news = true, true
			}
		}
	}
	j.count++
	j.name(e.N, news)
}

func (j *judgement) addValue(value any) {
	list, ok := value.([]any)
	if !ok {
		j.values[sha256.Sum256([]byte(text(value)))] = struct{}{}
		return
	}
	for _, element := range list {
		j.addValue(element)
	}
}

// name keeps the number of an event. When there are too many, one of a temporal correlation that
// is the first of its rule takes the place of the oldest; the newest of all stays.
func (j *judgement) name(n uint64, news bool) {
	switch {
	case len(j.numbers) < MaxEvents:
		j.numbers = append(j.numbers, n)
	case news && j.rule.Correlation.Type == Temporal:
		j.numbers[MaxEvents-1] = n
	}
}

// violation is the answer.
func (j *judgement) violation() (Violation, bool) {
	r := j.rule
	v := Violation{
		Rule: r.ID, Title: r.Title, Pattern: r.Pattern, Level: r.Level, Group: j.group,
		Count: j.count, Window: r.Timespan(), Events: slices.Clone(j.numbers), Truncated: j.truncated,
	}
	slices.Reverse(v.Events)
	if r.Correlation == nil {
		return v, true
	}
	fired := false
	switch r.Correlation.Type {
	case EventCount:
		fired = j.count >= r.Correlation.GTE
	case ValueCount:
		v.Count = len(j.values)
		fired = v.Count >= r.Correlation.GTE
	case Temporal:
		fired = !slices.Contains(j.met, false)
	}
	return v, fired && !j.repeated
}
