package witness_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/witness"
	"kai/internal/durable"
	"kai/internal/durable/durabletest"
)

func openRoot(t testing.TB, dir string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

func openFiles(t testing.TB, dir *durable.Dir) *witness.Files {
	t.Helper()
	f, err := witness.OpenFiles(t.Context(), dir, time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFiles(t *testing.T) {
	where := t.TempDir()
	dir := durable.NewDir(openRoot(t, where))
	f := openFiles(t, dir)
	if _, _, known, err := f.Load(origin); known || err != nil {
		t.Fatalf("nothing yet: %v", err)
	}
	root := tlog.RecordHash([]byte("x"))
	if err := f.Store(origin, 17, root); err != nil {
		t.Fatal(err)
	}
	if err := f.Store("example.com/../other", 3, tlog.Hash{}); err != nil {
		t.Fatal(err)
	}
	if _, err := witness.OpenFiles(t.Context(), dir, 0); !errors.Is(err, durable.ErrLocked) {
		t.Errorf("while it is open: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	// SHA-256 of the origin, by sha256sum.
	name := "548bc8ae9e4706b25c79126afedb54e149d64535c78c8092fd51e832874fa6ca.json"
	data, err := os.ReadFile(filepath.Join(where, name))
	if want := fmt.Sprintf(`{"origin":"%s","root":"%s","size":17,"v":1}`, origin, root); err != nil || string(data) != want {
		t.Errorf("file %q, %v", data, err)
	}
	if info, err := os.Stat(filepath.Join(where, name)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode: %v", err)
	}

	f = openFiles(t, dir)
	defer f.Close()
	size, got, known, err := f.Load(origin)
	if size != 17 || got != root || !known || err != nil {
		t.Errorf("read back %d, %v, %v", size, known, err)
	}
	if err := f.Store(origin, 16, root); !errors.Is(err, witness.ErrRollback) {
		t.Errorf("smaller: %v", err)
	}
	if err := f.Store(origin, 17, tlog.Hash{}); !errors.Is(err, witness.ErrFork) {
		t.Errorf("other root: %v", err)
	}
	if err := f.Store(origin, 17, root); err != nil {
		t.Errorf("the same: %v", err)
	}

	good := string(data)
	for what, content := range map[string]string{
		"empty":          "",
		"torn":           good[:40],
		"space":          " " + good,
		"line feed":      good + "\n",
		"another origin": strings.Replace(good, "kind", "king", 1),
		"version 2":      strings.Replace(good, `"v":1`, `"v":2`, 1),
		"unknown member": strings.Replace(good, `"v":1`, `"v":1,"w":1`, 1),
		"other base64":   strings.Replace(good, "=", "", 1),
		"negative":       strings.Replace(good, ":17", ":-17", 1),
		"too large":      good + strings.Repeat(" ", 4<<10),
	} {
		if err := os.WriteFile(filepath.Join(where, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, known, err := f.Load(origin); known || !errors.Is(err, witness.ErrMemory) {
			t.Errorf("%s: %v, %v", what, known, err)
		}
		if err := f.Store(origin, 20, root); !errors.Is(err, witness.ErrMemory) {
			t.Errorf("%s: stored over it: %v", what, err)
		}
		// And the witness does not sign.
		l := numbered(t, 20, 20)
		if lines, err := cosigner(t).Cosign(request(t, l, 0, 20), f); lines != nil || !errors.Is(err, witness.ErrMemory) {
			t.Errorf("%s: cosigned: %v", what, err)
		}
	}
}

// Each file system call fails once: no line leaves without its state being there
// for the next process.
func TestFilesWithFaults(t *testing.T) {
	l := numbered(t, 20, 20)
	ed := signer(t, "w", checkpoint.Cosignature, 2)
	w, err := witness.New([]*checkpoint.Signer{ed}, []*checkpoint.Verifier{log(t).Verifier()})
	if err != nil {
		t.Fatal(err)
	}
	first, second := request(t, l, 0, 10), request(t, l, 10, 20)
	run := func(judge func(durabletest.Call) *durabletest.Fault) (fsys *durabletest.FS, root *os.Root, lines []byte, err error) {
		root = openRoot(t, t.TempDir())
		f := openFiles(t, durable.NewDir(root))
		if _, err := w.Cosign(first, f); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		fsys = durabletest.Wrap(durable.Root(root), judge)
		f, err = witness.OpenFiles(t.Context(), durable.NewDirFS(fsys), 0)
		if err != nil {
			return fsys, root, nil, err
		}
		defer f.Close()
		lines, err = w.Cosign(second, f)
		return fsys, root, lines, err
	}
	fsys, _, lines, err := run(durabletest.None)
	if err != nil || lines == nil {
		t.Fatal(err)
	}
	calls := len(fsys.Calls())
	if calls < 10 {
		t.Fatalf("%d calls", calls)
	}
	for k := range calls {
		_, root, lines, err := run(durabletest.FailAt(k, syscall.EIO))
		f := openFiles(t, durable.NewDir(root))
		size, _, known, loadErr := f.Load(origin)
		if loadErr != nil || !known || size != 10 && size != 20 {
			t.Errorf("call %d: left %d, %v", k, size, loadErr)
		}
		if lines != nil && size != 20 {
			t.Errorf("call %d: cosigned and forgotten (%v)", k, err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Two histories sent at once by many: one of them wins, whole.
func TestConcurrentFork(t *testing.T) {
	l, fork := numbered(t, 20, 20), numbered(t, 20, 5)
	ed := signer(t, "w", checkpoint.Cosignature, 2)
	w, err := witness.New([]*checkpoint.Signer{ed}, []*checkpoint.Verifier{log(t).Verifier()})
	if err != nil {
		t.Fatal(err)
	}
	root := openRoot(t, t.TempDir())
	sides := []*witness.Request{request(t, l, 0, 20), request(t, fork, 0, 20)}
	var mu sync.Mutex
	var signed [2]int // guarded by mu
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			f, err := witness.OpenFiles(t.Context(), durable.NewDir(root), time.Millisecond)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			_, err = w.Cosign(sides[i%2], f)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				signed[i%2]++
			case !errors.Is(err, witness.ErrFork) && !errors.Is(err, witness.ErrConflict):
				t.Error(err)
			}
		})
	}
	group.Wait()
	if signed[0]+signed[1] != 1 {
		t.Errorf("cosigned %d and %d times", signed[0], signed[1])
	}
}
