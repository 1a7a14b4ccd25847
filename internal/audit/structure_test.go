package audit

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/event"
)

// newThree is a log of three segments, the last of which has 100 events.
func newThree(t *testing.T) *attacked {
	t.Helper()
	p := newMemoryPlace(t)
	l := p.create()
	for range 3 {
		appendMany(t, l, 200)
	}
	appendMany(t, l, 11)
	p.unseal()
	st, err := readState(p.dir)
	must(t, err)
	return &attacked{place: p, log: l, st: st}
}

// appendMany appends n events at once.
func appendMany(t testing.TB, l *Log, n int) {
	t.Helper()
	drafts := make([]Draft, n)
	for i := range drafts {
		drafts[i] = Draft{Act: "secret_retrieved", Outcome: event.OK}
	}
	_, err := l.Append(t.Context(), drafts...)
	must(t, err)
}

func (p *place) file(name string) string { return filepath.Join(p.path, name) }

func (p *place) read(name string) []byte {
	p.t.Helper()
	data, err := os.ReadFile(p.file(name))
	must(p.t, err)
	return data
}

func (p *place) write(name string, data []byte) {
	p.t.Helper()
	must(p.t, os.MkdirAll(filepath.Dir(p.file(name)), 0o700))
	must(p.t, os.WriteFile(p.file(name), data, 0o600))
}

// The events are all there, in files that are not as the format has them: a reader that finds
// events by the names of segments would miss some, so that is no whole log.
func TestSegmentsAreWhereTheyBelong(t *testing.T) {
	half := func(data []byte, line int) int {
		at := 0
		for range line {
			at += bytes.IndexByte(data[at:], '\n') + 1
		}
		return at
	}
	for _, c := range []struct {
		name   string
		attack func(a *attacked)
	}{
		{"two segments in one file", func(a *attacked) {
			a.write(segmentName(0), append(a.read(segmentName(0)), a.read(segmentName(256))...))
			must(a.t, os.Remove(a.file(segmentName(256))))
		}},
		{"the last two segments in one file", func(a *attacked) {
			a.write(segmentName(256), append(a.read(segmentName(256)), a.read(segmentName(512))...))
			must(a.t, os.Remove(a.file(segmentName(512))))
		}},
		{"a segment in two files", func(a *attacked) {
			data := a.read(segmentName(256))
			at := half(data, 100)
			a.write(segmentName(256), data[:at])
			a.write(segmentName(356), data[at:])
		}},
		{"the last segment in two files", func(a *attacked) {
			data := a.read(segmentName(512))
			at := half(data, 50)
			a.write(segmentName(512), data[:at])
			a.write(segmentName(562), data[at:])
		}},
		{"a line moved to the segment before", func(a *attacked) {
			data := a.read(segmentName(256))
			at := half(data, 1)
			a.write(segmentName(0), append(a.read(segmentName(0)), data[:at]...))
			a.write(segmentName(256), data[at:])
		}},
		{"a line moved to the segment behind", func(a *attacked) {
			data := a.read(segmentName(0))
			at := half(data, 255)
			a.write(segmentName(256), append(bytes.Clone(data[at:]), a.read(segmentName(256))...))
			a.write(segmentName(0), data[:at])
		}},
		{"a segment is missing", func(a *attacked) { must(a.t, os.Remove(a.file(segmentName(256)))) }},
		{"the first segment is missing", func(a *attacked) { must(a.t, os.Remove(a.file(segmentName(0)))) }},
		{"the last segment is missing", func(a *attacked) { must(a.t, os.Remove(a.file(segmentName(512)))) }},
		{"all segments are missing", func(a *attacked) {
			must(a.t, os.RemoveAll(a.file("seg")))
			must(a.t, os.Mkdir(a.file("seg"), 0o700))
		}},
		{"an empty segment far ahead", func(a *attacked) { a.write(segmentName(2560), nil) }},
		{"a torn line in the middle", func(a *attacked) {
			data := a.read(segmentName(0))
			a.write(segmentName(0), data[:len(data)-3])
		}},
		{"no end of the last line of a full segment", func(a *attacked) {
			data := a.read(segmentName(256))
			a.write(segmentName(256), data[:len(data)-1])
		}},
		{"a byte behind a full segment", func(a *attacked) {
			a.write(segmentName(256), append(a.read(segmentName(256)), 'x'))
		}},
		{"an empty line in the middle", func(a *attacked) {
			data := a.read(segmentName(256))
			at := half(data, 7)
			a.write(segmentName(256), append(append(bytes.Clone(data[:at]), '\n'), data[at:]...))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newThree(t)
			c.attack(a)
			if v := a.verify(nil); v.Verdict != VerdictTampered {
				t.Errorf("%s, %v", v.Verdict, v.Notes)
			}
			if v := a.verify(func(o *VerifyOptions) { o.Public = true }); v.Verdict != VerdictTampered {
				t.Errorf("public: %s, %v", v.Verdict, v.Notes)
			}
			// An append refuses, or goes on without hiding anything.
			_, err := a.open().Append(t.Context(), Draft{Act: "vault_locked", Outcome: event.OK})
			if err != nil && !errors.Is(err, ErrTampered) {
				t.Errorf("append: %v", err)
			}
			if v := a.verify(nil); v.Verdict != VerdictTampered {
				t.Errorf("after an append (%v): %s, %v", err, v.Verdict, v.Notes)
			}
		})
	}
}

