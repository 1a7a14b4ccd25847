package durable_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"

	"kai/internal/durable"
)

func TestWriteFile(t *testing.T) {
	eachKind(t, func(t *testing.T, path string, dir *durable.Dir) {
		for _, text := range []string{"one", "", strings.Repeat("long ", 100_000), "two"} {
			must(t, dir.WriteFile("f", []byte(text), 0o600))
			if got := content(t, filepath.Join(path, "f")); got != text {
				t.Errorf("%d bytes, want %d", len(got), len(text))
			}
		}
		if got := names(t, path); !reflect.DeepEqual(got, []string{"f"}) {
			t.Errorf("directory holds %q", got)
		}
	})
}

func TestMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no permission bits")
	}
	eachKind(t, func(t *testing.T, path string, dir *durable.Dir) {
		put(t, path, "open", "old")
		must(t, os.Chmod(filepath.Join(path, "open"), 0o666))
		for _, c := range []struct {
			name       string
			mode, want fs.FileMode
		}{{"a", 0o600, 0o600}, {"b", 0o400, 0o400}, {"open", 0o600, 0o600}, {"d", 0o700, 0o700}, {"e", 0, 0o600}} {
			must(t, dir.WriteFile(c.name, []byte("x"), c.mode))
			info, err := os.Stat(filepath.Join(path, c.name))
			must(t, err)
			if info.Mode() != c.want {
				t.Errorf("%s: mode %v, want %v", c.name, info.Mode(), c.want)
			}
		}
	})
}

func TestCreateNewNeverReplaces(t *testing.T) {
	eachKind(t, func(t *testing.T, path string, dir *durable.Dir) {
		must(t, dir.CreateNew("key", []byte("first"), 0o600))
		wantErr(t, "again", dir.CreateNew("key", []byte("second"), 0o600), fs.ErrExist)
		must(t, os.Mkdir(filepath.Join(path, "d"), 0o700))
		wantErr(t, "on a directory", dir.CreateNew("d", []byte("x"), 0o600), fs.ErrExist)
		must(t, os.Symlink("nowhere", filepath.Join(path, "l")))
		wantErr(t, "on a dangling link", dir.CreateNew("l", []byte("x"), 0o600), fs.ErrExist)
		if got := content(t, filepath.Join(path, "key")); got != "first" {
			t.Errorf("key is %q", got)
		}
		if got := names(t, path); !reflect.DeepEqual(got, []string{"d", "key", "l"}) {
			t.Errorf("directory holds %q", got)
		}
	})
}

func TestCommitNeverReplacesALateComer(t *testing.T) {
	eachKind(t, func(t *testing.T, path string, dir *durable.Dir) {
		out, err := dir.Create("key", durable.CreateOptions{})
		must(t, err)
		_, err = out.Write([]byte("late"))
		must(t, err)
		put(t, path, "key", "early")
		wantErr(t, "commit", out.Commit(), fs.ErrExist)
		if got := content(t, filepath.Join(path, "key")); got != "early" {
			t.Errorf("key is %q", got)
		}
		if got := names(t, path); len(got) != 1 {
			t.Errorf("directory holds %q", got)
		}
	})
}

func TestOnlyOneOfManyCreatesAKey(t *testing.T) {
	eachKind(t, func(t *testing.T, path string, dir *durable.Dir) {
		for round := range 20 {
			name := fmt.Sprintf("key-%d", round)
			var errs [8]error
			var wg sync.WaitGroup
			for i := range errs {
				wg.Go(func() { errs[i] = dir.CreateNew(name, bytes.Repeat([]byte{byte('a' + i)}, 5000), 0o600) })
			}
			wg.Wait()
			winners := ""
			for i, err := range errs {
				if err == nil {
					winners += string(rune('a' + i))
				} else if !errors.Is(err, fs.ErrExist) {
					t.Errorf("error %v", err)
				}
			}
			got := content(t, filepath.Join(path, name))
			if len(winners) != 1 || got != strings.Repeat(winners, 5000) {
				t.Errorf("winners %q, file of %.3q…", winners, got)
			}
		}
		if got := names(t, path); len(got) != 20 {
			t.Errorf("directory holds %q", got)
		}
	})
}

func TestConcurrentWritersLeaveOneWholeFile(t *testing.T) {
	eachKind(t, func(t *testing.T, path string, dir *durable.Dir) {
		var wg sync.WaitGroup
		stop := make(chan struct{})
		for i := range 4 {
			wg.Go(func() {
				for n := range 20 {
					text := strings.Repeat(string(rune('a'+i)), 20_000+n)
					if err := dir.WriteFile("f", []byte(text), 0o600); err != nil {
						t.Error(err)
					}
				}
			})
		}
		var readers sync.WaitGroup
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				b, err := dir.ReadFile("f", 1<<20)
				if errors.Is(err, fs.ErrNotExist) {
					continue
				}
				if err != nil || len(b) < 20_000 || strings.Trim(string(b), string(b[:1])) != "" {
					t.Errorf("read %d bytes, %v", len(b), err)
					return
				}
			}
		})
		wg.Wait()
		close(stop)
		readers.Wait()
		if got := names(t, path); !reflect.DeepEqual(got, []string{"f"}) {
			t.Errorf("directory holds %q", got)
		}
	})
}

func TestAbortLeavesNothing(t *testing.T) {
	eachKind(t, func(t *testing.T, path string, dir *durable.Dir) {
		put(t, path, "old", "old")
		for _, name := range []string{"new", "old"} {
			out, err := dir.Create(name, durable.CreateOptions{Replace: true})
			must(t, err)
			_, err = out.Write([]byte("half"))
			must(t, err)
			must(t, out.Abort())
			must(t, out.Abort())
			_, err = out.Write([]byte("more"))
			wantErr(t, "write after abort", err, durable.ErrClosed)
			wantErr(t, "commit after abort", out.Commit(), durable.ErrClosed)
		}
		if got := names(t, path); !reflect.DeepEqual(got, []string{"old"}) || content(t, filepath.Join(path, "old")) != "old" {
			t.Errorf("directory holds %q", got)
		}
	})
}

