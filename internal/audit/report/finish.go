package report

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"kai/internal/audit/event"
)

// report makes the report of what was collected.
func (c *collector) report() *Report {
	o := c.options
	r := &Report{
		Schema: Schema, LogID: o.LogID, Created: o.Now.UTC(), Range: Range{o.Range.From.UTC(), o.Range.To.UTC()},
		Filters: append([]Filter{}, o.Filters...), Integrity: o.Integrity, Summary: c.summary(), Trends: c.trends(),
	}
	r.Integrity.Findings = append([]Finding{}, r.Integrity.Findings...)
	r.Integrity.Acknowledged = append([]uint64{}, r.Integrity.Acknowledged...)
	r.Violations, r.Summary.Violations = c.allViolations()
	r.Metrics = c.metrics(r)
	r.Recommendations = c.recommendations(r)
	r.OK = r.Exit(o.FailOn) == 0
	return r
}

func (c *collector) summary() Summary {
	s := Summary{
		Events: c.events, Bytes: c.bytes, Malformed: c.malformed, Acts: c.acts.tally(), Agents: c.agents.tally(), UIDs: c.uids.tally(),
		Hours: c.hours, Secrets: c.secrets.tally(), Keys: c.keys.tally(), Gaps: c.gaps, Unfinished: c.unfinished(),
	}
	for _, t := range event.Types() {
		s.Types = append(s.Types, Count{t.String(), c.types[t]})
	}
	for _, severity := range event.Severities() {
		s.Severities = append(s.Severities, Count{severity.String(), c.bySeverity[severity]})
	}
	for _, outcome := range event.Outcomes() {
		s.Outcomes = append(s.Outcomes, Count{outcome.String(), c.outcomes[outcome]})
	}
	if c.first.set {
		first, last := c.reference(c.first), c.reference(c.last)
		s.First, s.Last = &first, &last
	}
	return s
}

func (c *collector) unfinished() Unfinished {
	u := Unfinished{Count: uint64(len(c.begun)) + c.begunBeyond, Events: []Reference{}}
	newest := slices.SortedFunc(maps.Values(c.begun), func(a, b mark) int { return cmp.Compare(b.n, a.n) })
	for _, m := range newest[:min(len(newest), maxListed)] {
		u.Events = append(u.Events, c.reference(m))
	}
	return u
}

func (c *collector) metrics(r *Report) Metrics {
	perDay := float64(day) / float64(r.Range.Length())
	m := Metrics{
		EventsPerDay: float64(c.events) * perDay, BytesPerDay: float64(c.bytes) * perDay,
		Failed: c.outcomes[event.Fail], Denied: c.outcomes[event.Deny], HighOrAbove: c.bySeverity[event.High] + c.bySeverity[event.Critical],
		Unfinished: r.Summary.Unfinished.Count, ViolationsOpen: r.Summary.Violations.Open, SizeEvents: r.Integrity.Size,
		UnsignedEvents: r.Integrity.unsigned(), UnanchoredEvents: r.Integrity.unanchored(), OutboxPending: c.options.Environment.OutboxPending,
		LastCheckpoint: seconds(r.Integrity.NewestCheckpoint), LastVerify: seconds(r.Integrity.NewestVerify), VerifyOK: r.Integrity.Verdict == Intact,
	}
	if r.Summary.Last != nil {
		m.LastEvent = seconds(r.Summary.Last.Time)
	}
	return m
}

func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