// Whoever can write the state can give it a right hash. Each of its fields is still held against
// the lines.
func TestForgedState(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(s *state)
	}{
		{"n + 1", func(s *state) { s.n++ }},
		{"n − 1", func(s *state) { s.n-- }},
		{"n = 0", func(s *state) { s.n = 0 }},
		{"n huge", func(s *state) { s.n = 1<<63 + 611 }},
		{"seg_off + 1", func(s *state) { s.segOff++ }},
		{"seg_off − 1", func(s *state) { s.segOff-- }},
		{"seg_off = 0", func(s *state) { s.segOff = 0 }},
		{"seg_off huge", func(s *state) { s.segOff = 1<<63 + 1 }},
		{"epoch + 1", func(s *state) { s.epoch++ }},
		{"seg − 1", func(s *state) { s.seg-- }},
		{"seg + 1", func(s *state) { s.seg++ }},
		{"key", func(s *state) { s.key[7] ^= 1 }},
		{"prev", func(s *state) { s.prev[7] ^= 1 }},
		{"end of the segment before, with the key of now", func(s *state) { s.n, s.seg = 512, 1 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newThree(t)
			st := a.st
			c.change(&st)
			must(t, writeState(a.dir, &st, true))
			if v := a.verify(nil); v.Verdict != VerdictTampered {
				t.Errorf("%s, %v", v.Verdict, v.Notes)
			}
			if _, err := a.open().Append(t.Context(), Draft{Act: "vault_locked", Outcome: event.OK}); err == nil {
				if v := a.verify(nil); v.Verdict != VerdictTampered {
					t.Errorf("an append has hidden it: %s", v.Verdict)
				}
			} else if !errors.Is(err, ErrTampered) {
				t.Errorf("append: %v", err)
			}
		})
	}
}

// A file of an epoch that never was costs nothing: whatever its number is, Verify ends, and the next
// epoch gets a number that fits.
func TestEpochFilesOfNoEpoch(t *testing.T) {
	for _, name := range []string{"4294967295.key", "4294967294.age", "2147483648.key", "7.key", "x.key", "00.key", "+1.age", "1.age"} {
		t.Run(name, func(t *testing.T) {
			a := newThree(t)
			a.write("epochs/"+name, []byte("{}"))
			a.want(a.verify(nil), VerdictOK, "")
			_, err := a.open().NewEpoch(t.Context())
			must(t, err)
			a.want(a.verify(nil), VerdictOK, "")
			must(t, os.Remove(a.file(stateFile)))
			add(t, a.open(), 1)
			v := a.verify(nil)
			if len(v.Findings) != 1 || !strings.Contains(v.Findings[0].String(), "cut at 613") {
				t.Errorf("state lost: %v", v.Findings)
			}
		})
	}
}

