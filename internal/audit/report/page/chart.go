package page

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"kai/internal/audit/report"
)

// percent and pixels are measures as SVG attributes take them.
func percent(x float64) string { return strconv.FormatFloat(x, 'f', 2, 64) + "%" }
func pixels(x float64) string  { return strconv.FormatFloat(x, 'f', 1, 64) }

// rect is one mark.
type rect struct{ X, Y, W, H, Class string }

// label is text in a drawing.
type label struct{ X, Y, Text, Class string }

// chart is what every chart has.
type chart struct {
	ID     string
	Title  string
	Desc   string
	Height int
	Rects  []rect
	Labels []label
	Lines  []string // y of grid lines
	Head   []string
	Rows   [][]string
	Empty  bool
}

// timeline is the events over time, stacked by severity.
type timeline struct {
	chart
	Legend []legend
}

type legend struct {
	Severity badge
	Count    string
}

const (
	timelineTop    = 8.0
	timelineBottom = 192.0
	barShare       = 0.78 // of a bucket that its bar takes
	minHeight      = 2.5  // so that one event among thousands is seen
)

func newTimeline(r *report.Report) timeline {
	t := timeline{chart: chart{ID: "timeline", Title: "Events over time by severity", Height: 216, Head: []string{"from"}}}
	starts := bucketStarts(r)
	totals := make([]uint64, len(starts))
	highest, at := uint64(0), 0
	for _, s := range r.Trends.Severities {
		total := uint64(0)
		for i, n := range s.Counts {
			totals[i] += uint64(n)
			total += uint64(n)
			if totals[i] > highest {
				highest, at = totals[i], i
			}
		}
		t.Head = append(t.Head, s.Severity)
		t.Legend = append(t.Legend, legend{newBadge(s.Severity), group(total)})
	}
	t.Empty = highest == 0
	layout := bucketLayout(r)
	for i, start := range starts {
		row := []string{start.Format(layout)}
		for _, s := range r.Trends.Severities {
			row = append(row, group(s.Counts[i]))
		}
		t.Rows = append(t.Rows, row)
	}
	if t.Empty {
		t.Desc = "No events."
		return t
	}
	t.Desc = fmt.Sprintf("%s events in buckets of %s; the most, %s, from %s.", group(r.Summary.Events), r.Trends.Bucket, group(highest), starts[at].Format(minuteLayout))
	top := niceAbove(highest)
	scale := (timelineBottom - timelineTop) / float64(top)
	for _, part := range []uint64{top, top / 2} {
		if part == top || top%2 == 0 {
			y := timelineBottom - float64(part)*scale
			t.Lines = append(t.Lines, pixels(y))
			t.Labels = append(t.Labels, label{"-8", pixels(y + 4), short(part), "end"})
		}
	}
	t.Lines = append(t.Lines, pixels(timelineBottom))
	pitch := 100 / float64(len(starts))
	for i := range starts {
		y := timelineBottom
		for _, s := range r.Trends.Severities {
			if s.Counts[i] == 0 {
				continue
			}
			height := max(float64(s.Counts[i])*scale, minHeight)
			y -= height
			t.Rects = append(t.Rects, rect{
				percent(pitch * (float64(i) + (1-barShare)/2)), pixels(y), percent(pitch * barShare), pixels(max(height-0.8, 1.7)), "sev-" + s.Severity,
			})
		}
	}
	last := len(starts) - 1
	t.Labels = append(t.Labels, label{"0", "212", starts[0].Format(layout), "start"}, label{"100%", "212", starts[last].Format(layout), "end"})
	if last > 3 {
		t.Labels = append(t.Labels, label{"50%", "212", starts[(last+1)/2].Format(layout), "middle"})
	}
	return t
}

// niceAbove is the smallest round number that is not below n.
func niceAbove(n uint64) uint64 {
	for step := uint64(1); ; step *= 10 {
		for _, m := range []uint64{1, 2, 3, 4, 5, 6, 8} {
			if step*m >= n {
				return step * m
			}
		}
	}
}

