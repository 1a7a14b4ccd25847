package report

import (
	"math"
	"slices"
	"time"

	"kai/internal/audit/event"
)

// Direction is where a series goes.
type Direction string

// The directions.
const (
	Up   Direction = "up"
	Down Direction = "down"
	Flat Direction = "flat"
)

// Trends are how the events of the range are spread over it.
type Trends struct {
	Bucket        string `json:"bucket"` // 1m 5m 15m 1h 6h 1d 7d, or more days
	BucketSeconds int64  `json:"bucket_seconds"`

	// BeforePartial says that the log began after the beginning of the range before, so that up
	// may mean only that it is young.
	BeforePartial bool             `json:"before_partial"`
	Series        []Trend          `json:"series"`
	Severities    []SeverityCounts `json:"severities"` // in ascending order
	Failures      [7][24]uint32    `json:"failures"`   // out=fail or deny, by weekday from Monday and hour, UTC
	NewActors     []NewActor       `json:"new_actors"`
	LargestGap    *Gap             `json:"largest_gap,omitempty"`
}

// Trend is one series.
type Trend struct {
	Series string    `json:"series"` // all type failed_authentication denials severity_high secret_reads agent
	Name   string    `json:"name,omitempty"`
	Now    uint64    `json:"now"`
	Before uint64    `json:"before"`
	P      float64   `json:"p"`
	Trend  Direction `json:"trend"`
	Counts []uint32  `json:"counts"` // one a bucket
	Spikes []Spike   `json:"spikes"`
}

// Spike is a bucket that stands out.
type Spike struct {
	Bucket int       `json:"bucket"`
	Start  time.Time `json:"t"`
	Count  uint32    `json:"count"`
}

// SeverityCounts is the events of one severity by bucket.
type SeverityCounts struct {
	Severity string   `json:"severity"`
	Counts   []uint32 `json:"counts"`
}

// NewActor is somebody or something not seen for 30 days before.
type NewActor struct {
	Kind string    `json:"kind"` // agent uid tty parent
	Name string    `json:"name"`
	ID   string    `json:"id"` // of its first event
	Time time.Time `json:"t"`
}

// Gap is the longest time between two events.
type Gap struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Seconds int64     `json:"seconds"`
}

// The series that every report has, then one a type, then those of agents.
const (
	seriesAll = iota
	seriesFailedAuthentication
	seriesDenials
	seriesHigh
	seriesSecretReads
	seriesTypes // + event.Type - 1
	fixedSeries = seriesTypes + int(event.ConfigurationChange)
)

var seriesNames = [...]string{"all", "failed_authentication", "denials", "severity_high", "secret_reads"}

// trend makes the series of counts.
func (c *collector) trend(series, name string, counts []uint32, now, before uint64) Trend {
	t := Trend{Series: series, Name: name, Now: now, Before: before, Counts: counts, Spikes: []Spike{}}
	t.Trend, t.P = direction(before, now)
	for _, i := range spikes(counts) {
		t.Spikes = append(t.Spikes, Spike{i, c.options.Range.From.Add(time.Duration(i) * c.width), counts[i]})
	}
	return t
}

// spikes returns the buckets that stand out.
func spikes(counts []uint32) []int {
	if len(counts) < minSpikeBuckets {
		return nil
	}
	values := make([]float64, len(counts))
	for i, n := range counts {
		values[i] = float64(n)
	}
	middle := median(values)
	for i, n := range counts {
		values[i] = math.Abs(float64(n) - middle)
	}
	// 1.4826·MAD estimates the standard deviation of what is normally distributed.
	spread := max(1, 1.4826*median(values))
	var found []int
	for i, n := range counts {
		if n >= minSpike && (float64(n)-middle)/spread >= minSpike {
			found = append(found, i)
		}
	}
	return found
}

// median sorts values.
func median(values []float64) float64 {
	slices.Sort(values)
	if n := len(values); n%2 == 0 {
		return (values[n/2-1] + values[n/2]) / 2
	}
	return values[len(values)/2]
}

func (c *collector) trends() Trends {
	t := Trends{
		Bucket: c.bucketName, BucketSeconds: int64(c.width / time.Second), Failures: c.failures,
		BeforePartial: c.created > c.before, NewActors: c.newActors, LargestGap: c.largestGap,
	}
	for i, name := range seriesNames {
		t.Series = append(t.Series, c.trend(name, "", c.series[i].counts, c.series[i].now, c.series[i].before))
	}
	for _, typ := range event.Types() {
		s := &c.series[seriesTypes+int(typ)-1]
		t.Series = append(t.Series, c.trend("type", typ.String(), s.counts, s.now, s.before))
	}
	for i, agent := range c.agents.ranked() {
		if i == topAgents {
			break
		}
		t.Series = append(t.Series, c.trend("agent", agent.name(), agent.counts, agent.count, agent.before))
	}
	for _, sev := range event.Severities() {
		t.Severities = append(t.Severities, SeverityCounts{sev.String(), c.severities[sev]})
	}
	return t
}
