package manifest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kai/internal/digest"
	"kai/internal/sig"
	"kai/internal/sig/manifest"
)

// Names around the slash, and directories that are prefixes of their
// neighbours: sorting each directory by name would not do.
func TestOrderIsThatOfPaths(t *testing.T) {
	nodes := tree{}
	for _, path := range []string{
		"a/x", "a/y/z", "a.b", "a-b", "a-/x", "a--/x", "a--.c", "a0", "aa", "b", "a-/-/q",
		"empty/", "empty.txt", "empty-", "e/empty/", "e/empty-", "e/empty/in/",
		"\x01low", "\\back", "z\x7f", "é", "\xff",
	} {
		nodes[path] = file(path)
	}
	for _, names := range []int{1, 2, 3, 1000} {
		t.Run(fmt.Sprint(names), func(t *testing.T) {
			root := grow(t, t.TempDir(), nodes)
			m, err := manifest.BuildWithin(t.Context(), root, manifest.Options{}, names, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			got := paths(t, m)
			if !slices.IsSorted(got) {
				t.Errorf("not sorted: %q", got)
			}
			var want []string
			for path := range nodes {
				path = strings.TrimSuffix(path, "/")
				if path != "e/empty" {
					want = append(want, manifest.Escape(path))
				}
			}
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("entries %q, want %q", got, want)
			}
			if err := open(t, text(t, m)).CompareWithin(t.Context(), root, manifest.CompareOptions{}, names, unexpected(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSameTreeSameBytes(t *testing.T) {
	nodes := randomTree(rand.New(rand.NewPCG(1, 2)), 300)
	one, two := t.TempDir(), t.TempDir()
	first := text(t, build(t, grow(t, one, nodes), manifest.Options{Workers: 1}))
	root := grow(t, two, nodes)
	old := time.Unix(1e9, 0)
	err := filepath.WalkDir(two, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.Type()&os.ModeSymlink != 0 || path == two {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if err := os.Chmod(path, info.Mode()&0o700); err != nil {
			return err
		}
		return os.Chtimes(path, old, old)
	})
	if err != nil {
		t.Fatal(err)
	}
	if second := text(t, build(t, root, manifest.Options{Workers: 7})); first != second {
		t.Errorf("the same tree has two manifests:\n%s\n%s", first, second)
	}
}

func TestEmptyTree(t *testing.T) {
	const want = "kai-manifest/1\nalg sha256\ntree sha256 0 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nsize 0\n\n\n"
	m := build(t, grow(t, t.TempDir(), nil), manifest.Options{Algorithm: digest.SHA256})
	if got := text(t, m); got != want {
		t.Errorf("manifest of nothing: %q, want %q", got, want)
	}
	open(t, want)
}

// Digests of "abc" are those of FIPS 180-2, FIPS 202, RFC 7693 and b3sum.
func TestAlgorithms(t *testing.T) {
	root := grow(t, t.TempDir(), tree{"a": file("abc"), "l": link("abc")})
	for a, sum := range map[digest.Algorithm]string{
		digest.SHA256:   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		digest.SHA512:   "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
		digest.SHA3_256: "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
		digest.BLAKE2b:  "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
		digest.BLAKE3:   "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
	} {
		m := build(t, root, manifest.Options{Algorithm: a})
		_, entries, _ := strings.Cut(text(t, m), "\n\n")
		if want := "f 3 " + sum + " a\nl 3 " + sum + " l\n\n"; entries != want {
			t.Errorf("%v: entries\n%s\nwant\n%s", a, entries, want)
		}
		if a != digest.BLAKE3 && !strings.Contains(text(t, m), "\nalg "+a.String()+"\n") {
			t.Errorf("%v: not in the head", a)
		}
		open(t, text(t, m))
	}
}

func TestExclude(t *testing.T) {
	root := grow(t, t.TempDir(), tree{
		"a.tmp": file("1"), "a.txt": file("2"), "sub/b.tmp": file("3"), "sub/deep/c.tmp": file("4"),
		"build/out": file("5"), "build/more/out": file("6"), "only/x.o": file("7"), "é\n": file("8"),
	})
	for _, c := range []struct {
		exclude []string
		want    string
	}{
		{nil, `a.tmp a.txt build/more/out build/out only/x.o sub/b.tmp sub/deep/c.tmp é\x0a`},
		{[]string{"*.tmp"}, `a.txt build/more/out build/out only/x.o sub/b.tmp sub/deep/c.tmp é\x0a`},
		{[]string{"*/*.tmp", "build", "build"}, `a.tmp a.txt only/x.o sub/deep/c.tmp é\x0a`},
		{[]string{"only/*.o", "sub/deep/c.tmp"}, `a.tmp a.txt build/more/out build/out only sub/b.tmp sub/deep é\x0a`},
		{[]string{"?"}, `a.tmp a.txt build/more/out build/out only/x.o sub/b.tmp sub/deep/c.tmp é\x0a`},
		{[]string{"??", "[a-z]*"}, ``},
	} {
		m := build(t, root, manifest.Options{Exclude: c.exclude})
		if got := strings.Join(paths(t, m), " "); got != c.want {
			t.Errorf("without %q: %q, want %q", c.exclude, got, c.want)
		}
		again := open(t, text(t, m))
		want := slices.Compact(slices.Sorted(slices.Values(c.exclude)))
		if !slices.Equal(again.Head().Exclude, want) {
			t.Errorf("recorded patterns %q, want %q", again.Head().Exclude, want)
		}
		if diffs, err := compare(t, again, root, manifest.CompareOptions{}); err != nil {
			t.Errorf("without %q: %v %v", c.exclude, diffs, err)
		}
	}
}

func TestBadPatterns(t *testing.T) {
	root := grow(t, t.TempDir(), nil)
	for _, pattern := range []string{"", "[", "a[", "a\\", "a\nb", "\x7f", "\xff"} {
		if _, err := manifest.Build(t.Context(), root, manifest.Options{Exclude: []string{pattern}}); !errors.Is(err, manifest.ErrPattern) {
			t.Errorf("pattern %q: %v", pattern, err)
		}
	}
	var many []string
	for i := range 10000 {
		many = append(many, fmt.Sprint("pattern", i))
	}
	if _, err := manifest.Build(t.Context(), root, manifest.Options{Exclude: many}); !errors.Is(err, sig.ErrTooLarge) {
		t.Errorf("%d patterns: %v", len(many), err)
	}
}

func TestPathTooLong(t *testing.T) {
	dir := t.TempDir()
	root := openRoot(t, dir)
	// Each line feed takes four bytes in a manifest.
	path := strings.TrimSuffix(strings.Repeat(strings.Repeat("\n", 200)+"/", 6), "/")
	if err := root.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := manifest.Build(t.Context(), root, manifest.Options{})
	if !errors.Is(err, sig.ErrTooLarge) {
		t.Fatal(err)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error text with a line feed: %q", err)
	}
}

// spill counts what is written to a temporary file.
type spill struct {
	*os.File
	written int
	failing bool
}

func (s *spill) Write(p []byte) (int, error) {
	if s.failing {
		return 0, errors.New("disk full")
	}
	s.written += len(p)
	return s.File.Write(p)
}

func TestSpill(t *testing.T) {
	nodes := randomTree(rand.New(rand.NewPCG(3, 4)), 200)
	root := grow(t, t.TempDir(), nodes)
	want := text(t, build(t, root, manifest.Options{}))
	f, err := os.Create(filepath.Join(t.TempDir(), "spill"))
	if err != nil {
		t.Fatal(err)
	}
	s := &spill{File: f}
	small := func(s manifest.Spill) (*manifest.Manifest, error) {
		o := manifest.Options{Spill: func() (manifest.Spill, error) { return s, nil }}
		return manifest.BuildWithin(t.Context(), root, o, 1000, 1000)
	}
	m, err := small(s)
	if err != nil {
		t.Fatal(err)
	}
	if got := text(t, m); got != want {
		t.Error("another manifest by way of a temporary file")
	}
	if s.written == 0 {
		t.Error("nothing spilled")
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if _, err := f.Read(nil); !errors.Is(err, os.ErrClosed) {
		t.Errorf("temporary file after Close: %v", err)
	}
	f, err = os.Create(filepath.Join(t.TempDir(), "full"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = small(&spill{File: f, failing: true}); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("full disk: %v", err)
	}
	if _, err := f.Read(nil); !errors.Is(err, os.ErrClosed) {
		t.Errorf("temporary file after a failure: %v", err)
	}
}

// cancelAtWrite cancels when something is written.
type cancelAtWrite struct {
	io.Writer
	io.ReaderAt
	io.Closer
	cancel func()
}

func (c cancelAtWrite) Write(p []byte) (int, error) { c.cancel(); return len(p), nil }

func TestCancelled(t *testing.T) {
	root := grow(t, t.TempDir(), randomTree(rand.New(rand.NewPCG(5, 6)), 400))
	before := descriptors()
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	_, err := manifest.BuildWithin(ctx, root, manifest.Options{Spill: func() (manifest.Spill, error) {
		return cancelAtWrite{cancel: func() { cancel(enough) }, Closer: io.NopCloser(nil)}, nil
	}}, 1000, 500)
	if !errors.Is(err, enough) {
		t.Errorf("cancelled half-way: %v", err)
	}
	if _, err := manifest.Build(ctx, root, manifest.Options{}); !errors.Is(err, enough) {
		t.Errorf("cancelled before: %v", err)
	}
	if after := descriptors(); after != before {
		t.Errorf("%d descriptors open, %d before", after, before)
	}
}
