package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"kai/internal/audit"
	"kai/internal/audit/memory"
)

const (
	oneShots = 400 // processes
	atOnce   = 4
)

// shoot runs a program many times, some at once, and returns how long that took. Each run has the
// arguments that args makes.
func shoot(t testing.TB, program string, runs int, environ []string, args func(i int) []string) time.Duration {
	t.Helper()
	numbers := make(chan int)
	var wait sync.WaitGroup
	start := time.Now()
	for range atOnce {
		wait.Go(func() {
			for i := range numbers {
				cmd := exec.Command(program, args(i)...)
				cmd.Args[0] = "kai"
				cmd.Env = environ
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("kai %v: %v\n%s", args(i), err, out)
				}
			}
		})
	}
	for i := range runs {
		numbers <- i
	}
	close(numbers)
	wait.Wait()
	return time.Since(start)
}

// BenchmarkPeersAuditOneShot measures what it costs that commands are recorded, when many short ones
// run at once: 400 processes that sign, 4 at a time, against 400 of kai version in the same run. To
// hold: at most 2.5 times as long.
//
// Signing is what a privileged command does that is over at once: intent, opening of the key and
// outcome are three events. kai vault lock, which the design names, has two.
//
//	go test ./cmd/kai -run '^$' -bench PeersAuditOneShot -benchtime 5x
func BenchmarkPeersAuditOneShot(b *testing.B) {
	const most = 2.5
	kai := buildRelease(b)
	dir := b.TempDir()
	home := filepath.Join(dir, "home")
	environ := append(os.Environ(), "KAI_HOME="+home)
	b.Cleanup(func() {
		var info audit.Info
		data, err := os.ReadFile(filepath.Join(home, "audit", "log.json"))
		if err == nil && json.Unmarshal(data, &info) == nil {
			_ = memory.Keyring{}.Forget(info.LogID) // there may be no keyring
		}
	})
	prepareOneShots(b, kai, dir, environ)
	var versions, recorded time.Duration
	for b.Loop() {
		versions += shoot(b, kai, oneShots, environ, func(int) []string { return []string{"version"} })
		recorded += shoot(b, kai, oneShots, environ, signOneShot(dir))
	}
	ratio := float64(recorded) / float64(versions)
	b.ReportMetric(float64(versions.Milliseconds())/float64(b.N), "version-ms")
	b.ReportMetric(float64(recorded.Milliseconds())/float64(b.N), "recorded-ms")
	b.ReportMetric(ratio, "ratio")
	if ratio > most && b.N >= 3 {
		b.Errorf("recorded commands take %.2f times as long as kai version, more than %.1f", ratio, most)
	}
}

// prepareOneShots makes a home with a log, a key and a message.
func prepareOneShots(t testing.TB, kai, dir string, environ []string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "m"), []byte("message\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"audit", "init"}, {"keygen", "-o", filepath.Join(dir, "k"), "--no-passphrase"}} {
		cmd := exec.Command(kai, args...)
		cmd.Args[0], cmd.Env = "kai", environ
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("kai %v: %v\n%s", args, err, out)
		}
	}
}

// signOneShot is a command that signs the message.
func signOneShot(dir string) func(int) []string {
	return func(int) []string {
		return []string{"sign", filepath.Join(dir, "m"), "--key", "file:" + filepath.Join(dir, "k"), "-o", "-"}
	}
}

// Of commands that run at once each leaves its intent and its outcome, and none is lost or there
// twice.
func TestOneShotsAreAllRecorded(t *testing.T) {
	runs := oneShots
	if testing.Short() {
		runs /= 10
	}
	kai, err := os.Executable() // see TestMain
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	environ := []string{"HOME=" + dir, "KAI_HOME=" + filepath.Join(dir, "home"), "GOCOVERDIR=" + t.TempDir()}
	t.Cleanup(func() { forgetLogs(t, dir) })
	prepareOneShots(t, kai, dir, environ)
	segment := filepath.Join(dir, "home", "audit", "seg", "000000000000.jsonl")
	before := len(parseSegment(t, segment))
	shoot(t, kai, runs, environ, signOneShot(dir))

	begun, ended := map[uint64]int{}, map[uint64]int{} // by the number of the intent
	pids := map[uint64]int64{}
	used := 0
	for i, e := range parseSegment(t, segment)[before:] {
		switch what := e.Act + " " + e.Outcome.String(); what {
		case "signature_created begin":
			begun[e.N]++
			pids[e.N] = e.Source.PID
		case "key_retrieved ok":
			used++
		case "signature_created ok":
			ended[e.Context.Ref]++
			if !e.Context.HasRef || pids[e.Context.Ref] != e.Source.PID {
				t.Errorf("event %d of process %d ends %d of process %d", e.N, e.Source.PID, e.Context.Ref, pids[e.Context.Ref])
			}
		default:
			t.Errorf("event %d is %s", e.N, what)
		}
		if e.N != uint64(before+i) {
			t.Fatalf("event %d stands at %d", e.N, before+i)
		}
	}
	if len(begun) != runs || len(ended) != runs || used != runs {
		t.Errorf("%d runs: %d begun, %d keys used, %d ended", runs, len(begun), used, len(ended))
	}
	cmd := exec.Command(kai, "audit", "verify")
	cmd.Args[0], cmd.Env = "kai", environ
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "ok: ") {
		t.Errorf("kai audit verify: %v\n%s", err, out)
	}
}
