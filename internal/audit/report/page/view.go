package page

import (
	"cmp"
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"kai/internal/audit/report"
)

const (
	minuteLayout = "2006-01-02 15:04"
	secondLayout = "2006-01-02 15:04:05"
)

// view is what the template shows.
type view struct {
	Policy  string
	Style   template.CSS
	Report  *report.Report
	Title   string
	Verdict verdict
	Range   string
	Length  string
	Made    string
	Figures []figure
	Facts   []fact

	Timeline timeline
	Heat     heat
	Types    barChart
	Agents   barChart
	Trends   []trendRow

	Findings        []finding
	Violations      []violation
	MoreViolations  int
	Recommendations []recommendation
	Standouts       []standout
	Appendix        []table
	BeforePartial   bool
}

// verdict is the headline.
type verdict struct {
	Class string // good bad unsure
	Title string
	Text  string
}

type figure struct {
	Label string
	Value string
	Note  string
	Class string // of the note
}

type fact struct{ Name, Value string }

type finding struct{ Place, Check, Text string }

type badge struct{ Class, Letter, Word string }

type violation struct {
	Severity                             badge
	Pattern, Title, Group, Count, Window string
	First, Last, ID                      string
	Events                               []string
	More                                 int
	Open                                 bool
}

// standout is something that was not so before.
type standout struct{ Kind, Text, When string }

type recommendation struct {
	ID       string
	Severity badge
	Text     string
	Command  string
	Evidence []string
	More     int
}

// table is a table of the appendix.
type table struct {
	Title  string
	Note   string
	Head   []string
	Rows   [][]string
	Count  string
	Hidden int
}

func newView(r *report.Report) view {
	v := view{
		Policy: policy(), Style: template.CSS(style), Report: r, Verdict: newVerdict(r),
		Range:  r.Range.From.Format(minuteLayout) + " – " + r.Range.To.Format(minuteLayout) + " UTC",
		Length: length(r.Range.Length()), Made: r.Created.Format(secondLayout) + " UTC",
		Figures: figures(r), Facts: facts(r), BeforePartial: r.Trends.BeforePartial,
		Timeline: newTimeline(r), Heat: newHeat(r), Types: typeBars(r), Agents: agentBars(r), Trends: trendRows(r),
		Standouts: standouts(r), Appendix: appendix(r),
	}
	v.Title = v.Verdict.Title + " – audit report"
	for _, f := range r.Integrity.Findings {
		v.Findings = append(v.Findings, finding{place(f), f.Check, f.Text})
	}
	for i := range r.Violations {
		if i == maxViolations {
			break
		}
		v.Violations = append(v.Violations, newViolation(&r.Violations[i]))
	}
	v.MoreViolations = r.Summary.Violations.Open + r.Summary.Violations.Acknowledged - len(v.Violations)
	for _, rec := range r.Recommendations {
		shown := numbers(rec.Evidence)
		v.Recommendations = append(v.Recommendations, recommendation{
			rec.ID, newBadge(rec.Severity), rec.Text, rec.Command, shown, len(rec.Evidence) - len(shown),
		})
	}
	return v
}

func newVerdict(r *report.Report) verdict {
	n := group(r.Integrity.Size)
	findings := plural(len(r.Integrity.Findings), "finding")
	switch r.Integrity.Verdict {
	case report.Intact:
		return verdict{"good", "The log is intact", "All " + n + " events are as they were written" + scope(r) + "."}
	case report.Tampered:
		return verdict{"bad", "The log was tampered with", "Verifying its " + n + " events gave " + findings + scope(r) + "."}
	case report.Locked:
		return verdict{"unsure", "Verified as far as is public", "Order, tree and signatures of " + n + " events hold; their MACs need the owner's or an auditor's key."}
	}
	return verdict{"unsure", "The log could not be verified whole", "Something to verify its " + n + " events with is missing: " + findings + scope(r) + "."}
}

