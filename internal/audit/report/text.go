package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"
)

const (
	minuteLayout = "2006-01-02 15:04"
	secondLayout = "2006-01-02 15:04:05"

	textViolations = 50 // of a text; JSON and the page have more
	textTop        = 10
	indent         = "  "
)

// WriteText writes the report for people: plain lines, aligned, without colours.
func (r *Report) WriteText(w io.Writer) error {
	p := textPrinter{r: r, w: bufio.NewWriter(w)}
	p.head()
	p.summary()
	p.violations()
	p.trends()
	p.recommendations()
	return p.w.Flush()
}

// textPrinter writes the parts of a text. bufio.Writer keeps the first error.
type textPrinter struct {
	r *Report
	w *bufio.Writer
}

func (p *textPrinter) line(format string, args ...any) { fmt.Fprintf(p.w, format+"\n", args...) }

func (p *textPrinter) title(title string) { p.line("\n%s", strings.ToUpper(title)) }

// rows writes columns that are aligned with each other.
func (p *textPrinter) rows(rows [][]string) {
	t := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			row[i] = strings.ReplaceAll(Visible(cell), "\t", " ")
		}
		fmt.Fprintln(t, indent+strings.TrimRight(strings.Join(row, "\t"), "\t "))
	}
	_ = t.Flush() // p.w keeps the error
}

func (p *textPrinter) head() {
	r := p.r
	rows := [][]string{
		{"log", r.LogID},
		{"range", fmt.Sprintf("%s to %s UTC (%s)", r.Range.From.Format(minuteLayout), r.Range.To.Format(minuteLayout), span(r.Range.Length()))},
	}
	for _, f := range r.Filters {
		rows = append(rows, []string{"filter", f.Name + " " + f.Value})
	}
	p.line("AUDIT REPORT")
	p.rows(rows)

	p.title("integrity")
	p.line("%s%s", indent, r.Integrity.Headline())
	rows = [][]string{
		{"size", plural(r.Integrity.Size, "event")},
		{"signed to", group(r.Integrity.SignedTo), ago(r.Integrity.NewestCheckpoint, r.Created)},
		{"cosigned to", group(r.Integrity.CosignedTo)},
		{"anchored to", group(r.Integrity.AnchoredTo), ago(r.Integrity.NewestAnchor, r.Created)},
		{"verified", ago(r.Integrity.NewestVerify, r.Created)},
	}
	p.rows(rows)
	rows = nil
	for _, f := range r.Integrity.Findings {
		rows = append(rows, []string{f.place(), f.Check, f.Text})
	}
	p.rows(rows)
}

// Headline says in a sentence what verifying the log came to.
func (i *Integrity) Headline() string {
	s := map[Verdict]string{
		Intact:     "The log is intact",
		Tampered:   "The log was tampered with",
		Incomplete: "The log could not be verified whole",
		Locked:     "Verified without MACs: unlock, or use an auditor's key, for the rest",
	}[i.Verdict]
	if i.Scope != "" {
		s += " (" + Visible(i.Scope) + ")"
	}
	return s
}

func (f *Finding) place() string {
	switch {
	case f.Line > 0 && f.Segment != "":
		return fmt.Sprintf("%s:%d", f.Segment, f.Line)
	case f.N != nil:
		return fmt.Sprintf("event %d", *f.N)
	}
	return f.Segment
}

// ago says when something was.
func ago(t, now time.Time) string {
	switch {
	case t.IsZero():
		return "never"
	case t.After(now):
		return t.UTC().Format(minuteLayout)
	}
	return span(now.Sub(t)) + " ago"
}

func (p *textPrinter) summary() {
	s := &p.r.Summary
	p.title("summary")
	p.rows([][]string{
		{"events", group(s.Events)},
		{"severity", words(s.Severities)},
		{"outcome", words(s.Outcomes)},
		{"type", words(s.Types)},
		{"acts", s.Acts.words()},
		{"agents", s.Agents.words()},
		{"uids", s.UIDs.words()},
		{"secrets used", fmt.Sprint(s.Secrets.Distinct)},
		{"keys used", fmt.Sprint(s.Keys.Distinct)},
		{"unfinished", fmt.Sprint(s.Unfinished.Count)},
		{"gaps", fmt.Sprint(len(s.Gaps))},
	})
	if s.Malformed > 0 {
		p.line("%s%s no event: see kai audit verify", indent, pluralIs(s.Malformed, "line"))
	}
	if s.First != nil {
		p.rows([][]string{
			{"first", s.First.Time.Format(secondLayout), s.First.Act, s.First.ID},
			{"last", s.Last.Time.Format(secondLayout), s.Last.Act, s.Last.ID},
		})
	}
}

