package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"kai/internal/durable"
)

// temp is a new directory with the real file system on it.
func temp(t testing.TB) (path string, root *os.Root) {
	t.Helper()
	path = t.TempDir()
	root, err := os.OpenRoot(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return path, root
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

// content is what a file holds, or "(none)".
func content(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "(none)"
	}
	must(t, err)
	return string(b)
}

// names lists a directory.
func names(t testing.TB, path string) []string {
	t.Helper()
	entries, err := os.ReadDir(path)
	must(t, err)
	got := []string{}
	for _, e := range entries {
		got = append(got, e.Name())
	}
	return got
}

func put(t testing.TB, dir, name, text string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
}

// namedOnly is a file system without unnamed files, as most are outside Linux.
type namedOnly struct{ durable.FS }

func (namedOnly) OpenUnnamed(string, fs.FileMode) (durable.Unnamed, error) {
	return nil, errors.ErrUnsupported
}

// noLinks is a file system that has not even hard links, like FAT.
type noLinks struct{ namedOnly }

func (noLinks) Link(string, string) error { return errors.ErrUnsupported }

// kinds are the file systems that outputs must work on.
var kinds = map[string]func(*os.Root) durable.FS{
	"native":     durable.Root,
	"named only": func(r *os.Root) durable.FS { return namedOnly{durable.Root(r)} },
	"no links":   func(r *os.Root) durable.FS { return noLinks{namedOnly{durable.Root(r)}} },
}

// eachKind runs f on an empty directory of every kind.
func eachKind(t *testing.T, f func(t *testing.T, path string, dir *durable.Dir)) {
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			path, root := temp(t)
			f(t, path, durable.NewDirFS(kind(root)))
		})
	}
}

// unsynced is the real file system without its syncs, for tests that do much and crash nothing.
type unsynced struct{ durable.FS }

type unsyncedFile struct{ durable.File }

type unsyncedTemp struct{ durable.Unnamed }

func (u unsynced) SyncDir(string) error { return nil }

func (u unsynced) Open(name string, flag int, mode fs.FileMode) (durable.File, error) {
	f, err := u.FS.Open(name, flag, mode)
	if err != nil {
		return nil, err
	}
	return unsyncedFile{f}, nil
}

func (u unsynced) OpenUnnamed(dir string, mode fs.FileMode) (durable.Unnamed, error) {
	f, err := u.FS.OpenUnnamed(dir, mode)
	if err != nil {
		return nil, err
	}
	return unsyncedTemp{f}, nil
}

func (unsyncedFile) Sync() error     { return nil }
func (unsyncedFile) SyncData() error { return nil }
func (unsyncedTemp) Sync() error     { return nil }
func (unsyncedTemp) SyncData() error { return nil }

// quick is a directory without syncs.
func quick(root *os.Root) *durable.Dir { return durable.NewDirFS(unsynced{durable.Root(root)}) }
