package vault

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"kai/internal/durable"
	"kai/internal/vault/objectid"
)

// On a file system of 4 MiB that is full nothing changes any more, all that was acknowledged can be
// read, and it goes on when there is room again.
func TestFullFileSystem(t *testing.T) {
	mounted := t.TempDir()
	if err := unix.Mount("tmpfs", mounted, "tmpfs", 0, "size=4m,mode=0700"); err != nil {
		t.Skip("no tmpfs can be mounted: ", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(mounted, unix.MNT_DETACH) })
	b := newPlace(t)
	root, err := os.OpenRoot(mounted)
	must(t, err)
	t.Cleanup(func() { root.Close() })
	b.path, b.dir = mounted, durable.NewDir(root)
	b.v, b.keys, err = Create(t.Context(), b.dir, b.options(), b.cheapSlot(&b.slot))
	must(t, err)
	must(t, setIn(b, put("first", KindCredentials, "value")))
	filler := filepath.Join(mounted, "filler")
	fill := func() {
		f, err := os.OpenFile(filler, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		must(t, err)
		defer f.Close()
		for size := 1 << 20; size > 0; size /= 2 {
			for err = error(nil); err == nil; {
				_, err = f.Write(make([]byte, size))
			}
			wantErr(t, err, syscall.ENOSPC)
		}
	}
	fill()
	n := 0
	for {
		must(t, b.enter()) // reads, and does not need room
		value := strings.Repeat("x", 5000)
		err := setIn(b, put(fmt.Sprint("path", n), KindAPIKeys, value))
		if err != nil {
			wantErr(t, err, syscall.ENOSPC)
			break
		}
		n++
	}
	changes := map[string]func() error{
		"set":           func() error { return setIn(b, put("first", KindCredentials, strings.Repeat("y", 20000))) },
		"add namespace": func() error { return b.v.AddNamespace(t.Context(), b.keys, "new", false) },
		"add slot":      func() error { _, err := b.v.AddSlot(t.Context(), b.keys, b.cheapSlot(new(objectid.ID))); return err },
		"compact": func() error {
			s, err := b.v.Space(b.keys, DefaultNamespace)
			if err == nil {
				_, err = s.Compact(t.Context(), CompactOptions{})
			}
			return err
		},
	}
	whole := func(what string) string {
		t.Helper()
		must(t, b.enter())
		text, err := b.describe()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		must(t, b.damage())
		return text
	}
	before := whole("full")
	for name, change := range changes {
		if err := change(); !errors.Is(err, syscall.ENOSPC) && name != "compact" {
			t.Errorf("%s: %v", name, err)
		}
		if now := whole(name); now != before {
			t.Errorf("%s: on a full disk it has become\n%s", name, now)
		}
	}
	must(t, os.Remove(filler))
	for name, change := range changes {
		if err := change(); err != nil {
			t.Errorf("%s, with room again: %v", name, err)
		}
		must(t, b.enter())
	}
	b.want("default/first", strings.Repeat("y", 20000))
	for i := range n {
		b.want(fmt.Sprint("default/path", i), strings.Repeat("x", 5000))
	}
	must(t, b.damage())
}
