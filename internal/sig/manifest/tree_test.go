package manifest_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"kai/internal/sig/manifest"
)

// node is what a test puts at one path: a file, a link, or, under a path that
// ends in a slash, a directory.
type node struct {
	content string
	mode    fs.FileMode
	target  string
}

func file(content string) node       { return node{content: content, mode: 0o644} }
func executable(content string) node { return node{content: content, mode: 0o755} }
func link(target string) node        { return node{target: target} }

// tree is a tree by path, without the directories that hold something.
type tree map[string]node

// grow makes a tree in an existing directory, in the random order of a map.
func grow(t testing.TB, dir string, nodes tree) *os.Root {
	t.Helper()
	for path, n := range nodes {
		put(t, filepath.Join(dir, path), strings.HasSuffix(path, "/"), n)
	}
	return openRoot(t, dir)
}

func put(t testing.TB, path string, isDir bool, n node) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	switch {
	case err != nil:
	case isDir:
		err = os.MkdirAll(path, 0o755)
	case n.target != "":
		err = os.Symlink(n.target, path)
	default:
		if err = os.WriteFile(path, []byte(n.content), n.mode); err == nil {
			err = os.Chmod(path, n.mode)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

func openRoot(t testing.TB, dir string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

func build(t testing.TB, root *os.Root, o manifest.Options) *manifest.Manifest {
	t.Helper()
	m, err := manifest.Build(t.Context(), root, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// text is the manifest as a file.
func text(t testing.TB, m *manifest.Manifest) string {
	t.Helper()
	var b bytes.Buffer
	n, err := m.WriteTo(&b)
	if err != nil || n != int64(b.Len()) {
		t.Fatalf("WriteTo = %d, %v after %d bytes", n, err, b.Len())
	}
	return b.String()
}

func open(t testing.TB, text string) *manifest.Manifest {
	t.Helper()
	m, err := manifest.Open(strings.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return m
}

// paths are those of all entries, in their order.
func paths(t testing.TB, m *manifest.Manifest) []string {
	t.Helper()
	var all []string
	for e, err := range m.Entries() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e.Path)
	}
	return all
}

// descriptors is how many files this process has open, or -1.
func descriptors() int {
	if runtime.GOOS != "linux" {
		return -1
	}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return -1
	}
	return len(entries)
}
