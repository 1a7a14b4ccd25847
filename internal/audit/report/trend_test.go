package report_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"kai/internal/audit/event"
	"kai/internal/audit/report"
)

// The values were computed with R's binom.test(c(before, now)).
func TestDirection(t *testing.T) {
	for _, tt := range []struct {
		before, now uint64
		p           string
		want        report.Direction
	}{
		{12, 40, "0.00013", report.Up}, {0, 8, "0.0078", report.Up}, {0, 7, "0.016", report.Flat},
		{3, 9, "0.15", report.Flat}, {100, 110, "0.53", report.Flat},
		{40, 12, "0.00013", report.Down}, {0, 0, "1", report.Flat}, {5, 5, "1", report.Flat},
		{0, 4, "0.12", report.Flat},
	} {
		got, p := report.Judge(tt.before, tt.now)
		if text := fmt.Sprintf("%.2g", p); got != tt.want || text != tt.p {
			t.Errorf("%d→%d: %s p = %s, want %s p = %s", tt.before, tt.now, got, text, tt.want, tt.p)
		}
	}
}

// Where the exact test ends, the approximation takes over without a step.
func TestApproximationContinues(t *testing.T) {
	for _, d := range []uint64{0, 20, 60, 100, 140} {
		exact, approximate := report.BinomialP(500-d/2, 500+d/2), report.BinomialP(501-d/2, 501+d/2)
		if math.Abs(exact-approximate) > 0.002 {
			t.Errorf("difference %d: p %g of 1,000 events, %g of 1,002", d, exact, approximate)
		}
	}
	if p := report.BinomialP(0, 1_000_000); p != 0 {
		t.Errorf("p = %g of a million to nothing", p)
	}
}

func TestSpikes(t *testing.T) {
	quiet := []uint32{1, 2, 1, 0, 2, 1, 1, 2}
	for _, tt := range []struct {
		name   string
		counts []uint32
		want   []int
	}{
		{"quiet", quiet, nil},
		{"one", append(slices.Clone(quiet), 30), []int{8}},
		{"fewer than 8 buckets", []uint32{0, 0, 0, 0, 0, 0, 30}, nil},
		{"8 buckets", []uint32{0, 0, 0, 0, 0, 0, 0, 30}, []int{7}},
		{"4 are too few", []uint32{0, 0, 0, 0, 0, 0, 0, 4}, nil},
		{"5 are enough", []uint32{0, 0, 0, 0, 0, 0, 0, 5}, []int{7}},
		{"wide spread", []uint32{10, 90, 20, 80, 30, 70, 40, 120}, nil},
	} {
		if got := report.Spikes(tt.counts); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestBuckets(t *testing.T) {
	const day = 24 * time.Hour
	for _, tt := range []struct {
		length time.Duration
		want   string
		count  int
	}{
		{time.Minute, "1m", 1}, {time.Hour, "1m", 60}, {2 * time.Hour, "5m", 24}, {12 * time.Hour, "15m", 48}, {day, "1h", 24},
		{7 * day, "6h", 28}, {30 * day, "1d", 30}, {60 * day, "1d", 60}, {365 * day, "7d", 53}, {3650 * day, "63d", 58},
	} {
		name, count := report.Range{From: now.Add(-tt.length), To: now}.Buckets()
		if name != tt.want || count != tt.count {
			t.Errorf("%v: %d buckets of %s, want %d of %s", tt.length, count, name, tt.count, tt.want)
		}
	}
}

// The five trends, as events: the first range's, then the second's.
func TestTrendsOfEvents(t *testing.T) {
	l := newLog(t)
	for i := range 12 {
		l.add(all.Before().From.Add(time.Duration(i)*time.Hour), "vault_unlock_failed", event.Fail, nil)
	}
	for i := range 40 {
		l.add(all.From.Add(time.Duration(i)*time.Hour), "vault_unlock_failed", event.Fail, nil)
	}
	r := l.report()
	i := slices.IndexFunc(r.Trends.Series, func(s report.Trend) bool { return s.Series == "failed_authentication" })
	s := r.Trends.Series[i]
	if s.Before != 12 || s.Now != 40 || s.Trend != report.Up || fmt.Sprintf("%.5f", s.P) != "0.00013" {
		t.Errorf("%d→%d %s p %g", s.Before, s.Now, s.Trend, s.P)
	}
	if s.Counts[0] != 24 || s.Counts[1] != 16 || r.Trends.Bucket != "1d" || len(s.Counts) != 30 {
		t.Errorf("buckets of %s: %v", r.Trends.Bucket, s.Counts)
	}
	if last := r.Trends.Series[len(r.Trends.Series)-1]; last.Series != "agent" || last.Name != "bot" || last.Now != 40 || last.Before != 13 {
		t.Errorf("agent %+v", last)
	}
	if gap := r.Trends.LargestGap; gap == nil || gap.Seconds != 3600 {
		t.Errorf("largest gap %+v", gap)
	}
}

func TestNewActors(t *testing.T) {
	l := newLog(t)
	l.add(ago(48*time.Hour), "secret_retrieved", event.OK, nil, agent("stranger"))
	l.add(ago(47*time.Hour), "secret_retrieved", event.OK, nil, agent("stranger"))
	got := l.report().Trends.NewActors
	if len(got) != 1 || got[0].Kind != "agent" || got[0].Name != "stranger" || got[0].ID != logID+":2" {
		t.Errorf("new actors %+v", got)
	}

	young := &testLog{t: t}
	young.add(ago(3*time.Hour), "audit.created", event.OK, nil)
	young.add(ago(2*time.Hour), "secret_retrieved", event.OK, nil, agent("stranger"))
	r := young.report()
	if len(r.Trends.NewActors) != 0 || !r.Trends.BeforePartial {
		t.Errorf("in its first day a log calls nobody new: %+v, before partial %v", r.Trends.NewActors, r.Trends.BeforePartial)
	}
}
