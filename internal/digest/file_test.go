package digest_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zeebo/blake3"

	"kai/internal/digest"
)

// Lengths around every joint of the tree, against the other module.
func TestTreeAgainstStream(t *testing.T) {
	const k, m = 1 << 10, 1 << 20
	sizes := []int{1, 2, 63, 64, 65, 3*m + 500, 5*m + 17*k, 7*m + 1, 11*m + 16*k}
	for _, joint := range []int{k, 2 * k, 3 * k, 8 * k, 16 * k, 17 * k, 32 * k, 48 * k, 512 * k, m, m + 16*k, 2 * m, 3 * m, 4 * m, 5 * m, 6 * m, 8 * m, 9 * m} {
		sizes = append(sizes, joint-1, joint, joint+1)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		sizes = append(sizes, 1+random.IntN(12*m))
	}
	data := make([]byte, slices.Max(sizes))
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	for _, size := range sizes {
		want := blake3.Sum256(data[:size])
		for _, workers := range []int{1, 2, 5} {
			got, err := digest.Tree(t.Context(), bytes.NewReader(data), int64(size), workers)
			if err != nil || !bytes.Equal(got, want[:]) {
				t.Errorf("%d bytes, %d workers: %x, %v, want %x", size, workers, got, err, want)
			}
		}
	}
}

// repeated is an io.ReaderAt of a length that no memory holds.
type repeated struct{ period []byte }

func (r repeated) ReadAt(p []byte, offset int64) (int, error) {
	at := int(offset % int64(len(r.period)))
	for n := 0; n < len(p); at = 0 {
		n += copy(p[n:], r.period[at:])
	}
	return len(p), nil
}

// More than one batch of segments is joined.
func TestTreeBatches(t *testing.T) {
	if testing.Short() {
		t.Skip("hashes 2 GiB")
	}
	size := int64(digest.BatchSegments)*digest.BlockSize + 3*digest.BlockSize + 5
	r := repeated{pattern(digest.BlockSize)}
	got, err := digest.Tree(t.Context(), r, size, 2)
	if err != nil {
		t.Fatal(err)
	}
	want, err := digest.Sums(t.Context(), io.NewSectionReader(r, 0, size), []digest.Spec{{Algorithm: digest.BLAKE3}})
	if err != nil || !bytes.Equal(got, want[0]) {
		t.Errorf("tree %x, stream %x, %v", got, want, err)
	}
}

