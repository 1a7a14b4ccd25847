package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"kai/internal/audit"
	"kai/internal/audit/event"
	"kai/internal/durable"
	"kai/internal/home"
)

// auditEvents is how many events the log of the benchmarks has; with -short a tenth.
const auditEvents = 1_000_000

// auditHome makes a home whose log has n events as a team's would be: pairs of begin and outcome,
// eight agents, a thousand secrets, some failures and denials, over forty days that end now. It
// returns the home and all segments.
func auditHome(b *testing.B, n int) (dir string, segments []string) {
	b.Helper()
	dir = filepath.Join(b.TempDir(), "home")
	h, err := home.Create(dir)
	if err != nil {
		b.Fatal(err)
	}
	root, err := h.CreateArea(home.Audit)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { root.Close(); h.Close() })
	const span = 40 * 24 * time.Hour
	start, made := time.Now().Add(-span), 0
	log, err := audit.Create(context.Background(), audit.Options{
		Dir: durable.NewDir(root), Random: rand.NewChaCha8([32]byte{1}),
		Now:     func() time.Time { return start.Add(time.Duration(float64(span) * float64(made) / float64(n))) },
		Source:  event.Source{UID: 1000, HasUID: true, PID: 4711, Parent: "0123456789abcdef", TTY: "/dev/pts/3", Host: "build", Ver: "1.0.0"},
		Context: event.Context{Cmd: "vault get", Role: "owner", Config: "01234567"},
	})
	if err != nil {
		b.Fatal(err)
	}
	for made < n-1 {
		drafts := make([]audit.Draft, 0, audit.MaxBatch)
		for i := range min(audit.MaxBatch, n-1-made) {
			drafts = append(drafts, auditDraft(made+i))
		}
		if _, err := log.Append(context.Background(), drafts...); err != nil {
			b.Fatal(err)
		}
		made += len(drafts)
	}
	dur := durable.NewDir(root)
	segments, err = filepath.Glob(filepath.Join(dir, "audit", "seg", "*.jsonl"))
	if err != nil || len(segments) == 0 {
		b.Fatalf("%v, %v", segments, err)
	}
	b.Cleanup(func() { unsealAll(b, dur, segments) })
	return dir, segments
}

// unsealAll lets the test's directory be removed, also by root.
func unsealAll(b *testing.B, dir *durable.Dir, segments []string) {
	for _, s := range segments {
		f, err := dir.OpenFile("seg/"+filepath.Base(s), os.O_RDONLY, 0)
		if err != nil {
			b.Error(err)
			continue
		}
		if err := f.Unseal(); err != nil {
			b.Error(err)
		}
		f.Close()
	}
}

// auditDraft is event number i.
func auditDraft(i int) audit.Draft {
	path := fmt.Sprintf("h:%021dA", i/2%1000)
	d := audit.Draft{Act: "secret_retrieved", Outcome: event.OK, Agent: fmt.Sprintf("kai1agent%02d", i%8)}
	switch {
	case i%97 == 0:
		d.Act, d.Outcome, d.Details = "vault_unlock_failed", event.Fail, event.Details{{Name: "error", Value: "credentials"}}
	case i%101 == 0:
		d.Act, d.Outcome = "vault_access_denied", event.Deny
		d.Details = event.Details{{Name: "error", Value: "denied"}, {Name: "path", Value: path}, {Name: "wanted", Value: "secret_retrieved"}}
	case i%1009 == 0:
		d.Act, d.Details = "vault_exported", event.Details{{Name: "secret_count", Value: int64(3)}}
	case i%2 == 0:
		d.Outcome, d.Details = event.Begin, event.Details{{Name: "path", Value: path}}
	default:
		d.Ref, d.HasRef = uint64(i), true
		d.Details = event.Details{{Name: "ns", Value: "n1"}, {Name: "path", Value: path}, {Name: "secret_type", Value: "credentials"}}
	}
	return d
}

// auditRace runs commands in turn and returns the median time of each, in their order.
type auditRace struct {
	names []string
	args  [][]string
	times [][]time.Duration
}

func (r *auditRace) add(name string, args ...string) {
	r.names, r.args, r.times = append(r.names, name), append(r.args, args), append(r.times, nil)
}

