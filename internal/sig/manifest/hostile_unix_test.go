//go:build unix

package manifest_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"kai/internal/sig/manifest"
)

func fifo(t testing.TB, path string) {
	t.Helper()
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestSpecialFiles(t *testing.T) {
	for kind, make := range map[string]func(t *testing.T, path string){
		"fifo": func(t *testing.T, path string) { fifo(t, path) },
		"socket": func(t *testing.T, path string) {
			l, err := net.Listen("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
		},
	} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			t.Chdir(dir) // the path of a socket has to be short
			root := grow(t, dir, tree{"a": file("a"), "d/special": file("s")})
			before := build(t, root, manifest.Options{})
			remove(t, "d/special")
			make(t, "d/special")

			_, err := manifest.Build(t.Context(), root, manifest.Options{})
			var named *manifest.PathError
			if !errors.Is(err, manifest.ErrSpecial) || !errors.As(err, &named) || named.Path != "d/special" {
				t.Errorf("built: %v", err)
			}
			m := build(t, root, manifest.Options{Exclude: []string{"d/special"}})
			if got := paths(t, m); !slices.Equal(got, []string{"a", "d"}) {
				t.Errorf("entries without it: %q", got)
			}
			if diffs, err := compare(t, before, root, manifest.CompareOptions{}); err != nil || !slices.Equal(diffs, []string{"changed d/special type"}) {
				t.Errorf("in place of a file: %q %v", diffs, err)
			}
			make(t, "special")
			if diffs, err := compare(t, m, root, manifest.CompareOptions{}); err != nil || !slices.Equal(diffs, []string{"extra special"}) {
				t.Errorf("extra: %q %v", diffs, err)
			}
			if diffs, err := compare(t, m, root, manifest.CompareOptions{AllowExtra: true}); err != nil || diffs != nil {
				t.Errorf("extra allowed: %q %v", diffs, err)
			}
		})
	}
}

func TestLinksAreNotFollowed(t *testing.T) {
	outside := t.TempDir()
	put(t, filepath.Join(outside, "secret"), false, file("secret"))
	root := grow(t, t.TempDir(), tree{
		"self": link("self"), "dot": link("."), "up": link(".."), "d/up": link(".."), "d/d": link("../d"),
		"one": link("two"), "two": link("one"), "out": link(outside), "file": link(outside + "/secret"),
		"abs": link("/"), "long": link(strings.Repeat("x", 3000)),
	})
	m := build(t, root, manifest.Options{})
	for e, err := range m.Entries() {
		if err != nil || e.Type != manifest.Link {
			t.Errorf("%c %s: %v", e.Type, e.Path, err)
		}
	}
	if n := m.Head().Entries; n != 11 {
		t.Errorf("%d entries, want 11", n)
	}
	if diffs, err := compare(t, m, root, manifest.CompareOptions{}); err != nil || diffs != nil {
		t.Errorf("%q %v", diffs, err)
	}
}

// What the walk has seen is replaced before it is opened: nothing is followed,
// and nothing waits for the other end of a FIFO.
func TestReplacedBehindTheWalk(t *testing.T) {
	dir := t.TempDir()
	root := grow(t, dir, tree{"real/f": file("f"), "dirlink": link("real"), "filelink": link("real/f"), "f": file("g")})
	fifo(t, filepath.Join(dir, "fifo"))
	for _, name := range []string{"dirlink", "filelink", "fifo", "f", "gone"} {
		if err := manifest.OpenListed(root, name); err == nil {
			t.Errorf("%s opened as a directory", name)
		}
	}
	if err := manifest.OpenListed(root, "dirlink"); !errors.Is(err, manifest.ErrChanged) {
		t.Errorf("link in place of a directory: %v", err)
	}
	for _, name := range []string{"real", "filelink", "fifo"} {
		if e, err := manifest.HashListed(t.Context(), root, name, 0); !errors.Is(err, manifest.ErrChanged) {
			t.Errorf("%s in place of a file: %v, %v", name, e, err)
		}
	}
	for _, name := range []string{"real", "f", "fifo"} {
		if e, err := manifest.HashListed(t.Context(), root, name, fs.ModeSymlink); !errors.Is(err, manifest.ErrChanged) {
			t.Errorf("%s in place of a link: %v, %v", name, e, err)
		}
	}
	if _, err := manifest.HashListed(t.Context(), root, "gone", 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing in place of a file: %v", err)
	}
}

