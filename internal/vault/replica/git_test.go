package replica_test

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kai/internal/durable"
	"kai/internal/vault/remote"
	"kai/internal/vault/replica"
)

// TestGit has devices that sync by a repository, and by a directory in turns: the result is the same, and
// git finds nothing that differs.
func TestGit(t *testing.T) {
	repository, target := bare(t), filepath.Join(t.TempDir(), "shared")
	w := newWorld(t)
	a := w.first()
	a.set("shared", "from a")
	a.sync(repository)
	b := w.another(repository)
	b.sync(repository)
	a.sync(repository)
	a.unlock()
	b.unlock()
	a.set("own-a", "1")
	a.set("shared", "changed by a")
	b.set("own-b", "1")
	b.set("shared", "changed by b")
	a.sync(target)
	b.sync(repository)
	a.sync(repository)
	b.sync(target)
	a.sync(target)
	b.sync(repository)
	if x, y := a.all(), b.all(); x != y || strings.Count(x, "default/shared") != 3 {
		t.Errorf("one has\n%s\nanother\n%s", x, y)
	}
	for _, m := range []*machine{a, b} {
		m.sync(repository)
		if got := m.gitStatus(); got != "" {
			t.Errorf("git status: %s", got)
		}
		m.check()
	}
	sameFiles(t, files(t, a.path), files(t, target))
	// Nothing happens again without a change, not even an empty commit.
	head := gitIn(t, a.path, "rev-parse", "HEAD")
	a.sync(repository)
	if got := gitIn(t, a.path, "rev-parse", "HEAD"); got != head {
		t.Error("an empty commit")
	}
	if got := gitIn(t, a.path, "log", "--format=%an %ae %s", "-1"); got != "kai kai@localhost kai vault sync\n" {
		t.Errorf("the commit says %q", got)
	}
}

func gitIn(t testing.TB, dir string, args ...string) string {
	t.Helper()
	out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v: %s", args, err, out)
	}
	return string(out)
}

// TestGitHere has no remote: git keeps the history of the vault.
func TestGitHere(t *testing.T) {
	bare(t)
	a := newWorld(t).first()
	a.sync("git:")
	a.unlock()
	a.set("p", "1")
	a.sync("git:")
	if got := a.gitStatus(); got != "" {
		t.Errorf("git status: %s", got)
	}
	if got := gitIn(t, a.path, "rev-list", "--count", "HEAD"); got != "2\n" {
		t.Errorf("%s commits", got)
	}
	if out := gitIn(t, a.path, "ls-tree", "-r", "--name-only", "HEAD"); strings.Contains(out, "local/") {
		t.Errorf("local/ is in the repository:\n%s", out)
	}
}