// A tree that rots is made anew, also by a quick look, which reads leaves from it.
func TestTreeRot(t *testing.T) {
	a := newThree(t)
	l := a.open()
	_, _, err := l.Checkpoint(t.Context(), []*checkpoint.Signer{testSigner(t, l.Info().Origin)})
	must(t, err)
	add(t, l, 5)
	whole := a.read(treeFile)
	for _, at := range []int{0, 5, 32*100 + 1, len(whole) / 2, len(whole) - 33, len(whole) - 1} {
		for _, quick := range []bool{false, true} {
			data := bytes.Clone(whole)
			data[at] ^= 1
			a.write(treeFile, data)
			a.want(a.verify(func(o *VerifyOptions) { o.Quick = quick }), VerdictOK, "")
			if !bytes.Equal(a.read(treeFile), whole) && !quick {
				t.Errorf("byte %d: not rebuilt", at)
			}
		}
		a.write(treeFile, whole)
	}
	for _, size := range []int{0, 31, 32, 32 * 700, len(whole) - 32, len(whole) - 1} {
		for _, quick := range []bool{false, true} {
			a.write(treeFile, whole[:size])
			a.want(a.verify(func(o *VerifyOptions) { o.Quick = quick }), VerdictOK, "")
		}
		a.write(treeFile, whole[:size])
		add(t, a.open(), 1)
		a.want(a.verify(nil), VerdictOK, "")
		whole = a.read(treeFile)
	}
	must(t, os.Remove(a.file(treeFile)))
	a.want(a.verify(func(o *VerifyOptions) { o.Quick = true }), VerdictOK, "")
	a.want(a.verify(nil), VerdictOK, "")
}

// The size in the state is that of lines with their hashes; both copies say the same.
func TestStateLayout(t *testing.T) {
	a := newThree(t)
	b := a.read(stateFile)
	if len(b) != 256 || !bytes.Equal(b[:128], b[128:]) || string(b[:8]) != "KAIAUD1\n" {
		t.Fatalf("%d bytes, %q", len(b), b[:8])
	}
	size := uint64(len(a.read(segmentName(512))))
	for _, f := range []struct {
		name      string
		got, want uint64
	}{
		{"n", binary.LittleEndian.Uint64(b[8:]), 612},
		{"seg_off", binary.LittleEndian.Uint64(b[16:]), size},
		{"epoch", uint64(binary.LittleEndian.Uint32(b[24:])), 0},
		{"seg", uint64(binary.LittleEndian.Uint32(b[28:])), 2},
	} {
		if f.got != f.want {
			t.Errorf("%s: %d, want %d", f.name, f.got, f.want)
		}
	}
}

// Whichever hash of the tree rots, the root that an append returns is that of the lines.
func TestRottenRootIsNotTold(t *testing.T) {
	p := newMemoryPlace(t)
	appendMany(t, p.create(), 75)
	whole := snapshotFiles(t, p.path)
	for at := 0; at < len(whole[treeFile]); at += hashSize {
		restoreFiles(t, p.path, whole)
		data := bytes.Clone(whole[treeFile])
		data[at+at%hashSize] ^= 1
		p.write(treeFile, data)
		r := add(t, p.open(), 1)
		want, err := p.open().rootFromLines(r.Head.N)
		must(t, err)
		if r.Head.Root != want {
			t.Errorf("hash %d: a wrong root", at/hashSize)
		}
		verifyOK(t, p, VerifyOptions{})
	}
}