// A directory flips between itself and a link to its neighbour all the time.
// Whatever the walk says, it never lists the neighbour's files in its place.
func TestDirectorySwappedAllTheTime(t *testing.T) {
	dir := t.TempDir()
	root := grow(t, dir, tree{"d/in": file("1"), "neighbour/other": file("2")})
	if err := root.Symlink("neighbour", "spare"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	wait.Go(func() {
		for ctx.Err() == nil {
			for _, move := range [][2]string{{"d", "aside"}, {"spare", "d"}, {"d", "spare"}, {"aside", "d"}} {
				if err := root.Rename(move[0], move[1]); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	before := descriptors()
	for range 300 {
		m, err := manifest.Build(ctx, root, manifest.Options{})
		if err != nil {
			if !errors.Is(err, manifest.ErrChanged) && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
				t.Errorf("%v", err)
			}
			continue
		}
		for _, path := range paths(t, m) {
			if strings.HasSuffix(path, "/other") && path != "neighbour/other" {
				t.Errorf("followed a link: %s", path)
			}
		}
	}
	if after := descriptors(); after > before+3 { // the other goroutine has some
		t.Errorf("%d descriptors open, %d before", after, before)
	}
	cancel()
	wait.Wait()
}

func TestFileChangingWhileRead(t *testing.T) {
	dir := t.TempDir()
	root := grow(t, dir, tree{"log": file(strings.Repeat("x", 8<<20))})
	f, err := os.OpenFile(filepath.Join(dir, "log"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	wait.Go(func() {
		for ctx.Err() == nil {
			if _, err := f.Write([]byte("y")); err != nil {
				t.Error(err)
				return
			}
			runtime.Gosched()
		}
	})
	defer wait.Wait()
	defer cancel()
	for range 1000 {
		_, err := manifest.Build(ctx, root, manifest.Options{})
		var named *manifest.PathError
		if errors.Is(err, manifest.ErrChanged) && errors.As(err, &named) && named.Path == "log" {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Error("a file that grows all the time was never found to change")
}

// Permissions do not bind root, so the test runs itself as somebody else.
func TestUnreadable(t *testing.T) {
	dir := os.Getenv("KAI_TEST_UNREADABLE")
	if dir == "" && os.Geteuid() == 0 {
		asNobody(t)
		return
	}
	if dir == "" {
		dir = t.TempDir()
	}
	root := grow(t, dir, tree{"a": file("a"), "closed/in": file("1"), "secret": file("s"), "hidden/": {}, "hidden.x": file("")})
	m := build(t, root, manifest.Options{})
	partial := build(t, root, manifest.Options{Exclude: []string{"closed", "hid*"}})
	chmod := func(path string, mode fs.FileMode) {
		if err := os.Chmod(filepath.Join(dir, path), mode); err != nil {
			t.Fatal(err)
		}
	}
	denied := func(what string, err error, path string) {
		var named *manifest.PathError
		if !errors.Is(err, fs.ErrPermission) || !errors.As(err, &named) || named.Path != path {
			t.Errorf("%s: %v", what, err)
		}
	}
	for path, mode := range map[string]fs.FileMode{"secret": 0o644, "closed": 0o755, "hidden": 0o755} {
		chmod(path, 0)
		_, err := manifest.Build(t.Context(), root, manifest.Options{})
		denied("built", err, path)
		_, err = compare(t, m, root, manifest.CompareOptions{})
		denied("compared", err, path)
		build(t, root, manifest.Options{Exclude: []string{path}})
		chmod(path, mode)
	}
	chmod("closed", 0)
	chmod("hidden", 0)
	defer chmod("closed", 0o755)
	// What is not in the manifest is not entered if it may be there.
	open := strings.NewReplacer("exclude closed\n", "", "exclude hid*\n", "").Replace(text(t, partial))
	if diffs, err := compare(t, openText(t, open), root, manifest.CompareOptions{AllowExtra: true}); err != nil || !slices.Equal(diffs, nil) {
		t.Errorf("extra directories allowed: %q %v", diffs, err)
	}
}

func openText(t testing.TB, text string) *manifest.Manifest { return open(t, text) }

func asNobody(t *testing.T) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const nobody = 65534
	dir, err := os.MkdirTemp("", "unreadable")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Skip("not root over files: ", err)
	}
	binary, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, "test")
	if err := os.WriteFile(copied, binary, 0o755); err != nil {
		t.Fatal(err)
	}
	work := filepath.Join(dir, "tree")
	if err := os.Mkdir(work, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(work, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), copied, "-test.run=^TestUnreadable$", "-test.v")
	cmd.Dir = dir
	cmd.Env = []string{"KAI_TEST_UNREADABLE=" + work, "TMPDIR=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestUnreadable") {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}