func (r *auditRace) run(b *testing.B) (medians []time.Duration) {
	b.Helper()
	for b.Loop() {
		for i, args := range r.args {
			start := time.Now()
			cmd := exec.Command(args[0], args[1:]...)
			cmd.Env = append(os.Environ(), "KAI_HOME=")
			if out, err := cmd.Output(); err != nil {
				b.Fatalf("%v: %v\n%s", args, err, out)
			}
			r.times[i] = append(r.times[i], time.Since(start))
		}
	}
	for i := range r.times {
		slices.Sort(r.times[i])
		median := r.times[i][len(r.times[i])/2]
		medians = append(medians, median)
		b.ReportMetric(float64(median.Microseconds())/1000, r.names[i]+"-ms")
	}
	return medians
}

// held reports a ratio, and fails when it is missed by enough runs to mean something.
func (r *auditRace) held(b *testing.B, ratio, most float64, enough int) {
	b.Helper()
	b.ReportMetric(ratio, "ratio")
	if ratio > most && len(r.times[0]) >= enough {
		b.Errorf("ratio %.2f, more than %.2f", ratio, most)
	}
}

// BenchmarkPeersAudit measures what people ask of a log of a million events, whole processes, in
// the same run against grep over the same files, and against kai audit verify. To hold:
//
//	100 events by time       0.1 × grep -Fc, + kai version
//	a count by severity      3 × grep -Fc
//	kai audit report         3 × kai audit verify; its page has at most 1 MiB
//
//	go test ./cmd/kai -run '^$' -bench PeersAudit/ByTime -benchtime 60x
//	go test ./cmd/kai -run '^$' -bench 'PeersAudit/(BySeverity|Report)' -benchtime 5x
func BenchmarkPeersAudit(b *testing.B) {
	n := auditEvents
	if testing.Short() {
		n /= 10
	}
	grep := peer(b, "grep")
	kai := buildRelease(b)
	dir, segments := auditHome(b, n)
	counted := func(word string) []string { return append([]string{grep, "-Fhc", word}, segments...) }
	command := func(args ...string) []string { return append([]string{kai, "--home", dir}, args...) }

	b.Run("ByTime", func(b *testing.B) {
		since := time.Now().Add(-20 * 24 * time.Hour).UTC().Format(time.RFC3339)
		if out := auditOutput(b, command("audit", "query", "--since", since, "--limit", "100")...); strings.Count(out, "\n") != 100 {
			b.Fatalf("%d events", strings.Count(out, "\n"))
		}
		var r auditRace
		r.add("query", command("audit", "query", "--since", since, "--limit", "100")...)
		r.add("version", kai, "version")
		r.add("grep", counted("secret_retrieved")...)
		m := r.run(b)
		r.held(b, float64(m[0]-min(m[0], m[1]))/float64(m[2]), 0.1, 50) // a difference of small numbers
	})
	b.Run("BySeverity", func(b *testing.B) {
		total := 0
		for _, s := range segments {
			data, err := os.ReadFile(s)
			if err != nil {
				b.Fatal(err)
			}
			total += strings.Count(string(data), `"sev":"high"`)
		}
		query := command("audit", "query", "--min-severity", "high", "--count")
		if got := strings.TrimSpace(auditOutput(b, query...)); got != strconv.Itoa(total) || total == 0 {
			b.Fatalf("%s of %d", got, total)
		}
		var r auditRace
		r.add("count", query...)
		r.add("grep", counted(`"sev":"high"`)...)
		m := r.run(b)
		r.held(b, float64(m[0])/float64(m[1]), 3, 5)
	})
	b.Run("Report", func(b *testing.B) {
		page := filepath.Join(b.TempDir(), "report.html")
		var r auditRace
		r.add("report", command("audit", "report", "--html", page, "-f")...)
		r.add("verify", command("audit", "verify")...)
		m := r.run(b)
		r.held(b, float64(m[0])/float64(m[1]), 3, 5)
		info, err := os.Stat(page)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(info.Size())/1024, "html-KiB")
		if info.Size() > 1<<20 {
			b.Errorf("the page has %d bytes", info.Size())
		}
	})
}

// auditOutput is what a command prints.
func auditOutput(b *testing.B, args ...string) string {
	b.Helper()
	out, err := exec.Command(args[0], args[1:]...).Output()
	if err != nil {
		b.Fatalf("%v: %v", args, err)
	}
	return string(out)
}
