package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// BenchmarkHashPeers compares whole runs of kai hash with the tools that people use today, in
// the same run and over the same files: x-PEER is kai's best time divided by the peer's best.
//
//	TMPDIR=/dev/shm go test -run '^$' -bench HashPeers -benchtime 5x ./cmd/kai
//
// The large file has 1 GiB, with -short 64 MiB. Held: 2.5 for blake3 with equal threads, 1.1
// for sha256, 3 for many small files.
func BenchmarkHashPeers(b *testing.B) {
	kai := buildKai(b)
	dir := b.TempDir()
	size := 1 << 30
	if testing.Short() {
		size = 64 << 20
	}
	large := filepath.Join(dir, "large")
	writeRandom(b, large, size)
	small := smallFiles(b, filepath.Join(dir, "small"), 10_000, 4096)

	for _, threads := range []string{"1", "2"} {
		b.Run("blake3/threads="+threads, func(b *testing.B) {
			b.SetBytes(int64(size))
			race(b, "b3sum", exec.Command(kai, "hash", "--algo", "blake3", "-j", threads, large), "GOMAXPROCS="+threads,
				"--num-threads", threads, large)
		})
	}
	b.Run("sha256", func(b *testing.B) {
		b.SetBytes(int64(size))
		race(b, "openssl", exec.Command(kai, "hash", large), "", "dgst", "-sha256", large)
	})
	b.Run("small", func(b *testing.B) {
		b.SetBytes(10_000 * 4096)
		race(b, "b3sum", exec.Command(kai, append([]string{"hash", "--algo", "blake3"}, small...)...), "", small...)
	})
}

// race runs ours and a peer in turn and reports the ratio of their best times.
func race(b *testing.B, name string, ours *exec.Cmd, variable string, args ...string) {
	b.Helper()
	path := peer(b, name)
	best := func(so, now time.Duration) time.Duration {
		if so == 0 || now < so {
			return now
		}
		return so
	}
	var kai, theirs time.Duration
	for b.Loop() {
		b.StopTimer()
		theirs = best(theirs, wallTime(b, exec.Command(path, args...), ""))
		b.StartTimer()
		kai = best(kai, wallTime(b, exec.Command(ours.Path, ours.Args[1:]...), variable))
	}
	b.ReportMetric(float64(kai)/float64(theirs), "x-"+name)
}

// wallTime runs a command that must succeed.
func wallTime(b *testing.B, cmd *exec.Cmd, variable string) time.Duration {
	b.Helper()
	if variable != "" {
		cmd.Env = append(os.Environ(), variable)
	}
	start := time.Now()
	if err := cmd.Run(); err != nil {
		b.Fatalf("%s: %v", cmd.Args[0], err)
	}
	return time.Since(start)
}

// buildKai builds the program as it is released and returns its path.
func buildKai(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "kai")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-tags", releaseTags, "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// writeRandom writes bytes that are the same in each run.
func writeRandom(b *testing.B, path string, size int) {
	b.Helper()
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	source := rand.NewChaCha8([32]byte{})
	block := make([]byte, 1<<20)
	for done := 0; done < size && err == nil; done += len(block) {
		block = block[:min(len(block), size-done)]
		source.Read(block)
		_, err = f.Write(block)
	}
	if closeErr := f.Close(); err != nil || closeErr != nil {
		b.Fatal(err, closeErr)
	}
}

// smallFiles makes a directory of count files and returns their paths.
func smallFiles(b *testing.B, dir string, count, size int) []string {
	b.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		b.Fatal(err)
	}
	paths := make([]string, count)
	for i := range paths {
		paths[i] = filepath.Join(dir, strconv.Itoa(i))
		data := append([]byte(fmt.Sprint(i)), make([]byte, size)...)
		if err := os.WriteFile(paths[i], data[:size], 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return paths
}
