package vault

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkMany is a vault of 100,000 secrets of 64 bytes: how long it takes to write them in one
// commit, to list them, to find one, and to write them anew; and how much room they take.
func BenchmarkMany(b *testing.B) {
	const secrets = 100_000
	t := newVault(b)
	s, _ := t.resolve("default/x")
	var changes []Change
	for i := range secrets {
		changes = append(changes, put(fmt.Sprintf("service-%d/host-%d/token", i%97, i), KindAPIKeys, fmt.Sprintf("%064d", i)))
	}
	start := time.Now()
	_, err := s.Commit(b.Context(), changes)
	must(b, err)
	commit := time.Since(start)
	must(b, s.writeIndex())
	size := int64(0)
	must(b, filepath.WalkDir(t.path, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var info os.FileInfo
			if info, err = d.Info(); err == nil {
				size += info.Size()
			}
		}
		return err
	}))
	start = time.Now()
	s, _ = t.resolve("default/x")
	list, err := s.List(false)
	must(b, err)
	listed := time.Since(start)
	if len(list) != secrets {
		b.Fatalf("%d secrets", len(list))
	}
	n := 0
	for b.Loop() {
		s, _ := t.resolve("default/x")
		i := n * 7919 % secrets
		n++
		v, err := s.Find(fmt.Sprintf("service-%d/host-%d/token", i%97, i))
		must(b, err)
		_, buf, err := s.Value(v)
		must(b, err)
		buf.Wipe()
	}
	start = time.Now()
	_, err = s.Compact(b.Context(), CompactOptions{Reencrypt: true})
	must(b, err)
	b.ReportMetric(time.Since(start).Seconds(), "s/compact")
	// The loop forgets what was reported before it.
	b.ReportMetric(commit.Seconds(), "s/commit")
	b.ReportMetric(float64(size)/1e6, "MB")
	b.ReportMetric(listed.Seconds(), "s/list")
}
