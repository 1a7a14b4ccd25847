package durable_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"kai/internal/durable"
	"kai/internal/durable/durabletest"
)

const oldText, newText = "old content", "new content, which is longer"

// operations are tried with every one of their calls failing.
var operations = []struct {
	name    string
	old     string // what is there before
	run     func(dir *durable.Dir) error
	replace bool
}{
	{"replace", oldText, func(d *durable.Dir) error { return d.WriteFile("f", []byte(newText), 0o600) }, true},
	{"write first", "(none)", func(d *durable.Dir) error { return d.WriteFile("f", []byte(newText), 0o600) }, true},
	{"create new", "(none)", func(d *durable.Dir) error { return d.CreateNew("f", []byte(newText), 0o600) }, false},
	{"create existing", oldText, func(d *durable.Dir) error { return d.CreateNew("f", []byte(newText), 0o600) }, false},
	{"stream", oldText, func(d *durable.Dir) error {
		out, err := d.Create("f", durable.CreateOptions{Replace: true})
		if err != nil {
			return err
		}
		defer out.Abort()
		for _, part := range strings.SplitAfter(newText, " ") {
			if _, err := out.Write([]byte(part)); err != nil {
				return err
			}
		}
		return out.Commit()
	}, true},
}

// faults are the ways in which call k fails.
var faults = map[string]func(k int) func(durabletest.Call) *durabletest.Fault{
	"EIO once":    func(k int) func(durabletest.Call) *durabletest.Fault { return durabletest.FailAt(k, syscall.EIO) },
	"EACCES once": func(k int) func(durabletest.Call) *durabletest.Fault { return durabletest.FailAt(k, syscall.EACCES) },
	"short write": func(k int) func(durabletest.Call) *durabletest.Fault {
		return func(c durabletest.Call) *durabletest.Fault {
			if c.N == k && c.Op == "write" {
				return &durabletest.Fault{Err: syscall.ENOSPC, Short: true}
			}
			return nil
		}
	},
	"short write without error": func(k int) func(durabletest.Call) *durabletest.Fault {
		return func(c durabletest.Call) *durabletest.Fault {
			if c.N == k && c.Op == "write" {
				return &durabletest.Fault{Short: true}
			}
			return nil
		}
	},
	"disk full from here": func(k int) func(durabletest.Call) *durabletest.Fault {
		return func(c durabletest.Call) *durabletest.Fault {
			if c.N < k {
				return nil
			}
			switch c.Op {
			case "open", "unnamed", "link", "linkas", "rename", "mkdir", "sync", "syncdata":
				return &durabletest.Fault{Err: syscall.ENOSPC}
			case "write":
				return &durabletest.Fault{Err: syscall.ENOSPC, Short: true}
			}
			return nil
		}
	},
	"done but reported failed": func(k int) func(durabletest.Call) *durabletest.Fault {
		return func(c durabletest.Call) *durabletest.Fault {
			switch c.Op {
			case "write", "sync", "rename", "link", "linkas", "close", "remove", "syncdir":
				if c.N == k {
					return &durabletest.Fault{Err: syscall.EIO, After: true}
				}
			}
			return nil
		}
	},
}

func TestEveryCallFails(t *testing.T) {
	tried := 0
	for kindName, kind := range kinds {
		for _, op := range operations {
			for faultName, fault := range faults {
				t.Run(fmt.Sprintf("%s/%s/%s", kindName, op.name, faultName), func(t *testing.T) {
					for k := 0; ; k++ {
						path, root := temp(t)
						if op.old != "(none)" {
							put(t, path, "f", op.old)
						}
						fsys := durabletest.Wrap(unsynced{kind(root)}, fault(k))
						err := op.run(durable.NewDirFS(fsys))
						if k >= len(fsys.Calls()) {
							break // nothing failed any more
						}
						tried++
						checkFault(t, path, fsys.Calls()[k], err, op.old, op.replace, faultName)
					}
				})
			}
		}
	}
	if tried < 400 {
		t.Errorf("only %d faults tried", tried)
	}
}

func checkFault(t *testing.T, path string, failed durabletest.Call, err error, before string, replace bool, fault string) {
	t.Helper()
	got := content(t, filepath.Join(path, "f"))
	for _, name := range names(t, path) {
		if name != "f" {
			t.Errorf("call %d, %s: left %q (error %v)", failed.N, failed.Op, name, err)
		}
	}
	switch {
	case err == nil && got != newText:
		t.Errorf("call %d, %s: no error, and %q", failed.N, failed.Op, got)
	case err != nil && got == newText && before != newText:
		// Allowed only where the new content was in place when the failure came.
		inPlace := replace && failed.Op == "syncdir" || fault == "done but reported failed"
		if !inPlace {
			t.Errorf("call %d, %s: error %v, and the new content", failed.N, failed.Op, err)
		}
	case err != nil && got != before && got != newText:
		t.Errorf("call %d, %s: error %v, and a mixture: %q", failed.N, failed.Op, err, got)
	}
}

// The documentation of Create and Commit lists the calls; here they are.
func TestExpectedSystemCalls(t *testing.T) {
	trace := func(kind func(*os.Root) durable.FS, old bool, run func(*durable.Dir) error) []string {
		path, root := temp(t)
		if old {
			put(t, path, "f", "old")
		}
		fsys := durabletest.Wrap(kind(root), durabletest.None)
		must(t, run(durable.NewDirFS(fsys)))
		ops := []string{}
		for _, c := range fsys.Calls() {
			ops = append(ops, c.Op)
		}
		return ops
	}
	write := func(d *durable.Dir) error { return d.WriteFile("f", []byte("x"), 0o600) }
	create := func(d *durable.Dir) error { return d.CreateNew("f", []byte("x"), 0o600) }
	for _, c := range []struct {
		kind string
		old  bool
		run  func(*durable.Dir) error
		want string
	}{
		{"native", true, write, "lstat unnamed write sync linkas close rename syncdir"},
		{"native", false, create, "lstat unnamed write sync linkas close syncdir"},
		{"named only", true, write, "lstat unnamed open write sync close rename syncdir"},
		{"named only", false, create, "lstat unnamed open write sync close link remove syncdir"},
		{"no links", false, create, "lstat unnamed open write sync close link open close rename syncdir"},
	} {
		if c.kind == "native" && !hasUnnamed(t) {
			continue
		}
		// The restriction is inside what is traced, so the failing attempts are seen too.
		if got := trace(kinds[c.kind], c.old, c.run); !reflect.DeepEqual(got, strings.Fields(c.want)) {
			t.Errorf("%s:\n got %s\nwant %s", c.kind, strings.Join(got, " "), c.want)
		}
	}
}

// hasUnnamed reports whether temporary directories are on a file system with unnamed files.
func hasUnnamed(t *testing.T) bool {
	_, root := temp(t)
	f, err := durable.Root(root).OpenUnnamed(".", 0o600)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Log("no unnamed files here; the tests of them show nothing")
		return false
	}
	must(t, err)
	must(t, f.Close())
	return true
}