// words lists what there is, in the order given.
func words(counts []Count) string {
	var parts []string
	for _, c := range counts {
		if c.Count > 0 {
			parts = append(parts, c.Name+" "+group(c.Count))
		}
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

func (t *Tally) words() string {
	s := words(t.Top[:min(len(t.Top), textTop)])
	if more := t.Distinct - textTop; more > 0 {
		s += fmt.Sprintf(", %d more", more)
	}
	return s
}

func (p *textPrinter) violations() {
	p.title(fmt.Sprintf("violations: %d open, %d acknowledged", p.r.Summary.Violations.Open, p.r.Summary.Violations.Acknowledged))
	var rows [][]string
	for i, v := range p.r.Violations {
		if i == textViolations {
			break
		}
		window := ""
		if v.WindowS > 0 {
			window = "in " + span(time.Duration(v.WindowS)*time.Second)
		}
		rows = append(rows, []string{
			v.Severity, v.Last.Format(secondLayout), v.Pattern, v.Group, times(v.Count), window, string(v.State), v.ID,
		})
	}
	p.rows(rows)
	if more := len(p.r.Violations) - textViolations; more > 0 {
		p.line("%sand %d more: --json has them", indent, more)
	}
}

func (p *textPrinter) trends() {
	t := &p.r.Trends
	p.title(fmt.Sprintf("trends, against the %s before", span(p.r.Range.Length())))
	if t.BeforePartial {
		p.line("%sthe log is younger than that: up may mean no more", indent)
	}
	var rows [][]string
	for _, s := range t.Series {
		if s.Now == 0 && s.Before == 0 {
			continue
		}
		spikes := ""
		if len(s.Spikes) > 0 {
			last := s.Spikes[len(s.Spikes)-1]
			spikes = fmt.Sprintf("spike of %d at %s", last.Count, last.Start.Format(minuteLayout))
		}
		rows = append(rows, []string{s.Label(), string(s.Trend), fmt.Sprintf("%s → %s", group(s.Before), group(s.Now)), fmt.Sprintf("p %.2g", s.P), bars(s.Counts), spikes})
	}
	p.rows(rows)
	rows = nil
	for i, a := range t.NewActors {
		if i == textTop {
			rows = append(rows, []string{fmt.Sprintf("and %d more", len(t.NewActors)-textTop)})
			break
		}
		rows = append(rows, []string{"new " + a.Kind, a.Name, a.Time.Format(secondLayout), a.ID})
	}
	if t.LargestGap != nil {
		rows = append(rows, []string{"longest without events", span(t.LargestGap.To.Sub(t.LargestGap.From)), t.LargestGap.From.Format(secondLayout)})
	}
	p.rows(rows)
}

// Label is what the series is called.
func (t *Trend) Label() string {
	switch t.Series {
	case "all":
		return "all events"
	case "failed_authentication":
		return "failed authentication"
	case "severity_high":
		return "severity high or above"
	case "secret_reads":
		return "secret reads"
	case "type":
		return strings.ReplaceAll(t.Name, "_", " ")
	case "agent":
		return "agent " + t.Name
	}
	return t.Series
}

// bars draws counts in a line of text.
func bars(counts []uint32) string {
	const levels = "▁▂▃▄▅▆▇█"
	highest := uint32(1)
	for _, n := range counts {
		highest = max(highest, n)
	}
	var b strings.Builder
	for _, n := range counts {
		level := 0
		if n > 0 {
			level = min(int(uint64(n)*7/uint64(highest)), 7)
		}
		r, _ := utf8.DecodeRuneInString(levels[3*level:])
		b.WriteRune(r)
	}
	return b.String()
}

func (p *textPrinter) recommendations() {
	p.title("recommendations")
	if len(p.r.Recommendations) == 0 {
		p.line("%snothing to recommend", indent)
	}
	for _, rec := range p.r.Recommendations {
		p.line("%s%s %s: %s", indent, rec.ID, rec.Severity, Visible(rec.Text))
		p.line("%s    %s", indent, rec.Command)
		if len(rec.Evidence) > 0 {
			p.line("%s    %s", indent, Visible(strings.Join(rec.Evidence[:min(len(rec.Evidence), 5)], " ")))
		}
	}
}