func scope(r *report.Report) string {
	switch r.Integrity.Scope {
	case "quick":
		return "; checked since the last verified checkpoint"
	case "public":
		return "; checked without MACs"
	}
	return ""
}

func figures(r *report.Report) []figure {
	m := &r.Metrics
	violations := plural(r.Summary.Violations.Acknowledged, "acknowledged")
	list := []figure{
		{Label: "Events", Value: group(r.Summary.Events)},
		{Label: "Open violations", Value: group(r.Summary.Violations.Open), Note: strings.TrimSuffix(violations, "s")},
		{Label: "High or critical", Value: group(m.HighOrAbove)},
		{Label: "Failed", Value: group(m.Failed), Note: share(m.Failed, r.Summary.Events)},
		{Label: "Denied", Value: group(m.Denied)},
		{Label: "Unfinished", Value: group(m.Unfinished), Note: "begun, no outcome"},
	}
	for _, t := range r.Trends.Series {
		for i, series := range []string{"all", "", "severity_high", "", "denials"} {
			if series == t.Series {
				list[i].Note, list[i].Class = change(t)
			}
		}
	}
	return list
}

// change says how a series moved.
func change(t report.Trend) (note, class string) {
	switch t.Trend {
	case report.Up:
		return "▲ up from " + group(t.Before), "up"
	case report.Down:
		return "▼ down from " + group(t.Before), "down"
	}
	return "steady, " + group(t.Before) + " before", ""
}

func share(part, whole uint64) string {
	if whole == 0 {
		return "of no events"
	}
	return strconv.FormatFloat(100*float64(part)/float64(whole), 'f', 1, 64) + " % of events"
}

func facts(r *report.Report) []fact {
	i := &r.Integrity
	sealed := "sealed"
	if !i.Sealed {
		sealed = "unsealed"
	}
	list := []fact{
		{"Signed", upTo(i.SignedTo, i.Size)},
		{"Cosigned", upTo(i.CosignedTo, i.Size)},
		{"Anchored", upTo(i.AnchoredTo, i.Size)},
		{"Newest checkpoint", ago(i.NewestCheckpoint, r.Created)},
		{"Newest anchor", ago(i.NewestAnchor, r.Created)},
		{"Last full verify", ago(i.NewestVerify, r.Created)},
		{"Epoch", fmt.Sprintf("%d, %s", i.Epoch, sealed)},
		{"Auditors", strconv.Itoa(i.Auditors)},
	}
	return append(list, fact{"Root", cmp.Or(i.Root, "none")})
}

func upTo(n, size uint64) string {
	switch {
	case n == 0:
		return "nothing"
	case n >= size:
		return "all events"
	}
	return group(n) + ", " + group(size-n) + " to go"
}

func newViolation(v *report.Violation) violation {
	out := violation{
		Severity: newBadge(v.Severity), Pattern: clip(v.Pattern), Title: clip(v.Title), Group: clip(v.Group), Count: times(v.Count),
		First: v.First.Format(secondLayout), Last: v.Last.Format(secondLayout), ID: number(v.ID), Open: v.State == report.Open,
	}
	if v.WindowS > 0 {
		out.Window = length(time.Duration(v.WindowS) * time.Second)
	}
	if len(v.Events) != 1 || v.Events[0] != v.ID {
		out.Events = numbers(v.Events)
		out.More = int(v.Count) - len(out.Events)
	}
	return out
}

// clip makes a string of an event fit to be shown many times.
func clip(s string) string { return shorten(report.Visible(s), maxText) }

func newBadge(severity string) badge {
	return badge{severity, strings.ToUpper(severity[:1]), severity}
}

func place(f report.Finding) string {
	switch {
	case f.Segment != "" && f.Line > 0:
		return fmt.Sprintf("%s, line %d", f.Segment, f.Line)
	case f.N != nil:
		return fmt.Sprintf("event %d", *f.N)
	}
	return cmp.Or(f.Segment, "the log")
}

