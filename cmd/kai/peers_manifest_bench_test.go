package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkManifestPeers compares signing and verifying trees with the tools that people use
// today, in the same run and over the same files: x-PEER is kai's best time divided by the
// peer's best.
//
//	TMPDIR=/dev/shm go test -run '^$' -bench ManifestPeers -benchtime 5x ./cmd/kai
//
// Held: 3 for sign and for verify of 10,000 files against one b3sum over the list, 0.02
// against 10,000 runs of minisign -S (200 are measured), and 0.35 for sign and verify of one
// file of 1 GiB (with -short 64 MiB) against minisign -S and -V, with two threads.
func BenchmarkManifestPeers(b *testing.B) {
	kai := buildKai(b)
	dir := b.TempDir()
	ssh, mini := manifestKeys(b, dir)
	tree := filepath.Join(dir, "small")
	small := smallFiles(b, tree, 10_000, 4096)
	m := filepath.Join(dir, "small.kai-manifest")
	sign := []string{kai, "sign", tree, "-f", "-o", m, "--key", "file:" + ssh}
	verify := []string{kai, "verify", m, tree, "--signer", ssh + ".pub"}

	b.Run("small", func(b *testing.B) {
		list := append([]string{peer(b, "b3sum")}, small...)
		var signed, verified, listed best
		for b.Loop() {
			listed.run(b, list)
			signed.run(b, sign)
			verified.run(b, verify)
		}
		b.ReportMetric(signed.over(listed), "sign-x-b3sum")
		b.ReportMetric(verified.over(listed), "verify-x-b3sum")
	})
	b.Run("small/minisign", func(b *testing.B) {
		const measured = 200
		path := peer(b, "minisign")
		var signed, each best
		for b.Loop() {
			signed.run(b, sign)
			start := time.Now()
			for _, f := range small[:measured] {
				new(best).run(b, []string{path, "-S", "-s", mini, "-m", f})
			}
			each.take(time.Since(start) / measured * time.Duration(len(small)))
			for _, f := range small[:measured] {
				if err := os.Remove(f + ".minisig"); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(signed.over(each), "sign-x-minisign")
	})
	b.Run("large", func(b *testing.B) { benchmarkLargeManifest(b, kai, dir, ssh, mini) })
}

func benchmarkLargeManifest(b *testing.B, kai, dir, ssh, mini string) {
	size := 1 << 30
	if testing.Short() {
		size = 64 << 20
	}
	tree := filepath.Join(dir, "large")
	if err := os.Mkdir(tree, 0o700); err != nil {
		b.Fatal(err)
	}
	file, m := filepath.Join(tree, "file"), filepath.Join(dir, "large.kai-manifest")
	writeRandom(b, file, size)
	b.SetBytes(int64(size))
	b.Setenv("GOMAXPROCS", "2")
	path := peer(b, "minisign")
	var ours, theirs best
	for b.Loop() {
		theirs.run(b, []string{path, "-S", "-s", mini, "-m", file, "-x", dir + "/large.minisig"},
			[]string{path, "-V", "-q", "-p", mini + ".pub", "-m", file, "-x", dir + "/large.minisig"})
		ours.run(b, []string{kai, "sign", tree, "-f", "-o", m, "--key", "file:" + ssh},
			[]string{kai, "verify", m, tree, "--signer", ssh + ".pub"})
	}
	b.ReportMetric(ours.over(theirs), "x-minisign")
}

// manifestKeys makes a key for kai and one for minisign, both without a passphrase. Public
// halves have .pub behind.
func manifestKeys(b *testing.B, dir string) (ssh, mini string) {
	b.Helper()
	ssh, mini = filepath.Join(dir, "ssh"), filepath.Join(dir, "mini")
	for _, args := range [][]string{
		{peer(b, "ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", ssh},
		{peer(b, "minisign"), "-G", "-W", "-s", mini, "-p", mini + ".pub"},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			b.Fatalf("%s: %v\n%s", args[0], err, out)
		}
	}
	return ssh, mini
}

// best is the shortest time that something took.
type best time.Duration

func (t *best) take(now time.Duration) {
	if *t == 0 || now < time.Duration(*t) {
		*t = best(now)
	}
}

func (t *best) over(other best) float64 { return float64(*t) / float64(other) }

// run runs commands that must succeed, one after the other.
func (t *best) run(b *testing.B, commands ...[]string) {
	b.Helper()
	start := time.Now()
	for _, args := range commands {
		cmd := exec.Command(args[0], args[1:]...)
		var complaints bytes.Buffer
		cmd.Stderr = &complaints
		if err := cmd.Run(); err != nil {
			b.Fatal(fmt.Errorf("%s: %w: %s", args[0], err, &complaints))
		}
	}
	t.take(time.Since(start))
}
