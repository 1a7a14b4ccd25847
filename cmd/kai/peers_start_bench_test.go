package main

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// buildRelease builds kai as it is released.
func buildRelease(b testing.TB) string {
	b.Helper()
	name := filepath.Join(b.TempDir(), "kai")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-tags", releaseTags, "-o", name, ".")
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	return name
}

// BenchmarkPeersStart measures what a process costs before it does anything, against age in
// the same run, one after the other. To hold: at most 1.5 times age.
//
//	go test ./cmd/kai -run '^$' -bench PeersStart -benchtime 300x
func BenchmarkPeersStart(b *testing.B) {
	const most = 1.5
	age := peer(b, "age")
	kai := buildRelease(b)
	once := func(name, arg string) time.Duration {
		start := time.Now()
		if err := exec.Command(name, arg).Run(); err != nil {
			b.Fatal(err)
		}
		return time.Since(start)
	}
	var kais, ages []time.Duration
	for b.Loop() {
		ages = append(ages, once(age, "--version"))
		kais = append(kais, once(kai, "version"))
	}
	slices.Sort(kais)
	slices.Sort(ages)
	mine, peers := kais[len(kais)/2], ages[len(ages)/2]
	ratio := float64(mine) / float64(peers)
	b.ReportMetric(float64(mine.Microseconds())/1000, "kai-ms")
	b.ReportMetric(float64(peers.Microseconds())/1000, "age-ms")
	b.ReportMetric(ratio, "ratio")
	if ratio > most && len(kais) >= 100 {
		b.Errorf("kai version takes %.2f times as long as age --version, more than %.1f", ratio, most)
	}
}