// standouts are who is new, where series have spikes, and the longest silence.
func standouts(r *report.Report) []standout {
	var list []standout
	for i, a := range r.Trends.NewActors {
		if i == maxShown {
			list = append(list, standout{"new", fmt.Sprintf("%d more, in the appendix", len(r.Trends.NewActors)-maxShown), ""})
			break
		}
		list = append(list, standout{"new " + a.Kind, clip(a.Name), a.Time.Format(minuteLayout)})
	}
	spikes := 0
	for _, t := range r.Trends.Series {
		if n := len(t.Spikes); n > 0 && t.Series != "type" && spikes < maxShown {
			last := t.Spikes[n-1]
			list = append(list, standout{"spike", clip(t.Label()) + ", " + group(last.Count) + " in " + r.Trends.Bucket, last.Start.Format(minuteLayout)})
			spikes++
		}
	}
	if gap := r.Trends.LargestGap; gap != nil {
		list = append(list, standout{"silence", length(gap.To.Sub(gap.From)) + " without an event", gap.From.Format(minuteLayout)})
	}
	return list
}

func appendix(r *report.Report) []table {
	s := &r.Summary
	tables := []table{
		counts("Acts", "act", s.Acts), counts("Agents", "agent", s.Agents), counts("Users", "uid", s.UIDs),
		counts("Secrets used", "hash of the path", s.Secrets), counts("Keys used", "key id", s.Keys),
		{Title: "Outcomes", Head: []string{"outcome", "events"}, Rows: countRows(s.Outcomes), Count: strconv.Itoa(len(s.Outcomes))},
	}
	hours := table{Title: "Hours of the day", Note: "UTC", Head: []string{"hour", "events"}, Count: "24"}
	for h, n := range s.Hours {
		hours.Rows = append(hours.Rows, []string{fmt.Sprintf("%02d:00", h), group(n)})
	}
	actors := table{Title: "New actors", Note: "not seen for 30 days", Head: []string{"kind", "name", "first event"}, Count: group(len(r.Trends.NewActors))}
	for _, a := range r.Trends.NewActors {
		actors.Rows = append(actors.Rows, []string{a.Kind, a.Name, a.Time.Format(secondLayout)})
	}
	tables = append(tables, hours, actors, references("Unfinished", int(s.Unfinished.Count), s.Unfinished.Events), references("Gaps", len(s.Gaps), s.Gaps))
	for i := range tables {
		t := &tables[i]
		shown := min(len(t.Rows), maxRows)
		t.Hidden += len(t.Rows) - shown
		t.Rows = t.Rows[:shown]
	}
	return tables
}

func counts(title, name string, t report.Tally) table {
	return table{
		Title: title, Head: []string{name, "events"}, Rows: countRows(t.Top), Count: group(t.Distinct), Hidden: t.Distinct - len(t.Top),
	}
}

func countRows(counts []report.Count) (rows [][]string) {
	for _, c := range counts {
		rows = append(rows, []string{c.Name, group(c.Count)})
	}
	return rows
}

func references(title string, count int, list []report.Reference) table {
	t := table{Title: title, Head: []string{"act", "by", "time", "event"}, Count: group(count), Hidden: count - len(list)}
	for _, e := range list {
		by := e.Agent
		if by == "" && e.UID != "" {
			by = "uid " + e.UID
		}
		t.Rows = append(t.Rows, []string{e.Act, by, e.Time.Format(secondLayout), number(e.ID)})
	}
	return t
}

// numbers shortens ids: all are of one log, whose id stands on top.
func numbers(ids []string) []string {
	var list []string
	for _, id := range ids[:min(len(ids), maxShown)] {
		list = append(list, number(id))
	}
	return list
}

// number is an id without its log.
func number(id string) string { return "#" + id[strings.LastIndexByte(id, ':')+1:] }
