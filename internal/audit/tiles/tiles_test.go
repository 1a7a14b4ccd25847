package tiles_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/tiles"
)

const origin = "kind.local/audit/01JGK3F0Q0000000000000000A"

// tree is the hashes of a log in memory.
type tree struct {
	hashes []tlog.Hash
	most   int // hashes asked for at once
}

var errShort = errors.New("hash not stored")

func (l *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	l.most = max(l.most, len(indexes))
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x >= int64(len(l.hashes)) {
			return nil, errShort
		}
		out[i] = l.hashes[x]
	}
	return out, nil
}

func record(i int) []byte { return fmt.Appendf(nil, `{"n":%d}`, i) }

// records yields the records of a log from first on, without an end.
func records(first int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		buffer := make([]byte, 0, 32)
		for i := first; ; i++ {
			buffer = append(buffer[:0], record(i)...)
			if !yield(buffer, nil) {
				return
			}
		}
	}
}

func numbered(t testing.TB, n int) *tree {
	t.Helper()
	l := &tree{}
	for i := range n {
		hashes, err := tlog.StoredHashes(int64(i), record(i), l)
		if err != nil {
			t.Fatal(err)
		}
		l.hashes = append(l.hashes, hashes...)
	}
	return l
}

func signed(t testing.TB, l *tree, size int) []byte {
	t.Helper()
	root, err := tlog.TreeHash(int64(size), l)
	if err != nil {
		t.Fatal(err)
	}
	s, err := checkpoint.NewSigner(origin, checkpoint.Ed25519, ed25519.NewKeyFromSeed(make([]byte, 32)), nil)
	if err != nil {
		t.Fatal(err)
	}
	n, err := checkpoint.Sign(checkpoint.Checkpoint{Origin: origin, Size: uint64(size), Root: root}, s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// files is a Writer into memory.
type files struct {
	content map[string][]byte
	order   []string
	fail    int // the call to fail, from 1
}

var errFull = errors.New("disk full")

func (f *files) Create(path string, data []byte) error {
	if f.content == nil {
		f.content = make(map[string][]byte)
	}
	if _, ok := f.content[path]; ok {
		return fmt.Errorf("%s twice", path)
	}
	if f.order = append(f.order, path); len(f.order) == f.fail {
		return errFull
	}
	f.content[path] = bytes.Clone(data)
	return nil
}

func TestPaths(t *testing.T) {
	for want, got := range map[string]string{
		"tile/0/000":                  tiles.HashPath(0, 0, 256),
		"tile/0/000.p/1":              tiles.HashPath(0, 0, 1),
		"tile/63/999.p/255":           tiles.HashPath(63, 999, 255),
		"tile/1/x001/000":             tiles.HashPath(1, 1000, 256),
		"tile/1/x001/x234/067":        tiles.HashPath(1, 1234067, 256),
		"tile/entries/x001/x234/067":  tiles.EntriesPath(1234067, 256),
		"tile/entries/x001/x000/000":  tiles.EntriesPath(1000000, 256),
		"tile/entries/005.p/17":       tiles.EntriesPath(5, 17),
		"tile/2/x001/x002/x003/004":   tiles.HashPath(2, 1002003004, 256),
		"tile/2/x999/x999/999.p/1":    tiles.HashPath(2, 999999999, 1),
		"tile/entries/x010/x020/030":  tiles.EntriesPath(10020030, 256),
		"tile/entries/x001/001.p/255": tiles.EntriesPath(1001, 255),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	// x/mod has the height in its paths and is otherwise the same.
	for _, tile := range []tlog.Tile{{H: 8, L: 3, N: 0, W: 256}, {H: 8, L: 0, N: 1234067, W: 9}, {H: 8, L: 7, N: 5000, W: 255}} {
		if want := strings.Replace(tile.Path(), "tile/8/", "tile/", 1); tiles.HashPath(tile.L, uint64(tile.N), tile.W) != want {
			t.Errorf("x/mod: %s", want)
		}
	}
}

// The package comment's two examples.
func TestExamples(t *testing.T) {
	l, f := &tree{}, &files{}
	texts := []string{`"one"`, `"two"`, `"three"`}
	for i, r := range texts {
		hashes, err := tlog.StoredHashes(int64(i), []byte(r), l)
		if err != nil {
			t.Fatal(err)
		}
		l.hashes = append(l.hashes, hashes...)
	}
	log := tiles.Log{Checkpoint: signed(t, l, 3), Tree: l, Records: func(yield func([]byte, error) bool) {
		for _, r := range texts {
			if !yield([]byte(r), nil) {
				return
			}
		}
	}}
	if err := tiles.Export(t.Context(), f, log); err != nil {
		t.Fatal(err)
	}
	if want := []string{"tile/entries/000.p/3", "tile/0/000.p/3", "checkpoint"}; !slices.Equal(f.order, want) {
		t.Errorf("files %q", f.order)
	}
	if got := string(f.content["tile/entries/000.p/3"]); got != "\x00\x05\"one\"\x00\x05\"two\"\x00\x07\"three\"" {
		t.Errorf("bundle %q", got)
	}
	if got := f.content["tile/0/000.p/3"]; len(got) != 96 || !bytes.Equal(got[:32], l.hashes[0][:]) {
		t.Errorf("tile %x", got)
	}
	if !bytes.Equal(f.content["checkpoint"], log.Checkpoint) {
		t.Error("checkpoint")
	}

	// The numbers are those of tlog-tiles, "Partial Tiles".
	l, f = numbered(t, 70000), &files{}
	if err := tiles.Export(t.Context(), f, tiles.Log{Checkpoint: signed(t, l, 70000), Tree: l, Records: records(0)}); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for path := range f.content {
		kind, rest, _ := strings.Cut(strings.TrimPrefix(path, "tile/"), "/")
		_, partial, _ := strings.Cut(rest, ".p/")
		count[kind+":"+partial]++
	}
	if want := map[string]int{"0:": 273, "0:112": 1, "1:": 1, "1:17": 1, "2:1": 1, "entries:": 273, "entries:112": 1, "checkpoint:": 1}; !maps.Equal(count, want) {
		t.Errorf("files %v", count)
	}
	if l.most > 256 {
		t.Errorf("%d hashes at once", l.most)
	}
}

// Each tile is what golang.org/x/mod reads from the stored hashes, and there are no
// others.
func TestAgreesWithMod(t *testing.T) {
	l := numbered(t, 66000)
	for _, size := range []int{0, 1, 2, 3, 254, 255, 256, 257, 511, 512, 513, 1000, 65535, 65536, 65537, 65792, 66000} {
		f := &files{}
		if err := tiles.Export(t.Context(), f, tiles.Log{Checkpoint: signed(t, l, size), Tree: l, Records: records(0)}); err != nil {
			t.Fatalf("%d: %v", size, err)
		}
		if f.order[len(f.order)-1] != "checkpoint" {
			t.Errorf("%d: last is %s", size, f.order[len(f.order)-1])
		}
		want := 1
		for n := size; n > 0; n /= 256 {
			want += (n + 255) / 256
		}
		want += (size + 255) / 256
		if len(f.content) != want {
			t.Errorf("%d: %d files, want %d", size, len(f.content), want)
		}
		for path, data := range f.content {
			name, ok := strings.CutPrefix(path, "tile/")
			if !ok || strings.HasPrefix(name, "entries/") {
				continue
			}
			tile, err := tlog.ParseTilePath("tile/8/" + name)
			if err != nil {
				t.Fatalf("%d: %v", size, err)
			}
			theirs, err := tlog.ReadTileData(tile, l)
			if err != nil || !bytes.Equal(data, theirs) {
				t.Errorf("%d: %s differs: %v", size, path, err)
			}
		}
	}
}

func TestPruned(t *testing.T) {
	l := numbered(t, 1000)
	for first, bundles := range map[int]int{0: 4, 256: 3, 768: 1} {
		f := &files{}
		log := tiles.Log{Checkpoint: signed(t, l, 1000), Tree: l, Records: records(first), First: uint64(first)}
		if err := tiles.Export(t.Context(), f, log); err != nil {
			t.Fatal(err)
		}
		n, hashes := 0, 0
		for path := range f.content {
			switch {
			case strings.HasPrefix(path, "tile/entries/"):
				n++
			case strings.HasPrefix(path, "tile/"):
				hashes++
			}
		}
		if n != bundles || hashes != 5 {
			t.Errorf("from %d on: %d bundles, %d tiles", first, n, hashes)
		}
	}
	f := &files{}
	log := tiles.Log{Checkpoint: signed(t, l, 512), Tree: l, Records: records(512), First: 512}
	if err := tiles.Export(t.Context(), f, log); err != nil || len(f.content) != 4 {
		t.Errorf("no records left: %v, %v", f.order, err)
	}
}

func TestExportRefuses(t *testing.T) {
	l := numbered(t, 1000)
	good := signed(t, l, 600)
	wrong := &tree{hashes: slices.Clone(l.hashes)}
	wrong.hashes[tlog.StoredHashIndex(0, 300)][0] ^= 1
	inner := &tree{hashes: slices.Clone(l.hashes)}
	inner.hashes[tlog.StoredHashIndex(8, 0)][0] ^= 1
	until := func(n int, err error) iter.Seq2[[]byte, error] {
		return func(yield func([]byte, error) bool) {
			for i := range n {
				if !yield(record(i), nil) {
					return
				}
			}
			if err != nil {
				yield(nil, err)
			}
		}
	}
	errRead := errors.New("read failed")
	for name, c := range map[string]struct {
		log  tiles.Log
		fail int
		want error
	}{
		"not a note":            {tiles.Log{Checkpoint: []byte("x"), Tree: l, Records: records(0)}, 0, checkpoint.ErrMalformed},
		"records end":           {tiles.Log{Checkpoint: good, Tree: l, Records: until(599, nil)}, 0, tiles.ErrShort},
		"records fail":          {tiles.Log{Checkpoint: good, Tree: l, Records: until(300, errRead)}, 0, errRead},
		"hashes end":            {tiles.Log{Checkpoint: good, Tree: &tree{hashes: l.hashes[:1000]}, Records: records(0)}, 0, errShort},
		"fewer hashes":          {tiles.Log{Checkpoint: good, Tree: tlog.HashReaderFunc(func([]int64) ([]tlog.Hash, error) { return nil, nil }), Records: records(0)}, 0, tiles.ErrShort},
		"records shifted":       {tiles.Log{Checkpoint: good, Tree: l, Records: records(1)}, 0, tiles.ErrRecord},
		"leaf changed":          {tiles.Log{Checkpoint: good, Tree: wrong, Records: records(0)}, 0, tiles.ErrRecord},
		"leaf changed, pruned":  {tiles.Log{Checkpoint: good, Tree: wrong, Records: records(512), First: 512}, 0, tiles.ErrTree},
		"inner hashes not used": {tiles.Log{Checkpoint: good, Tree: inner, Records: records(0)}, 0, nil},
		"inside of a bundle":    {tiles.Log{Checkpoint: good, Tree: l, Records: records(100), First: 100}, 0, tiles.ErrFirst},
		"behind the end":        {tiles.Log{Checkpoint: good, Tree: l, Records: records(768), First: 768}, 0, tiles.ErrFirst},
		"disk full at first":    {tiles.Log{Checkpoint: good, Tree: l, Records: records(0)}, 1, errFull},
		"disk full at last":     {tiles.Log{Checkpoint: good, Tree: l, Records: records(0)}, 8, errFull},
	} {
		f := &files{fail: c.fail}
		err := tiles.Export(t.Context(), f, c.log)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
		if _, ok := f.content["checkpoint"]; ok != (c.want == nil) {
			t.Errorf("%s: a checkpoint is there: %v", name, ok)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := tiles.Export(ctx, &files{}, tiles.Log{Checkpoint: good, Tree: l, Records: records(0)}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// A record's length is at most what two bytes hold.
func TestRecordLengths(t *testing.T) {
	for n, want := range map[int]error{0: nil, 1: nil, tiles.MaxRecord: nil, tiles.MaxRecord + 1: tiles.ErrLength} {
		r := bytes.Repeat([]byte("x"), n)
		l, f := &tree{}, &files{}
		hashes, err := tlog.StoredHashes(0, r, l)
		if err != nil {
			t.Fatal(err)
		}
		l.hashes = hashes
		one := func(yield func([]byte, error) bool) { yield(r, nil) }
		err = tiles.Export(t.Context(), f, tiles.Log{Checkpoint: signed(t, l, 1), Tree: l, Records: one})
		if !errors.Is(err, want) || want == nil && len(f.content["tile/entries/000.p/1"]) != n+2 {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// Every other size up to a little above two tiles, and each flipped bit of what the
// tree stores, is found.
func TestRoots(t *testing.T) {
	l := numbered(t, 600)
	for size := range 520 {
		if size > 10 && size < 240 || size > 270 && size < 500 {
			continue
		}
		if err := tiles.Export(t.Context(), &files{}, tiles.Log{Checkpoint: signed(t, l, size), Tree: l, Records: records(0)}); err != nil {
			t.Errorf("%d: %v", size, err)
		}
		other := bytes.Replace(signed(t, l, size+1), fmt.Appendf(nil, "\n%d\n", size+1), fmt.Appendf(nil, "\n%d\n", size), 1)
		if err := tiles.Export(t.Context(), &files{}, tiles.Log{Checkpoint: other, Tree: l, Records: records(0)}); !errors.Is(err, tiles.ErrTree) && size > 0 {
			t.Errorf("%d with another root: %v", size, err)
		}
	}
}
