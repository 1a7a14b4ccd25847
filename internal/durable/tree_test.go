package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestTree(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	d := NewDir(root)
	for range 2 { // the second time all of it is there
		if err := d.MkdirAll("a/b/c", 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.MkdirAll(".", 0o700); err != nil {
		t.Error(err)
	}
	if err := d.CreateNew("a/b/file", []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.MkdirAll("a/b/file/below", 0o700); err == nil {
		t.Error("made a directory below a file")
	}
	outside := filepath.Join(t.TempDir(), "kept")
	if err := os.WriteFile(outside, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Dir(outside), filepath.Join(dir, "a", "link")); err != nil {
		t.Skip("no links here: ", err)
	}
	for range 2 { // the second time nothing is left
		if err := d.RemoveAll("a"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Lstat("a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("left: %v", err)
	}
	if _, err := os.Stat(outside); err != nil {
		t.Errorf("followed a link: %v", err)
	}
}
