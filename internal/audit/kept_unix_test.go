//go:build unix

package audit

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"kai/internal/audit/event"
)

// What a Log keeps open from the append before is used only while it is the file of its name, and
// nobody else may read it.
func TestKeptFilesAreThoseOfTheirNames(t *testing.T) {
	for _, name := range []string{stateFile, treeFile, segmentName(0)} {
		t.Run(name, func(t *testing.T) {
			p := newMemoryPlace(t)
			l := p.create()
			add(t, l, 3)
			path := p.file(name)
			draft := Draft{Act: "vault_locked", Outcome: event.OK}

			// Put back as another file: that one is read and written.
			must(t, os.Rename(path, path+".old"))
			old := p.read(name + ".old")
			p.write(name, old)
			add(t, l, 1)
			if !bytes.Equal(p.read(name+".old"), old) {
				t.Error("written to the file that had the name before")
			}
			if bytes.Equal(p.read(name), old) {
				t.Error("the file of the name was not written")
			}
			verifyOK(t, p, VerifyOptions{})

			must(t, os.Chmod(path, 0o644))
			if _, err := l.Append(t.Context(), draft); !errors.Is(err, ErrPermission) {
				t.Errorf("others may read it: %v", err)
			}
			must(t, os.Chmod(path, 0o600))
			add(t, l, 1)

			must(t, os.Rename(path, path+".old"))
			must(t, os.Symlink(filepath.Base(path)+".old", path))
			if _, err := l.Append(t.Context(), draft); !errors.Is(err, ErrPermission) {
				t.Errorf("a link: %v", err)
			}
			must(t, os.Rename(path+".old", path))
			add(t, l, 1)
			verifyOK(t, p, VerifyOptions{})
		})
	}
}

// An append that failed leaves nothing open to the next.
func TestFailedAppendKeepsNothing(t *testing.T) {
	p := newMemoryPlace(t)
	l := p.create()
	add(t, l, 1)
	if len(l.kept) != 3 {
		t.Fatalf("%d files kept", len(l.kept))
	}
	if _, err := l.Append(t.Context(), Draft{Act: "no such act"}); !errors.Is(err, event.ErrCatalogue) {
		t.Fatal(err)
	}
	if len(l.kept) != 0 {
		t.Errorf("%d files kept", len(l.kept))
	}
	add(t, l, 1)
	verifyOK(t, p, VerifyOptions{})
}
