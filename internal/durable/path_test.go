package durable_test

import (
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"syscall"
	"testing"

	"kai/internal/durable"
)

func writePath(path, text string, replace bool) error {
	out, err := durable.CreatePath(path, durable.CreateOptions{Mode: 0o644, Replace: replace})
	if err != nil {
		return err
	}
	defer out.Abort()
	if _, err := io.WriteString(out, text); err != nil {
		return err
	}
	return out.Commit()
}

func TestCreatePath(t *testing.T) {
	dir := t.TempDir()
	f := filepath.Join(dir, "f")
	must(t, writePath(f, "one", false))
	wantErr(t, "again", writePath(f, "two", false), fs.ErrExist)
	must(t, writePath(f, "three", true))
	if got := content(t, f); got != "three" {
		t.Errorf("got %q", got)
	}
	wantErr(t, "no directory", writePath(filepath.Join(dir, "missing", "f"), "x", false), fs.ErrNotExist)
	if err := writePath(filepath.Join(f, "below a file"), "x", false); err == nil {
		t.Error("a file used as a directory")
	}
	for _, name := range []string{dir, dir + "/", "/", ".", "..", f + "/"} {
		if err := writePath(name, "x", true); err == nil {
			t.Errorf("wrote to %q", name)
		}
	}
	if err := writePath("", "x", true); err == nil {
		t.Error("wrote to the empty path")
	}
	if got := names(t, dir); !reflect.DeepEqual(got, []string{"f"}) {
		t.Errorf("directory holds %q", got)
	}
}

func TestCreatePathTakesAnyName(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("names are bytes on Linux only")
	}
	dir := t.TempDir()
	for _, name := range []string{"caf\xe9", "new\nline", "-f", " ", "\\", "..."} {
		must(t, writePath(filepath.Join(dir, name), name, false))
		if got := content(t, filepath.Join(dir, name)); got != name {
			t.Errorf("%q holds %q", name, got)
		}
	}
}

func TestCreatePathRelative(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, os.Mkdir("d", 0o700))
	for _, name := range []string{"f", "./g", "d/f", "d/../h"} {
		must(t, writePath(name, name, false))
		if got := content(t, name); got != name {
			t.Errorf("%q holds %q", name, got)
		}
	}
}

func TestCreatePathAndLinks(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	put(t, other, "target", "old")
	link := filepath.Join(dir, "link")
	must(t, os.Symlink(filepath.Join(other, "target"), link))
	wantErr(t, "without Replace", writePath(link, "new", false), fs.ErrExist)
	must(t, writePath(link, "new", true))
	if got := content(t, filepath.Join(other, "target")); got != "new" {
		t.Errorf("target holds %q", got)
	}
	if _, err := os.Readlink(link); err != nil {
		t.Errorf("the link is gone: %v", err)
	}
	dangling := filepath.Join(dir, "dangling")
	must(t, os.Symlink("nowhere", dangling))
	wantErr(t, "dangling", writePath(dangling, "new", false), fs.ErrExist)
	wantErr(t, "dangling", writePath(dangling, "new", true), fs.ErrNotExist)
}

func TestCreatePathWritesThroughDevicesAndPipes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no /dev")
	}
	before, err := os.Stat(os.DevNull)
	must(t, err)
	for _, replace := range []bool{false, true} {
		must(t, writePath(os.DevNull, "nothing", replace))
	}
	after, err := os.Stat(os.DevNull)
	must(t, err)
	if !os.SameFile(before, after) || after.Mode() != before.Mode() {
		t.Fatal("the null device was replaced")
	}
	link := filepath.Join(t.TempDir(), "null")
	must(t, os.Symlink(os.DevNull, link))
	must(t, writePath(link, "nothing", false))
	if _, err := os.Readlink(link); err != nil {
		t.Errorf("the link is gone: %v", err)
	}
	r, w, err := os.Pipe()
	must(t, err)
	defer r.Close()
	if _, err := os.Stat("/dev/fd/0"); err != nil {
		t.Skip("no /dev/fd")
	}
	must(t, writePath(fmt.Sprintf("/dev/fd/%d", w.Fd()), "piped", false))
	must(t, w.Close())
	if got, err := io.ReadAll(r); err != nil || string(got) != "piped" {
		t.Errorf("the pipe gave %q, %v", got, err)
	}
}

func TestCreatePathReportsAFullDevice(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full")
	}
	wantErr(t, "full", writePath("/dev/full", "x", false), syscall.ENOSPC)
}

func TestCreatePathRefusesOtherThings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Skipf("no sockets in the file system: %v", err)
	}
	defer l.Close()
	wantErr(t, "socket", writePath(path, "x", true), durable.ErrNotRegular)
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the socket is gone: %v", err)
	}
}
