package report

import (
	"strconv"
	"time"
)

// Range is from From, included, to To, excluded.
type Range struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Length is how long the range is.
func (r Range) Length() time.Duration { return r.To.Sub(r.From) }

// Before is the equally long range that ends where r begins.
func (r Range) Before() Range { return Range{r.From.Add(-r.Length()), r.From} }

// Since is the time from which New needs the events.
func (r Range) Since() time.Time {
	since := r.Before().From
	if t := r.From.Add(-actorMemory); t.Before(since) {
		return t
	}
	return since
}

// bucketWidths are what trends are counted by.
var bucketWidths = [...]struct {
	name  string
	width time.Duration
}{
	{"1m", time.Minute}, {"5m", 5 * time.Minute}, {"15m", 15 * time.Minute}, {"1h", time.Hour},
	{"6h", 6 * time.Hour}, {"1d", day}, {"7d", 7 * day},
}

// buckets chooses the narrowest width that gives at most 60 buckets. Ranges that no width of the
// list cuts into 60 have multiples of seven days.
func (r Range) buckets() (name string, width time.Duration, count int) {
	for _, b := range bucketWidths {
		if count := ceilDiv(r.Length(), b.width); count <= maxBuckets {
			return b.name, b.width, count
		}
	}
	weeks := ceilDiv(r.Length(), maxBuckets*7*day)
	width = time.Duration(weeks) * 7 * day
	return strconv.Itoa(7*weeks) + "d", width, ceilDiv(r.Length(), width)
}

func ceilDiv(a, b time.Duration) int { return int((a + b - 1) / b) }
