package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// BenchmarkManifestMemory reports the largest resident size of whole runs of kai sign and kai
// verify, over one sparse file of 20 GiB (with -short 2 GiB) in each hash that manifests have,
// and over a directory of 200,000 names. Held: 64 MiB.
//
//	TMPDIR=/dev/shm go test -run '^$' -bench ManifestMemory -benchtime 1x ./cmd/kai
func BenchmarkManifestMemory(b *testing.B) {
	kai := buildKai(b)
	dir := b.TempDir()
	ssh, _ := manifestKeys(b, dir)
	size := int64(20 << 30)
	if testing.Short() {
		size = 2 << 30
	}
	measure := func(b *testing.B, tree string, flags ...string) {
		m := filepath.Join(dir, "manifest")
		worst := int64(0)
		for b.Loop() {
			sign := append([]string{"sign", tree, "-f", "-o", m, "--key", "file:" + ssh}, flags...)
			worst = max(worst, residentSize(b, kai, sign...))
			worst = max(worst, residentSize(b, kai, "verify", m, tree, "--signer", ssh+".pub"))
		}
		b.ReportMetric(float64(worst)/(1<<20), "MiB-resident")
		if worst > 64<<20 {
			b.Errorf("%d bytes resident", worst)
		}
	}

	sparse := filepath.Join(dir, "sparse")
	writeRandom(b, makeDir(b, sparse)+"/file", 1<<20)
	if err := os.Truncate(sparse+"/file", size); err != nil {
		b.Fatal(err)
	}
	for _, hash := range signFormatNamed("manifest").hashes {
		b.Run("sparse/"+hash, func(b *testing.B) { measure(b, sparse, "--hash", hash) })
	}
	many := makeDir(b, filepath.Join(dir, "many"))
	for i := range 200_000 {
		if err := os.WriteFile(fmt.Sprintf("%s/name-of-usual-length-%06d.txt", many, i), nil, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("many", func(b *testing.B) { measure(b, many) })
}

func makeDir(b *testing.B, path string) string {
	b.Helper()
	if err := os.Mkdir(path, 0o700); err != nil {
		b.Fatal(err)
	}
	return path
}

// residentSize runs kai, which must succeed, and returns the largest size of its memory.
func residentSize(b *testing.B, kai string, args ...string) int64 {
	b.Helper()
	cmd := exec.Command(kai, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("kai %s: %v\n%s", args[0], err, out)
	}
	return cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10 // KiB on Linux
}