func bucketStarts(r *report.Report) []time.Time {
	if len(r.Trends.Series) == 0 {
		return nil
	}
	starts := make([]time.Time, len(r.Trends.Series[0].Counts))
	for i := range starts {
		starts[i] = r.Range.From.Add(time.Duration(i) * time.Duration(r.Trends.BucketSeconds) * time.Second)
	}
	return starts
}

// bucketLayout is how the beginning of a bucket is written.
func bucketLayout(r *report.Report) string {
	switch length := r.Range.Length(); {
	case length > 300*24*time.Hour:
		return "2 Jan 2006"
	case length > 10*24*time.Hour:
		return "2 Jan"
	}
	return "2 Jan 15:04"
}

// heat is failures and denials by weekday and hour.
type heat struct {
	chart
	Steps []string // what the steps of the scale stand for
}

const (
	heatPitch  = 21.0
	heatHeight = 18.0
	heatSteps  = 4
)

func weekdays() []string { return []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"} }

func newHeat(r *report.Report) heat {
	h := heat{chart: chart{ID: "heat", Title: "Failures by weekday and hour", Height: 170, Head: append([]string{"hour"}, weekdays()...)}}
	highest, total, at := uint32(0), uint64(0), ""
	for d, hours := range r.Trends.Failures {
		for hour, n := range hours {
			total += uint64(n)
			if n > highest {
				highest, at = n, fmt.Sprintf("%s %02d:00", weekdays()[d], hour)
			}
		}
	}
	h.Empty = highest == 0
	h.Desc = "No failures and no denials."
	if !h.Empty {
		h.Desc = fmt.Sprintf("%s failures and denials, UTC; the most, %s, on %s.", group(total), group(highest), at)
	}
	const pitch = 100.0 / 24
	for d, hours := range r.Trends.Failures {
		y := float64(d) * heatPitch
		h.Labels = append(h.Labels, label{"-34", pixels(y + 13), weekdays()[d], "start"})
		for hour, n := range hours {
			h.Rects = append(h.Rects, rect{
				percent(pitch * float64(hour)), pixels(y), percent(pitch * 0.84), pixels(heatHeight), "heat-" + strconv.Itoa(step(n, highest)),
			})
		}
	}
	for _, hour := range []int{0, 6, 12, 18} {
		h.Labels = append(h.Labels, label{percent(pitch * float64(hour)), "164", fmt.Sprintf("%02d", hour), "start"})
	}
	for hour := range 24 {
		row := []string{fmt.Sprintf("%02d", hour)}
		for d := range 7 {
			row = append(row, group(r.Trends.Failures[d][hour]))
		}
		h.Rows = append(h.Rows, row)
	}
	for i := range heatSteps {
		low, high := firstOf(i, highest), firstOf(i+1, highest)-1
		if low <= high {
			h.Steps = append(h.Steps, strings.TrimSuffix(fmt.Sprintf("%d–%d", low, high), fmt.Sprintf("–%d", low)))
		} else {
			h.Steps = append(h.Steps, "")
		}
	}
	return h
}

// step is 0 for none, else from 1 to heatSteps.
func step(n, highest uint32) int {
	if n == 0 {
		return 0
	}
	return int((uint64(n)-1)*heatSteps/uint64(highest)) + 1
}

// firstOf is the smallest number above that of step i.
func firstOf(i int, highest uint32) int {
	return (i*int(highest)+heatSteps-1)/heatSteps + 1
}

// barChart is names and how many events have them.
type barChart struct {
	chart
	Marks []bar
}

// bar is one name: its label and number above its mark.
type bar struct {
	Label, Count string
	TextY, Y, W  string
}

const barPitch = 36

func newBars(id, title, desc, name string, counts []report.Count) barChart {
	b := barChart{chart: chart{ID: id, Title: title, Height: barPitch * len(counts), Head: []string{name, "events"}, Rows: countRows(counts)}}
	highest := uint64(0)
	for _, c := range counts {
		highest = max(highest, c.Count)
	}
	b.Empty = highest == 0
	b.Desc = desc
	if b.Empty {
		b.Desc = "No events."
		return b
	}
	for i, c := range counts {
		y := float64(i * barPitch)
		width := 100 * float64(c.Count) / float64(highest)
		if c.Count > 0 {
			width = max(width, 0.8)
		}
		b.Marks = append(b.Marks, bar{shorten(report.Visible(c.Name), maxLabel), group(c.Count), pixels(y + 13), pixels(y + 19), percent(width)})
	}
	return b
}

func typeBars(r *report.Report) barChart {
	counts := make([]report.Count, len(r.Summary.Types))
	copy(counts, r.Summary.Types)
	for i := range counts {
		counts[i].Name = strings.ReplaceAll(counts[i].Name, "_", " ")
	}
	return newBars("types", "Events by type", "The number of events of each of the eight types.", "type", counts)
}

func agentBars(r *report.Report) barChart {
	top := r.Summary.Agents.Top
	top = top[:min(len(top), 10)]
	desc := fmt.Sprintf("The %d busiest of %s.", len(top), plural(r.Summary.Agents.Distinct, "agent"))
	return newBars("agents", "Top agents", desc, "agent", top)
}

// shorten keeps both ends of a name: ids differ at their ends.
func shorten(name string, most int) string {
	const tail = 12
	runes := []rune(name)
	if len(runes) <= most {
		return name
	}
	return string(runes[:most-tail-1]) + "…" + string(runes[len(runes)-tail:])
}

// trendRow is one series with its sparkline.
type trendRow struct {
	chart
	Label       string
	Before, Now string
	Class       string // up down flat
	Note        string
	P           string
	Spikes      string
}

const sparkHeight = 30

func trendRows(r *report.Report) []trendRow {
	starts, layout := bucketStarts(r), bucketLayout(r)
	var rows []trendRow
	for k, t := range r.Trends.Series {
		if t.Now == 0 && t.Before == 0 && t.Series != "all" {
			continue
		}
		row := trendRow{
			chart: chart{ID: "trend" + strconv.Itoa(k), Title: "Trend of " + report.Visible(t.Label()), Height: sparkHeight, Head: []string{"from", "events"}},
			Label: shorten(report.Visible(t.Label()), maxLabel), Before: group(t.Before), Now: group(t.Now), Class: string(t.Trend), P: fmt.Sprintf("p = %.2g", t.P),
		}
		row.Note = map[report.Direction]string{report.Up: "▲ up", report.Down: "▼ down", report.Flat: "– steady"}[t.Trend]
		row.Desc = fmt.Sprintf("%s events, %s in the range before.", row.Now, row.Before)
		if n := len(t.Spikes); n > 0 {
			row.Spikes = plural(n, "spike")
			row.Desc += fmt.Sprintf(" The last of %s: %s from %s.", plural(n, "spike"), group(t.Spikes[n-1].Count), t.Spikes[n-1].Start.Format(minuteLayout))
		}
		row.spark(t)
		for i, n := range t.Counts {
			row.Rows = append(row.Rows, []string{starts[i].Format(layout), group(n)})
		}
		rows = append(rows, row)
	}
	return rows
}

// spark draws the counts as bars; spikes stand out by a cap and a colour.
func (row *trendRow) spark(t report.Trend) {
	highest := uint32(1)
	for _, n := range t.Counts {
		highest = max(highest, n)
	}
	spikes := make(map[int]bool)
	for _, s := range t.Spikes {
		spikes[s.Bucket] = true
	}
	pitch := 100 / float64(len(t.Counts))
	for i, n := range t.Counts {
		if n == 0 {
			continue
		}
		height := max(float64(n)/float64(highest)*(sparkHeight-7), 1.5)
		x, y, w, class := percent(pitch*(float64(i)+0.12)), sparkHeight-2-height, percent(pitch*0.76), "bar"
		if spikes[i] {
			class = "spike"
			row.Rects = append(row.Rects, rect{x, pixels(y - 4), w, "2", class})
		}
		row.Rects = append(row.Rects, rect{x, pixels(y), w, pixels(height), class})
	}
}
