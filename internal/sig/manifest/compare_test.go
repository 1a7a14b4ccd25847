package manifest_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kai/internal/sig"
	"kai/internal/sig/manifest"
)

// compare returns the differences as "kind path what", and the error unless it
// is the one that there are differences.
func compare(t testing.TB, m *manifest.Manifest, root *os.Root, o manifest.CompareOptions) ([]string, error) {
	t.Helper()
	var diffs []string
	err := m.Compare(t.Context(), root, o, func(d manifest.Difference) error {
		diffs = append(diffs, strings.TrimSpace(fmt.Sprint(d.Kind, " ", d.Path, " ", d.What)))
		return nil
	})
	if isContent(err) != (len(diffs) > 0) && (err == nil || isContent(err)) {
		t.Errorf("%d differences, error %v", len(diffs), err)
	}
	if isContent(err) {
		err = nil
	}
	return diffs, err
}

// isContent reports whether an error proves that content is not what was
// signed.
func isContent(err error) bool {
	var bad *sig.BadSignature
	return errors.As(err, &bad) && bad.Code == "content"
}

func unexpected(t testing.TB) func(manifest.Difference) error {
	return func(d manifest.Difference) error {
		t.Errorf("unexpected difference %v", d)
		return nil
	}
}

// base is the tree that the mutations of the next test change.
var base = tree{
	"a": file("aaa"), "b/c": file("ccc"), "b/d": executable("ddd"), "b.x": file(""),
	"down": link("b"), "dead": link("nowhere"), "empty/": {}, "z": file("z"),
}

