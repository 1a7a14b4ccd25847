package durable_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

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

// What is not a file of its own name is not opened, in one call or in several, and nobody waits.
func TestOpenFileRefusesWhatIsNoFile(t *testing.T) {
	for way, fsys := range map[string]func(*os.Root) durable.FS{"at once": durable.Root, "looked at": durable.RootInSteps} {
		t.Run(way, func(t *testing.T) {
			path, root := temp(t)
			d := durable.NewDirFS(fsys(root))
			must(t, os.Mkdir(filepath.Join(path, "sub"), 0o700))
			put(t, path, "sub/f", "text")
			put(t, path, "f", "text")
			must(t, os.Symlink("f", filepath.Join(path, "sub", "link")))
			must(t, os.Symlink("sub", filepath.Join(path, "way")))
			must(t, os.Symlink("/etc", filepath.Join(path, "out")))
			must(t, os.Symlink("/etc/passwd", filepath.Join(path, "passwd")))
			must(t, os.Symlink("nothing", filepath.Join(path, "dangling")))
			must(t, unix.Mkfifo(filepath.Join(path, "pipe"), 0o600))
			must(t, unix.Mkfifo(filepath.Join(path, "sub", "pipe"), 0o600))
			for _, flag := range []int{os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_RDWR | os.O_CREATE} {
				for _, name := range []string{"sub", "sub/link", "pipe", "sub/pipe", "passwd", "dangling", "out"} {
					f, err := d.OpenFile(name, flag, 0o600)
					wantErr(t, name, err, durable.ErrNotRegular)
					if err == nil {
						f.Close()
					}
				}
				if _, err := d.OpenFile("out/passwd", flag, 0o600); err == nil || errors.Is(err, fs.ErrNotExist) {
					t.Errorf("out of the directory: %v", err)
				}
				if _, err := durable.Root(root).Open("..", flag|durable.NoFollow, 0o600); err == nil {
					t.Error("opened the directory above")
				}
				f, info, err := d.OpenStat("way/f", flag, 0o600) // a link on the way, not to the outside
				must(t, err)
				must(t, f.Close())
				if info.Size() != 4 || info.Name() != "f" {
					t.Errorf("way/f: %s, %d bytes", info.Name(), info.Size())
				}
			}
			_, err := d.OpenFile("sub/missing", os.O_RDWR, 0)
			wantErr(t, "missing", err, fs.ErrNotExist)
			_, err = d.OpenFile("f", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
			wantErr(t, "existing", err, fs.ErrExist)
			f, err := d.OpenFile("sub/new", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
			must(t, err)
			defer f.Close()
			_, err = f.WriteAt([]byte("new"), 0)
			must(t, err)
			if info, err := d.Lstat("sub/new"); err != nil || info.Mode() != 0o600 || info.Size() != 3 {
				t.Errorf("made %v, %v", info, err)
			}
			if _, err := os.Lstat(filepath.Join(path, "nothing")); err == nil {
				t.Error("made a file through a link")
			}
		})
	}
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

// What lies in a directory is read again only where the system says that it has changed, and that is
// believed only when the change before is some time ago.
func TestListAgain(t *testing.T) {
	path, root := temp(t)
	must(t, os.Mkdir(filepath.Join(path, "sub"), 0o700))
	d := durable.NewDir(root)
	var last *durable.Listing
	again := func(want bool, names ...string) {
		t.Helper()
		list, err := d.List("sub", last)
		must(t, err)
		var got []string
		for _, e := range list.Entries {
			got = append(got, e.Name())
		}
		slices.Sort(got)
		if !slices.Equal(got, names) || last != nil && (list == last) != want {
			t.Errorf("%q, want %q; not read: %v", got, names, list == last)
		}
		last = list
	}
	// Many changes within one tick of the clock.
	var names []string
	for i := range 100 {
		name := fmt.Sprintf("%03d", i)
		names = append(names, name)
		put(t, filepath.Join(path, "sub"), name, "")
		again(false, names...)
	}
	again(false, names...)
	time.Sleep(3200 * time.Millisecond)
	again(false, names...)
	again(true, names...)
	must(t, os.Rename(filepath.Join(path, "sub", "000"), filepath.Join(path, "sub", "zzz")))
	again(false, append(slices.Clone(names[1:]), "zzz")...)
	must(t, os.Rename(filepath.Join(path, "sub"), filepath.Join(path, "old")))
	must(t, os.Mkdir(filepath.Join(path, "sub"), 0o700))
	again(false)
	must(t, os.Remove(filepath.Join(path, "sub")))
	_, err := d.List("sub", last)
	wantErr(t, "missing", err, fs.ErrNotExist)
}
