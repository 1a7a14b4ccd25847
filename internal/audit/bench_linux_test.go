package audit

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"kai/internal/audit/event"
	"kai/internal/durable"
	"kai/internal/vectortest"
)

// BenchmarkPeersAppend measures appends against a bare write and fdatasync of lines of the same
// length in the same file system, one after the other. To hold: what begins at least 0.7 of the
// bare rate, an outcome 0.35.
//
//	go test ./internal/audit -run '^$' -bench PeersAppend -benchtime 500x
func BenchmarkPeersAppend(b *testing.B) {
	for _, c := range []struct {
		outcome event.Outcome
		least   float64
	}{{event.Begin, 0.7}, {event.OK, 0.35}} {
		b.Run(c.outcome.String(), func(b *testing.B) {
			p := newPlace(b)
			p.opts.SegmentEvents, p.opts.Now = SegmentEvents, time.Now
			memo := &shelf{name: "local"}
			p.opts.Memories = []Memory{memo}
			l := p.create()
			draft := Draft{Act: "secret_retrieved", Outcome: c.outcome, Details: event.Details{{Name: "secret_type", Value: "apiKeys"}}}
			r, err := l.Append(b.Context(), draft)
			must(b, err)
			line := append(r.Events[0].Line, '\n')
			f, err := os.Create(filepath.Join(p.path, "bare"))
			must(b, err)
			defer f.Close()
			var mine, bare []time.Duration
			offset := int64(0)
			for b.Loop() {
				start := time.Now()
				_, err := f.WriteAt(line, offset)
				if err == nil {
					err = unix.Fdatasync(int(f.Fd()))
				}
				must(b, err)
				offset += int64(len(line))
				bare = append(bare, time.Since(start))
				start = time.Now()
				_, err = l.Append(b.Context(), draft)
				must(b, err)
				mine = append(mine, time.Since(start))
			}
			slices.Sort(mine)
			slices.Sort(bare)
			ratio := float64(bare[len(bare)/2]) / float64(mine[len(mine)/2])
			b.ReportMetric(float64(mine[len(mine)/2].Microseconds()), "append-us")
			b.ReportMetric(float64(bare[len(bare)/2].Microseconds()), "bare-us")
			b.ReportMetric(ratio, "of-bare-rate")
			if ratio < c.least && len(mine) >= 200 {
				b.Errorf("%s: %.2f of the rate of a bare write and fdatasync, less than %.2f", c.outcome, ratio, c.least)
			}
		})
	}
}

// buildLarge makes a log of n events with lines of about 310 bytes.
func buildLarge(b testing.TB, dir string, n int) {
	b.Helper()
	root, err := os.OpenRoot(dir)
	must(b, err)
	defer root.Close()
	c := &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	l, err := Create(b.Context(), Options{
		Dir: durable.NewDir(root), Now: c.Now, Random: rand.Reader,
		Source:  event.Source{UID: 1000, HasUID: true, PID: 12345, Host: "build-1", Ver: "v1.0.0"},
		Context: event.Context{Cmd: "vault get", Config: "5df6e0e2"},
	})
	must(b, err)
	for made := 1; made < n; {
		drafts := make([]Draft, min(1000, n-made))
		for i := range drafts {
			drafts[i] = Draft{Act: "secret_retrieved", Outcome: event.OK, Details: event.Details{{Name: "secret_type", Value: "apiKeys"}}}
			if i%4 == 0 {
				drafts[i] = Draft{Act: "vault_unlock_failed", Outcome: event.Fail}
			}
		}
		_, err := l.Append(b.Context(), drafts...)
		must(b, err)
		made += len(drafts)
	}
}

// BenchmarkPeersVerify measures the verification of 1,000,000 events, MACs and all, against
// sha256sum and openssl over the same bytes, as processes, one after the other. To hold: at most 1.0
// times sha256sum and 4 times openssl, with at most 64 MiB.
//
//	go test ./internal/audit -run '^$' -bench PeersVerify -benchtime 5x
func BenchmarkPeersVerify(b *testing.B) {
	if testing.Short() {
		b.Skip("makes a log of 300 MB")
	}
	sha256sum, openssl := vectortest.Peer(b, "sha256sum"), vectortest.Peer(b, "openssl")
	p := newPlace(b)
	dir := filepath.Join(p.path, "log")
	must(b, os.Mkdir(dir, 0o700))
	buildLarge(b, dir, 1_000_000)
	root, err := os.OpenRoot(dir)
	must(b, err)
	defer root.Close()
	(&place{path: dir, dir: durable.NewDir(root)}).unseal()
	segments, err := filepath.Glob(filepath.Join(dir, "seg", "*.jsonl"))
	must(b, err)
	cat := "cat " + strings.Join(segments, " ") + " > " + filepath.Join(p.path, "all")
	must(b, exec.Command("sh", "-c", cat).Run())
	exe, err := os.Executable()
	must(b, err)
	run := func(name string, args ...string) time.Duration {
		cmd := exec.Command(name, args...)
		cmd.Env = append(os.Environ(), verifyVariable+"="+dir)
		start := time.Now()
		out, err := cmd.CombinedOutput()
		if err != nil {
			b.Fatalf("%s: %v\n%s", name, err, out)
		}
		took := time.Since(start)
		if name == exe {
			var kib float64
			if _, err := fmt.Sscanf(string(out), "%f", &kib); err != nil {
				b.Fatalf("%s: %v", out, err)
			}
			b.ReportMetric(kib/1024, "peak-MiB")
			if kib > 64<<10 {
				b.Errorf("verify took %.0f MiB", kib/1024)
			}
		}
		return took
	}
	var mine, sum, ssl []time.Duration
	for b.Loop() {
		mine = append(mine, run(exe))
		sum = append(sum, run(sha256sum, filepath.Join(p.path, "all")))
		ssl = append(ssl, run(openssl, "dgst", "-sha256", filepath.Join(p.path, "all")))
	}
	median := func(d []time.Duration) float64 { slices.Sort(d); return d[len(d)/2].Seconds() }
	toSum, toSSL := median(mine)/median(sum), median(mine)/median(ssl)
	b.ReportMetric(median(mine), "verify-s")
	b.ReportMetric(toSum, "of-sha256sum")
	b.ReportMetric(toSSL, "of-openssl")
	if len(mine) >= 3 && (toSum > 1.0 || toSSL > 4) {
		b.Errorf("verify takes %.2f times as long as sha256sum, %.2f times openssl", toSum, toSSL)
	}
}

// verifyVariable makes the test binary a process that verifies the log of a directory and prints its
// peak memory in KiB.
const verifyVariable = "KAI_AUDIT_TEST_VERIFY"

func verifyProcess(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	l, err := Open(Options{Dir: durable.NewDir(root), Now: time.Now})
	if err != nil {
		return err
	}
	v, err := l.Verify(context.Background(), VerifyOptions{Workers: 2})
	if err != nil {
		return err
	}
	if v.Verdict != VerdictOK || v.Coverage.MACTo != v.Size {
		return fmt.Errorf("%s: %v", v.Verdict, v.Findings)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	fmt.Println(strings.Fields(rest)[0])
	return nil
}