func TestAbortAfterCommitDoesNothing(t *testing.T) {
	eachKind(t, func(t *testing.T, path string, dir *durable.Dir) {
		out, err := dir.Create("f", durable.CreateOptions{})
		must(t, err)
		for _, part := range []string{"a", "", "b"} {
			_, err := out.Write([]byte(part))
			must(t, err)
		}
		must(t, out.Commit())
		must(t, out.Abort())
		wantErr(t, "second commit", out.Commit(), durable.ErrClosed)
		if got := content(t, filepath.Join(path, "f")); got != "ab" {
			t.Errorf("got %q", got)
		}
	})
}

func TestLinksAndParentsCannotEscape(t *testing.T) {
	outside := t.TempDir()
	put(t, outside, "victim", "untouched")
	eachKind(t, func(t *testing.T, path string, dir *durable.Dir) {
		must(t, os.Symlink(outside, filepath.Join(path, "out")))
		must(t, os.Symlink(filepath.Join(outside, "victim"), filepath.Join(path, "file")))
		for _, name := range []string{
			"../victim", "/etc/hostname", "..", ".", "", "a/../../victim", "./x", "a//b", "x/",
			"out/victim", "out/new",
		} {
			if err := dir.WriteFile(name, []byte("evil"), 0o600); err == nil {
				t.Errorf("wrote %q", name)
			}
			if err := dir.CreateNew(name, []byte("evil"), 0o600); err == nil {
				t.Errorf("created %q", name)
			}
			if _, err := dir.ReadFile(name, 100); err == nil {
				t.Errorf("read %q", name)
			}
			if _, err := dir.Lock(t.Context(), name, 0); err == nil {
				t.Errorf("locked %q", name)
			}
		}
		_, err := dir.ReadFile("file", 100)
		wantErr(t, "read through a link", err, durable.ErrNotRegular)
		_, err = dir.Lock(t.Context(), "file", 0)
		wantErr(t, "lock through a link", err, durable.ErrNotRegular)
		must(t, dir.WriteFile("file", []byte("inside"), 0o600))
		if got := content(t, filepath.Join(path, "file")); got != "inside" {
			t.Errorf("replaced link reads %q", got)
		}
		if got := names(t, outside); !reflect.DeepEqual(got, []string{"victim"}) || content(t, filepath.Join(outside, "victim")) != "untouched" {
			t.Errorf("outside holds %q", got)
		}
	})
}

func TestReadFile(t *testing.T) {
	path, root := temp(t)
	dir := durable.NewDir(root)
	put(t, path, "f", "12345")
	for _, limit := range []int64{5, 6, 1 << 40} {
		if b, err := dir.ReadFile("f", limit); err != nil || string(b) != "12345" {
			t.Errorf("limit %d: %q, %v", limit, b, err)
		}
	}
	_, err := dir.ReadFile("f", 4)
	wantErr(t, "limit 4", err, durable.ErrTooLarge)
	_, err = dir.ReadFile("missing", 4)
	wantErr(t, "missing", err, fs.ErrNotExist)
	must(t, os.Mkdir(filepath.Join(path, "d"), 0o700))
	_, err = dir.ReadFile("d", 4)
	wantErr(t, "directory", err, durable.ErrNotRegular)
}

func TestNamesInErrorsAreQuoted(t *testing.T) {
	_, root := temp(t)
	dir := durable.NewDir(root)
	for name, want := range map[string]string{
		"plain.txt":       "read plain.txt: no such file or directory",
		"two words":       "read two words: no such file or directory",
		"esc\x1b[31m":     `read "esc\x1b[31m": no such file or directory`,
		"line\nkai: ok":   `read "line\nkai: ok": no such file or directory`,
		"bidi\u202etxt":   `read "bidi\u202etxt": no such file or directory`,
		"bad\xffutf8":     `read "bad\xffutf8": no such file or directory`,
		`quo"te`:          `read "quo\"te": no such file or directory`,
		"dir/sub/missing": "read dir/sub/missing: no such file or directory",
	} {
		if runtime.GOOS != "linux" {
			want = strings.SplitN(want, ": no such", 2)[0]
		}
		if _, err := dir.ReadFile(name, 1); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestMkdirRemoveSweep(t *testing.T) {
	path, root := temp(t)
	dir := durable.NewDir(root)
	must(t, dir.Mkdir("d", 0o700))
	wantErr(t, "again", dir.Mkdir("d", 0o700), fs.ErrExist)
	must(t, dir.WriteFile("d/f", []byte("x"), 0o600))
	if err := dir.Remove("d"); err == nil {
		t.Error("removed a directory with something in it")
	}
	put(t, filepath.Join(path, "d"), durable.TempPrefix+"0123", "left by a kill")
	must(t, os.Mkdir(filepath.Join(path, "d", durable.TempPrefix+"dir"), 0o700))
	n, err := dir.Sweep("d")
	if n != 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	if got := names(t, filepath.Join(path, "d")); !reflect.DeepEqual(got, []string{durable.TempPrefix + "dir", "f"}) {
		t.Errorf("directory holds %q", got)
	}
	must(t, dir.Remove("d/f"))
	wantErr(t, "remove again", dir.Remove("d/f"), fs.ErrNotExist)
	_, err = dir.Sweep("missing")
	wantErr(t, "sweep of nothing", err, fs.ErrNotExist)
}
