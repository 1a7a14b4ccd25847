package digest_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"kai/internal/digest"
)

// BenchmarkSums is one pass over a long stream.
func BenchmarkSums(b *testing.B) {
	const size = 64 << 20
	for _, a := range digest.All() {
		b.Run(a.String(), func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				if _, err := digest.Sums(b.Context(), io.LimitReader(&endless{}, size), []digest.Spec{{Algorithm: a}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFileBLAKE3 is one file of 64 MiB in the page cache.
func BenchmarkFileBLAKE3(b *testing.B) {
	const size = 64 << 20
	path := filepath.Join(b.TempDir(), "file")
	if err := os.WriteFile(path, pattern(size), 0o600); err != nil {
		b.Fatal(err)
	}
	for _, workers := range []int{1, 2, 4} {
		b.Run(map[int]string{1: "workers=1", 2: "workers=2", 4: "workers=4"}[workers], func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				f, err := os.Open(path)
				if err != nil {
					b.Fatal(err)
				}
				if _, _, err := digest.File(b.Context(), f, digest.BLAKE3, workers); err != nil {
					b.Fatal(err)
				}
				f.Close()
			}
		})
	}
}

// BenchmarkFilesSmall is 1,000 files of 4 KiB.
func BenchmarkFilesSmall(b *testing.B) {
	jobs := func(yield func(digest.Job) bool) {
		for range 1000 {
			if !yield(digest.Job{Path: "4096", Algorithm: digest.BLAKE3}) {
				return
			}
		}
	}
	b.SetBytes(1000 * 4096)
	for b.Loop() {
		err := digest.Files(b.Context(), jobs, memory, 2, func(r digest.Result) error { return r.Err })
		if err != nil {
			b.Fatal(err)
		}
	}
}
