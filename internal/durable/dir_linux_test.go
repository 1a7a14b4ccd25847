package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"kai/internal/durable"
)

func TestOpenFileFollowsNoLink(t *testing.T) {
	dir, d := t.TempDir(), (*durable.Dir)(nil)
	root, err := os.OpenRoot(dir)
	must(t, err)
	defer root.Close()
	d = durable.NewDir(root)
	put(t, dir, "f", "text")
	must(t, os.Symlink("f", filepath.Join(dir, "link")))
	_, err = d.OpenFile("link", os.O_RDWR, 0)
	wantErr(t, "link", err, durable.ErrNotRegular)
	_, err = d.OpenFile("missing", os.O_RDWR, 0)
	wantErr(t, "missing", err, fs.ErrNotExist)
	if _, err = d.OpenFile("../f", os.O_RDONLY, 0); err == nil {
		t.Error("left the directory")
	}
	f, err := d.OpenFile("f", os.O_RDWR, 0)
	must(t, err)
	must(t, f.Close())
}

func TestSealedFilesAreNotWritten(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	must(t, err)
	defer root.Close()
	d := durable.NewDir(root)
	put(t, dir, "f", "text")
	f, err := d.OpenFile("f", os.O_RDONLY, 0)
	must(t, err)
	defer f.Close()
	must(t, f.Seal())
	t.Cleanup(func() { _ = f.Unseal() })
	info, err := d.Lstat("f")
	must(t, err)
	if info.Mode().Perm() != 0o400 {
		t.Errorf("mode %v", info.Mode())
	}
	if _, err := d.OpenFile("f", os.O_RDWR, 0); err == nil && os.Geteuid() != 0 {
		t.Error("opened for writing")
	}
	must(t, f.Unseal())
	must(t, d.Rename("f", "g"))
	if _, err := d.Lstat("f"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("still there: %v", err)
	}
	if got := content(t, filepath.Join(dir, "g")); got != "text" {
		t.Errorf("holds %q", got)
	}
}