func write(t *testing.T, data []byte) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// Digests made with b3sum 1.2.
func TestFileKnownAnswers(t *testing.T) {
	for _, tt := range []struct {
		size int
		want string
	}{
		{0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"},
		{1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"},
		{1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11"},
		{1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"},
		{1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"},
		{16384, "f875d6646de28985646f34ee13be9a576fd515f76b5b0a26bb324735041ddde4"},
		{16385, "1dabe216be2578830263b049de1639f39f05a4da616b9b78c7a5e4e41662fd1f"},
		{1 << 20, "74cb441fd087764ca9c3694da742ebe30cbeb3060a17009ca81825c7a8d10343"},
		{1<<20 + 1, "2f053cd7472cf0cd2f9adaf45c1180255b91b9a865404a63671a0ee5f792ed33"},
		{4 << 20, "4e94e6f582581a0f3855f3ce504b153e951e65036fe9e2f010b7e25473c54f98"},
		{4<<20 + 1, "0460893a0170917e0d568bb27c0287984d4f7e9d59eafb95e6fb3c01ec611eab"},
		{7 << 20, "f9d98273713c4302e85f0cb06bcf3a51066a37a63ba2c0f015bac9abd14d5bb3"},
		{7<<20 + 1, "3f93485119fc368bc8dde47c605afa5b98626261f02f391c13f0b4d8a937e6a4"},
	} {
		f := write(t, pattern(tt.size))
		for _, workers := range []int{0, 1, 2, 3} {
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			sum, size, err := digest.File(t.Context(), f, digest.BLAKE3, workers)
			if err != nil || hex.EncodeToString(sum) != tt.want || size != int64(tt.size) {
				t.Errorf("%d bytes, %d workers: %x, size %d, %v, want %s", tt.size, workers, sum, size, err, tt.want)
			}
		}
	}
}

// meddler is a context that does something the first time it is looked at, which
// is after hashing has begun.
type meddler struct {
	context.Context
	done atomic.Bool
	do   func()
}

func (m *meddler) Err() error {
	if m.done.CompareAndSwap(false, true) {
		m.do()
	}
	return nil
}

func TestFileChanged(t *testing.T) {
	must := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	changes := map[string]func(f *os.File, size int64){
		"grown": func(f *os.File, size int64) { must(os.Truncate(f.Name(), size+1)) },
		"cut":   func(f *os.File, size int64) { must(os.Truncate(f.Name(), size-1)) },
		"empty": func(f *os.File, size int64) { must(os.Truncate(f.Name(), 0)) },
		"touched": func(f *os.File, _ int64) {
			must(os.Chtimes(f.Name(), time.Time{}, time.Date(2001, 2, 3, 4, 5, 6, 7, time.UTC)))
		},
		"cut, and dated back": func(f *os.File, size int64) {
			info, err := f.Stat()
			must(err)
			must(os.Truncate(f.Name(), size-1))
			must(os.Chtimes(f.Name(), time.Time{}, info.ModTime()))
		},
	}
	for name, change := range changes {
		for _, size := range []int64{1, 100 << 10, 9 << 20} {
			for _, a := range []digest.Algorithm{digest.SHA256, digest.BLAKE3} {
				f := write(t, pattern(int(size)))
				ctx := &meddler{Context: t.Context(), do: func() { change(f, size) }}
				sum, _, err := digest.File(ctx, f, a, 2)
				if !errors.Is(err, digest.ErrChanged) || sum != nil {
					t.Errorf("%s, %d bytes, %v: %x, %v", name, size, a, sum, err)
				}
			}
		}
	}
}

func TestFileErrors(t *testing.T) {
	if _, _, err := digest.File(t.Context(), write(t, nil), 0, 1); !errors.Is(err, digest.ErrAlgorithm) {
		t.Errorf("no algorithm: %v", err)
	}
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if _, _, err := digest.File(t.Context(), dir, digest.SHA256, 1); err == nil {
		t.Error("a directory has a digest")
	}
	for _, size := range []int{1, 9 << 20} {
		f := write(t, pattern(size))
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("enough")
		cancel(why)
		if _, _, err := digest.File(ctx, f, digest.BLAKE3, 2); err != why {
			t.Errorf("cancelled: %v", err)
		}
		f.Close()
		if _, _, err := digest.File(t.Context(), f, digest.BLAKE3, 2); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	}
}

// A pipe has no size and is read as a stream.
func TestFilePipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	written := make(chan error, 1)
	go func() {
		_, err := w.Write(pattern(5 << 20))
		written <- errors.Join(err, w.Close())
	}()
	sum, size, err := digest.File(t.Context(), r, digest.BLAKE3, 2)
	want := blake3.Sum256(pattern(5 << 20))
	if err != nil || size != 5<<20 || !bytes.Equal(sum, want[:]) {
		t.Errorf("%x, size %d, %v, want %x", sum, size, err, want)
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
}

// memory opens paths that are sizes: the content is the pattern.
func memory(_ context.Context, path string) (io.ReadCloser, error) {
	size, err := strconv.Atoi(path)
	if err != nil {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(pattern(size))), nil
}

func TestFilesOrder(t *testing.T) {
	unread := errors.New("not looked at")
	var jobs []digest.Job
	for i := range 3000 {
		jobs = append(jobs, digest.Job{Path: strconv.Itoa(i * 7919 % 5000), Algorithm: digest.All()[i%5], Want: []byte{byte(i)}})
	}
	jobs[0].Path = strconv.Itoa(3 << 20) // the first is the slowest
	jobs[17].Path = "absent"
	jobs[18].Err = unread
	jobs[19].Algorithm = 0
	for _, workers := range []int{0, 1, 2, 9} {
		i := 0
		err := digest.Files(t.Context(), slices.Values(jobs), memory, workers, func(r digest.Result) error {
			job := jobs[i]
			i++
			var want error
			switch i - 1 {
			case 17:
				want = fs.ErrNotExist
			case 18:
				want = unread
			case 19:
				want = digest.ErrAlgorithm
			}
			if r.Path != job.Path || r.Algorithm != job.Algorithm || !bytes.Equal(r.Want, job.Want) || !errors.Is(r.Err, want) {
				return fmt.Errorf("result %d is %+v, want %+v and error %v", i-1, r, job, want)
			}
			if want != nil {
				return nil
			}
			size, _ := strconv.Atoi(job.Path)
			h := job.Algorithm.New()
			h.Write(pattern(size))
			if r.Size != int64(size) || !bytes.Equal(r.Sum, h.Sum(nil)) {
				return fmt.Errorf("result %d is %+v", i-1, r)
			}
			return nil
		})
		if err != nil || i != len(jobs) {
			t.Errorf("%d workers: %d results, %v", workers, i, err)
		}
	}
}

// One large file among small ones, all real.
func TestFilesShareWorkers(t *testing.T) {
	dir := t.TempDir()
	var jobs []digest.Job
	for i, size := range []int{10, 9<<20 + 3, 5 << 20, 0, 6<<20 + 1, 100} {
		path := filepath.Join(dir, strconv.Itoa(i))
		if err := os.WriteFile(path, pattern(size), 0o600); err != nil {
			t.Fatal(err)
		}
		jobs = append(jobs, digest.Job{Path: path, Algorithm: digest.BLAKE3})
	}
	open := func(_ context.Context, path string) (io.ReadCloser, error) { return os.Open(path) }
	for _, workers := range []int{1, 2, 4} {
		err := digest.Files(t.Context(), slices.Values(jobs), open, workers, func(r digest.Result) error {
			if r.Err != nil {
				return r.Err
			}
			if want := blake3.Sum256(pattern(int(r.Size))); !bytes.Equal(r.Sum, want[:]) {
				return fmt.Errorf("%s: %x, want %x", r.Path, r.Sum, want)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%d workers: %v", workers, err)
		}
	}
}

// When the caller has had enough, or the context has, everything ends.
func TestFilesEnd(t *testing.T) {
	forever := func(yield func(digest.Job) bool) {
		for yield(digest.Job{Path: "100", Algorithm: digest.SHA256}) {
		}
	}
	enough := errors.New("enough")
	n := 0
	err := digest.Files(t.Context(), forever, memory, 2, func(digest.Result) error {
		if n++; n == 5000 {
			return enough
		}
		return nil
	})
	if err != enough || n != 5000 {
		t.Errorf("after %d results: %v", n, err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	err = digest.Files(ctx, forever, memory, 2, func(digest.Result) error {
		cancel(enough)
		return nil
	})
	if err != enough {
		t.Errorf("cancelled: %v", err)
	}
}

// Files under /proc claim to be empty.
func TestFileProc(t *testing.T) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		t.Skipf("no proc file system: %v", err)
	}
	defer f.Close()
	if _, size, err := digest.File(t.Context(), f, digest.SHA256, 1); err != nil || size == 0 {
		t.Errorf("size %d, %v", size, err)
	}
}
