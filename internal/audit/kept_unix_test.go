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

// Where the log ends as an append of this Log has left it, the next one knows its last event and the
// edge of its tree. Whatever others do in between is seen.
func TestAppendGoesOn(t *testing.T) {
	for _, c := range []struct {
		name   string
		others func(t *testing.T, p *place)
		known  bool
		more   uint64 // events beside the one that is appended
	}{
		{"nothing", func(*testing.T, *place) {}, true, 0},
		{"an append", func(t *testing.T, p *place) { add(t, p.open(), 1) }, false, 1},
		{"appends beyond the segment", func(t *testing.T, p *place) { add(t, p.open(), 300) }, false, 300},
		{"an append killed before the state", func(t *testing.T, p *place) {
			before := p.read(stateFile)
			add(t, p.open(), 1)
			p.write(stateFile, before)
		}, false, 2}, // and audit.recovered
		{"an append killed in its line", func(_ *testing.T, p *place) {
			p.write(segmentName(0), append(p.read(segmentName(0)), `{"n":`...))
		}, false, 1},
		{"an epoch killed before its event", func(t *testing.T, p *place) {
			must(t, p.dir.WriteFile(nextFile, []byte("x"), 0o600))
		}, true, 0},
		{"the tree cut", func(t *testing.T, p *place) { must(t, os.Truncate(p.file(treeFile), 40)) }, true, 0},
		{"the tree longer", func(_ *testing.T, p *place) {
			p.write(treeFile, append(p.read(treeFile), make([]byte, 64)...))
		}, true, 0},
		{"the tree gone", func(t *testing.T, p *place) { must(t, os.Remove(p.file(treeFile))) }, true, 0},
		{"the state gone", func(t *testing.T, p *place) { must(t, os.Remove(p.file(stateFile))) }, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newMemoryPlace(t)
			l := p.create()
			n := add(t, l, 3).Head.N
			c.others(t, p)
			w := &writer{l: l}
			err := w.openState()
			if err == nil {
				err = w.openSegment()
			}
			if known := err == nil && w.goesOn(); known != c.known {
				t.Errorf("goes on: %v", known)
			}
			w.committed = true
			w.close()

			r, err := l.Append(t.Context(), Draft{Act: "vault_locked", Outcome: event.OK})
			must(t, err)
			if c.name == "the state gone" { // said by an event of its own, and to be acknowledged
				if len(r.Own) == 0 || r.Own[0].Event.Act != "audit.state_lost" {
					t.Errorf("own events: %v", r.Own)
				}
				return
			}
			if got := r.Head.N; got != n+1+c.more {
				t.Errorf("%d events, had %d", got, n)
			}
			verifyOK(t, p, VerifyOptions{})
			add(t, p.open(), 1) // which looks at everything
			verifyOK(t, p, VerifyOptions{})
			if _, err := os.Stat(p.file(nextFile)); err == nil {
				t.Error("epoch.next is left")
			}
		})
	}
}

// An event that was altered behind the append of a Log is found, whether or not that goes on.
func TestAppendGoesOnAlteredEvent(t *testing.T) {
	p := newMemoryPlace(t)
	l := p.create()
	add(t, l, 3)
	data := p.read(segmentName(0))
	data[bytes.LastIndex(data, []byte("secret_retrieved"))] ^= 1
	p.write(segmentName(0), data)
	if _, err := p.open().Append(t.Context(), Draft{Act: "vault_locked", Outcome: event.OK}); !errors.Is(err, ErrTampered) {
		t.Errorf("another Log appends: %v", err)
	}
	add(t, l, 1)
	l, err := Open(p.opts)
	must(t, err)
	if v, err := l.Verify(t.Context(), VerifyOptions{}); err != nil || v.Verdict != VerdictTampered {
		t.Errorf("%v, %v", v, err)
	}
}