// TestGitForeignFiles leaves other files of a repository as they are, and takes none of them over: hooks,
// attributes, links, names that lead elsewhere.
func TestGitForeignFiles(t *testing.T) {
	repository := bare(t)
	work := t.TempDir()
	gitIn(t, work, "clone", "--quiet", strings.TrimPrefix(repository, "git:"), "x")
	x := filepath.Join(work, "x")
	must(t, os.MkdirAll(filepath.Join(x, "local"), 0o700))
	must(t, os.MkdirAll(filepath.Join(x, "admin"), 0o700))
	for name, content := range map[string]string{
		"README.md": "about", ".gitattributes": "* text eol=crlf filter=evil\n", "local/device.key": "planted",
		"admin/0000000009-0123456789abcdef.json": "{}", ".gitmodules": "",
	} {
		must(t, os.WriteFile(filepath.Join(x, name), []byte(content), 0o600))
	}
	must(t, os.Symlink("/etc/passwd", filepath.Join(x, "vault.json.link")))
	must(t, os.Symlink("/etc", filepath.Join(x, "slots")))
	gitIn(t, x, "checkout", "--quiet", "-b", "main")
	gitIn(t, x, "add", "-A", "-f")
	gitIn(t, x, "-c", "user.name=x", "-c", "user.email=x", "commit", "--quiet", "-m", "x")
	gitIn(t, x, "push", "--quiet", "origin", "main")

	a := newWorld(t).first()
	marker := filepath.Join(t.TempDir(), "ran")
	gitIn(t, a.path, "init", "--quiet", "-b", "main")
	hooks := filepath.Join(a.path, ".git", "hooks")
	must(t, os.MkdirAll(hooks, 0o700))
	for _, hook := range []string{"pre-push", "post-index-change", "reference-transaction", "fsmonitor-watchman"} {
		must(t, os.WriteFile(filepath.Join(hooks, hook), []byte("#!/bin/sh\necho "+hook+" >> "+marker+"\n"), 0o700))
	}
	gitIn(t, a.path, "config", "core.fsmonitor", filepath.Join(hooks, "fsmonitor-watchman"))
	gitIn(t, a.path, "config", "commit.gpgSign", "true")
	gitIn(t, a.path, "config", "core.hooksPath", hooks)
	os.Remove(marker)

	device := readFile(t, filepath.Join(a.path, "local", "device.key"))
	res, err := a.trySync(repository)
	must(t, err)
	if len(res.Quarantined) != 1 || res.Quarantined[0].Name != "admin/0000000009-0123456789abcdef.json" {
		t.Errorf("%+v", res)
	}
	if _, err := os.Stat(marker); err == nil {
		t.Errorf("a hook ran: %s", readFile(t, marker))
	}
	if readFile(t, filepath.Join(a.path, "local", "device.key")) != device {
		t.Error("local/device.key was replaced")
	}
	for _, name := range []string{"README.md", ".gitattributes", "vault.json.link"} {
		if _, err := os.Lstat(filepath.Join(a.path, name)); err == nil {
			t.Errorf("%s came over", name)
		}
		gitIn(t, a.path, "cat-file", "-e", "HEAD:"+name)
	}
	// The link that was in the way is a directory there now, and nothing went where it led.
	if out := gitIn(t, a.path, "ls-tree", "HEAD", "slots"); !strings.Contains(out, " tree ") {
		t.Errorf("slots: %s", out)
	}
	gitIn(t, a.path, "config", "--unset", "core.fsmonitor")
	if got := a.gitStatus(); got != "" {
		t.Errorf("git status: %s", got)
	}
	// Where git has to look at the content, it is not taken for text with the line ends of another system.
	a.set("default/large", strings.Repeat("x", 1<<20))
	_, err = a.trySync(repository)
	must(t, err)
	logs, err := filepath.Glob(filepath.Join(a.path, "ns", "*", "*.vlog"))
	must(t, err)
	lineEnds := 0
	for _, name := range logs {
		lineEnds += strings.Count(readFile(t, name), "\r\n")
		later := time.Now().Add(time.Minute)
		must(t, os.Chtimes(name, later, later))
	}
	if lineEnds == 0 {
		t.Fatal("nothing looks like text")
	}
	if got := a.gitStatus(); got != "" {
		t.Errorf("git status: %s", got)
	}
}

func readFile(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	must(t, err)
	return string(data)
}

// faster is a place that somebody else changes in between.
type faster struct {
	remote.Remote
	left int
	do   func()
}

func (f *faster) Put(ctx context.Context, name, tag string, content *io.SectionReader) (string, error) {
	if f.left > 0 {
		f.left--
		f.do()
	}
	return f.Remote.Put(ctx, name, tag, content)
}

// TestSomebodyFaster has another device push in the middle: it begins anew, and both are there.
func TestSomebodyFaster(t *testing.T) {
	for _, target := range []string{bare(t), filepath.Join(t.TempDir(), "shared")} {
		w := newWorld(t)
		a := w.first()
		a.sync(target)
		b := w.another(target)
		b.sync(target)
		a.sync(target)
		a.unlock()
		n := 0
		run := func(m *machine, times int) (*replica.Result, error) {
			r := m.remote(target)
			defer r.Close()
			f := &faster{Remote: r, left: times, do: func() {
				b.unlock()
				n++
				b.set("of b", strings.Repeat("x", n))
				if target[:4] == "git:" {
					b.sync(target)
					return
				}
				// Somebody who does not know the lock of the directory.
				for _, name := range glob(t, target, "ns/*/"+m.keys.DeviceID().String()+".*.vlog") {
					must(t, os.WriteFile(name, []byte(readFile(t, name)+"x"), 0o600))
				}
			}}
			o := replica.Options{Target: target, Pull: true, Push: true, Vault: m.options()}
			return replica.Sync(t.Context(), durable.Root(m.root), f, o)
		}
		a.set("of a", "1")
		a.sync(target)
		a.unlock()
		a.set("of a", "2")
		res, err := run(a, 3)
		must(t, err)
		must(t, res.Err())
		b.sync(target)
		a.sync(target)
		if x, y := a.all(), b.all(); x != y {
			t.Errorf("one has\n%s\nanother\n%s", x, y)
		}
		a.set("of a", "3")
		_, err = run(a, 100)
		wantErr(t, err, remote.ErrChanged)
		a.sync(target)
		b.sync(target)
		a.sync(target)
		if x, y := a.all(), b.all(); x != y {
			t.Errorf("one has\n%s\nanother\n%s", x, y)
		}
	}
}
