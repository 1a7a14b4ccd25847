package report_test

import (
	"fmt"
	"testing"
	"time"

	"kai/internal/audit/event"
	"kai/internal/audit/report"
)

// manyLines makes a log of n events as a team's would be: pairs of begin and outcome, eight
// agents, a thousand secrets, some failures and denials.
func manyLines(t testing.TB, n int) [][]byte {
	l := &testLog{t: t}
	l.lines = make([][]byte, 0, n)
	start := all.From.Add(-10 * 24 * time.Hour)
	step := all.To.Sub(start) / time.Duration(n)
	for i := 0; len(l.lines) < n; i++ {
		at := start.Add(time.Duration(len(l.lines)) * step)
		who := agent(fmt.Sprintf("kai1agent%02d", i%8))
		path := fmt.Sprintf("h:%021dA", i%1000)
		switch {
		case i%97 == 0:
			l.add(at, "vault_unlock_failed", event.Fail, event.Details{{Name: "error", Value: "credentials"}}, who)
		case i%101 == 0:
			l.add(at, "vault_access_denied", event.Deny, event.Details{{Name: "path", Value: path}, {Name: "wanted", Value: "secret_retrieved"}}, who)
		default:
			begin := l.add(at, "secret_retrieved", event.Begin, event.Details{{Name: "path", Value: path}}, who)
			l.add(at, "secret_retrieved", event.OK, event.Details{{Name: "ns", Value: "n1"}, {Name: "path", Value: path}, {Name: "secret_type", Value: "credentials"}}, who, ref(begin), role("owner"))
		}
	}
	return l.lines[:n]
}

// BenchmarkNew is a report on a million events, lines scanned; ScanOnly is what of it is the
// scanning.
func BenchmarkNew(b *testing.B) {
	const n = 1_000_000
	lines := manyLines(b, n)
	o := clean(&testLog{t: b, next: n})
	perEvent := func(b *testing.B) { b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/event") }
	b.Run("ScanOnly", func(b *testing.B) {
		for b.Loop() {
			for _, err := range views(lines) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
		perEvent(b)
	})
	b.Run("Report", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := report.New(o, views(lines)); err != nil {
				b.Fatal(err)
			}
		}
		perEvent(b)
	})
}

// Only names that were not seen before, and rare acts, cost memory.
func TestAllocations(t *testing.T) {
	lines := manyLines(t, 20_000)
	o := clean(&testLog{t: t, next: 20_000})
	run := func(lines [][]byte) float64 {
		return testing.AllocsPerRun(1, func() {
			if _, err := report.New(o, views(lines)); err != nil {
				t.Fatal(err)
			}
		})
	}
	half, whole := run(lines[:10_000]), run(lines)
	if more := whole - half; more > 500 { // about 100 of them deny a secret for the first time
		t.Errorf("10,000 more events of the same names take %v more allocations", more)
	}
}