func TestCompareNamesEachDifference(t *testing.T) {
	for _, c := range []struct {
		change string
		to     tree
		remove []string
		want   string
	}{
		{change: "nothing"},
		{change: "content of the same size", to: tree{"a": file("aab")}, want: "changed a content"},
		{change: "size", to: tree{"b/c": file("cccc")}, want: "changed b/c size"},
		{change: "cut to nothing", to: tree{"b/c": file("")}, want: "changed b/c size"},
		{change: "grown from nothing", to: tree{"b.x": file("1")}, want: "changed b.x size"},
		{change: "made executable", to: tree{"a": executable("aaa")}, want: "changed a mode"},
		{change: "made not executable", to: tree{"b/d": file("ddd")}, want: "changed b/d mode"},
		{change: "link elsewhere", to: tree{"down": link("c")}, want: "changed down target"},
		{change: "link to the same by another text", to: tree{"down": link("./b")}, want: "changed down target"},
		{change: "link in place of a file of the same content", to: tree{"a": link("copy")}, want: "changed a type"},
		{change: "file in place of a link", to: tree{"dead": file("nowhere")}, want: "changed dead type"},
		{change: "directory in place of a file", to: tree{"a/": {}}, want: "changed a type"},
		{change: "full directory in place of a file", to: tree{"a/1": file("1")}, want: "changed a type, extra a/1"},
		{change: "directory in place of a link", to: tree{"down/c": file("ccc")}, want: "changed down type, extra down/c"},
		{change: "file in place of a directory", to: tree{"b": file("b")}, want: "extra b, missing b/c, missing b/d"},
		{change: "link in place of a directory", to: tree{"b": link("z")}, want: "extra b, missing b/c, missing b/d"},
		{change: "file in place of an empty directory", to: tree{"empty": file("")}, want: "changed empty type"},
		{change: "empty directory filled", to: tree{"empty/1": file("1")}, want: "extra empty/1"},
		{change: "empty directory removed", remove: []string{"empty"}, want: "missing empty"},
		{change: "directory emptied", remove: []string{"b/c", "b/d"}, want: "extra b, missing b/c, missing b/d"},
		{change: "directory removed", remove: []string{"b"}, want: "missing b/c, missing b/d"},
		{change: "first removed", remove: []string{"a"}, want: "missing a"},
		{change: "last removed", remove: []string{"z"}, want: "missing z"},
		{change: "all removed", remove: []string{"a", "b", "b.x", "down", "dead", "empty", "z"},
			want: "missing a, missing b.x, missing b/c, missing b/d, missing dead, missing down, missing empty, missing z"},
		{change: "file added", to: tree{"0": file("")}, want: "extra 0"},
		{change: "last file added", to: tree{"zz": file("")}, want: "extra zz"},
		{change: "link added", to: tree{"b/l": link("/")}, want: "extra b/l"},
		{change: "directory added", to: tree{"new/": {}}, want: "extra new"},
		{change: "filled directory added", to: tree{"new/in/1": file("1"), "new/2": file("2")}, want: "extra new/2, extra new/in/1"},
		{change: "renamed", to: tree{"A": file("aaa")}, remove: []string{"a"}, want: "extra A, missing a"},
		{change: "two swapped", to: tree{"b/c": executable("ddd"), "b/d": file("ccc")}, want: "changed b/c mode, changed b/d mode"},
		{change: "several", to: tree{"z": file("y"), "y": file("")}, remove: []string{"dead"}, want: "missing dead, extra y, changed z content"},
	} {
		t.Run(c.change, func(t *testing.T) {
			dir := t.TempDir()
			root := grow(t, dir, base)
			m := open(t, text(t, build(t, root, manifest.Options{})))
			for _, path := range c.remove {
				remove(t, filepath.Join(dir, path))
			}
			for path, n := range c.to {
				makeWay(t, dir, path)
				put(t, filepath.Join(dir, path), strings.HasSuffix(path, "/"), n)
			}
			diffs, err := compare(t, m, root, manifest.CompareOptions{})
			if got := strings.Join(diffs, ", "); err != nil || got != c.want {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
			var strict []string
			for d := range strings.SplitSeq(c.want, ", ") {
				if d != "" && !strings.HasPrefix(d, "extra") {
					strict = append(strict, d)
				}
			}
			diffs, err = compare(t, m, root, manifest.CompareOptions{AllowExtra: true})
			if err != nil || !slices.Equal(diffs, strict) {
				t.Errorf("extra allowed: %q, %v; want %q", diffs, err, strict)
			}
		})
	}
}

// makeWay removes what is at a path, and anything but directories above it.
func makeWay(t testing.TB, dir, path string) {
	t.Helper()
	for i := range path {
		if path[i] != '/' {
			continue
		}
		above := filepath.Join(dir, path[:i])
		if info, err := os.Lstat(above); err == nil && !info.IsDir() {
			remove(t, above)
		}
	}
	remove(t, filepath.Join(dir, path))
}

func remove(t testing.TB, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

// randomTree makes nested directories, files, links and hard names.
func randomTree(r *rand.Rand, n int) tree {
	parts := []string{"a", "b", "a.b", "a-", "A", "..a", "x y", "é", "\xe9", "\x01", "\\x41", "long-name", "0"}
	nodes := tree{}
	used := map[string]bool{} // as directory: true, as anything else: false
next:
	for range n {
		var path string
		for range r.IntN(4) {
			path += parts[r.IntN(len(parts))] + "/"
			if isDir, ok := used[path]; ok && !isDir {
				continue next
			}
		}
		full := path + parts[r.IntN(len(parts))]
		if _, ok := used[full+"/"]; ok {
			continue
		}
		for i := range path {
			if path[i] == '/' {
				used[path[:i+1]] = true
				delete(nodes, path[:i+1])
			}
		}
		switch kind := r.IntN(10); kind {
		case 0:
			used[full+"/"] = true
			nodes[full+"/"] = node{}
		case 1:
			used[full+"/"] = false
			nodes[full] = link(parts[r.IntN(len(parts))])
		default:
			used[full+"/"] = false
			nodes[full] = node{content: strings.Repeat("x", r.IntN(100)), mode: []os.FileMode{0o644, 0o755}[r.IntN(2)]}
		}
	}
	return nodes
}

// Any single change to a random tree is found, and named.
func TestEveryMutationIsFound(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 3 {
		nodes := randomTree(r, 60)
		dir := t.TempDir()
		root := grow(t, dir, nodes)
		m := open(t, text(t, build(t, root, manifest.Options{})))
		if diffs, err := compare(t, m, root, manifest.CompareOptions{}); err != nil || diffs != nil {
			t.Fatalf("before: %q %v", diffs, err)
		}
		for path, n := range nodes {
			full := filepath.Join(dir, path)
			for _, mutation := range mutations(path, n) {
				remove(t, full)
				if mutation.to != nil {
					put(t, filepath.Join(dir, mutation.path), strings.HasSuffix(mutation.path, "/"), *mutation.to)
				}
				diffs, err := compare(t, m, root, manifest.CompareOptions{})
				name := manifest.Escape(strings.TrimSuffix(path, "/"))
				if err != nil || !slices.ContainsFunc(diffs, func(d string) bool { return strings.Contains(d, " "+name) }) {
					t.Errorf("%q %s: %q, %v", path, mutation.name, diffs, err)
				}
				if mutation.to != nil {
					remove(t, filepath.Join(dir, mutation.path))
				}
				put(t, full, strings.HasSuffix(path, "/"), n)
			}
		}
		if diffs, err := compare(t, m, root, manifest.CompareOptions{}); err != nil || diffs != nil {
			t.Fatalf("after: %q %v", diffs, err)
		}
	}
}

// mutation replaces a node, or removes it if to is nil.
type mutation struct {
	name string
	path string
	to   *node
}

func mutations(path string, n node) []mutation {
	replace := func(name string, to node) mutation { return mutation{name, path, &to} }
	all := []mutation{
		{name: "removed"},
		{"renamed", strings.TrimSuffix(path, "/") + "!", &node{content: n.content, mode: 0o644}},
	}
	switch {
	case strings.HasSuffix(path, "/"):
		return append(all, mutation{"a file now", strings.TrimSuffix(path, "/"), &node{mode: 0o644}},
			mutation{"filled", path + "new", &node{mode: 0o644}})
	case n.target != "":
		return append(all, replace("retargeted", link(n.target+"/")), replace("a file now", file(n.target)))
	}
	longer := node{content: n.content + "\n", mode: n.mode}
	all = append(all, replace("longer", longer), replace("a link now", link("x")),
		replace("mode", node{content: n.content, mode: n.mode ^ 0o111}))
	if n.content != "" {
		all = append(all, replace("other content", node{content: "y" + n.content[1:], mode: n.mode}))
	}
	return all
}
