package audit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"filippo.io/age"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/event"
	"kai/internal/durable"
	"kai/internal/durable/durabletest"
)

// upset is something that a process was doing when it ended, with the log that it found.
type upset struct {
	name    string
	prepare func(t *testing.T, p *place)
	do      func(w *upsetPlace, l *Log) ([]Appended, error)

	tells  bool // which events it has appended
	cut    bool // the state is lost, so a cut may have been made: that is said, and nothing else
	repair bool // it may have to be done again
}

func appendOK(n int) func(*upsetPlace, *Log) ([]Appended, error) {
	return func(_ *upsetPlace, l *Log) ([]Appended, error) {
		drafts := make([]Draft, n)
		for i := range drafts {
			drafts[i] = Draft{Act: "secret_retrieved", Outcome: event.OK}
		}
		r, err := l.Append(context.Background(), drafts...)
		return r.Events, err
	}
}

func newEpoch(_ *upsetPlace, l *Log) ([]Appended, error) {
	r, err := l.NewEpoch(context.Background())
	return r.Events, err
}

func events(n int) func(t *testing.T, p *place) {
	return func(t *testing.T, p *place) { prepareEvents(t, p, n) }
}

// then is one thing behind another.
func then(first func(t *testing.T, p *place), more ...func(t *testing.T, p *place)) func(t *testing.T, p *place) {
	return func(t *testing.T, p *place) {
		first(t, p)
		for _, do := range more {
			do(t, p)
		}
	}
}

func loseState(t *testing.T, p *place) { must(t, os.Remove(p.file(stateFile))) }

// olderState makes the last n events ones whose writer was killed before it wrote the state.
func olderState(n int) func(t *testing.T, p *place) {
	return func(t *testing.T, p *place) {
		old := p.read(stateFile)
		_, err := appendOK(n)(nil, p.open())
		must(t, err)
		p.write(stateFile, old)
	}
}

func tornLine(t *testing.T, p *place) {
	l := p.open()
	firsts, err := l.segments()
	must(t, err)
	name := segmentName(firsts[len(firsts)-1])
	p.write(name, append(p.read(name), `{"n":4,"t":"2026-`...))
}

// begunSegment makes the segment of the next event, with nothing in it.
func begunSegment(t *testing.T, p *place) {
	size, err := p.open().Size()
	must(t, err)
	p.write(segmentName(size), nil)
}

func upsets() []upset {
	return []upset{
		{name: "append", prepare: events(3), do: appendOK(1), tells: true},
		{name: "append to a log of no events", prepare: func(t *testing.T, p *place) {
			p.opts.SegmentEvents = 256
			_, _, err := create(p.opts)
			must(t, err)
		}, do: appendOK(1), tells: true},
		{name: "new segment", prepare: events(256), do: appendOK(1), tells: true},
		{name: "batch over four segments", prepare: events(100), do: appendOK(800), tells: true},
		{name: "epoch", prepare: events(3), do: newEpoch, tells: true},
		{name: "epoch in a new segment", prepare: events(256), do: newEpoch, tells: true},
		{name: "recovery", prepare: then(events(3), olderState(2), tornLine), do: appendOK(1), tells: true},
		{name: "recovery over segments", prepare: then(events(250), olderState(600), tornLine), do: appendOK(1), tells: true},
		{name: "recovery of a torn first line", prepare: then(events(256), begunSegment, tornLine), do: appendOK(1), tells: true},
		{name: "checkpoint after a recovery", prepare: then(events(3), olderState(1)), do: func(w *upsetPlace, l *Log) ([]Appended, error) {
			_, _, err := l.Checkpoint(context.Background(), []*checkpoint.Signer{testSigner(w.t, l.info.Origin)})
			return nil, err
		}},
		{name: "state lost", prepare: then(events(3), loseState), do: appendOK(1), tells: true, cut: true},
		{name: "state lost, torn line", prepare: then(events(3), tornLine, loseState), do: appendOK(1), tells: true, cut: true},
		{name: "state lost, full segment", prepare: then(events(256), loseState), do: appendOK(1), tells: true, cut: true},
		{name: "state lost, segment begun", prepare: then(events(256), begunSegment, loseState), do: appendOK(1), tells: true, cut: true},
		{name: "state lost, first line torn", prepare: then(events(256), begunSegment, tornLine, loseState), do: appendOK(1), tells: true, cut: true},
		{name: "repair", prepare: then(events(300), func(t *testing.T, p *place) {
			p.unseal()
			p.write(segmentName(0), []byte(strings.Replace(string(p.read(segmentName(0))), `{"n":200,`, `{"n":201,`, 1)))
		}), do: repairLog, cut: true, repair: true},
	}
}

func repairLog(w *upsetPlace, l *Log) ([]Appended, error) {
	found, err := l.Verify(context.Background(), VerifyOptions{Workers: 1, Identities: []age.Identity{w.who}})
	if err != nil {
		return nil, err
	}
	r, err := l.Repair(context.Background(), found)
	return r.Events, err
}

// A process ends at each of its calls to the file system: that one and all later ones fail. No event
// is lost that was acknowledged before or by it, the next process goes on, and nothing is said of
// the log but what is true.
func TestEndedAtEachCall(t *testing.T) {
	dead := errors.New("the process has ended")
	for _, sealed := range []bool{false, true} {
		for _, u := range upsets() {
			t.Run(fmt.Sprintf("%s, sealed %v", u.name, sealed), func(t *testing.T) {
				w := newUpsetPlace(t, u, sealed)
				_, calls, err := w.run(durabletest.None)
				must(t, err)
				step := strides(calls)
				for k := 0; k < calls; k += step {
					told, _, err := w.run(func(c durabletest.Call) *durabletest.Fault {
						if c.N >= k {
							return &durabletest.Fault{Err: dead}
						}
						return nil
					})
					if err == nil && len(told) == 0 && u.tells {
						t.Fatalf("call %d: done, and nothing was told", k)
					}
					w.goesOn(t, fmt.Sprintf("call %d", k), told)
				}
			})
		}
	}
}

// The disk is full from each call on, until the reserve is removed. What was asked for is denied
// with ErrDiskFull and that is recorded; afterwards the log goes on.
func TestFullAtEachCall(t *testing.T) {
	for _, u := range upsets() {
		if u.repair {
			continue
		}
		t.Run(u.name, func(t *testing.T) {
			w := newUpsetPlace(t, u, true)
			_, calls, err := w.run(durabletest.None)
			must(t, err)
			denied, recorded := 0, 0
			step := strides(calls)
			for k := 0; k < calls; k += step {
				room := false
				told, _, err := w.run(func(c durabletest.Call) *durabletest.Fault {
					if c.Op == "remove" && c.Name == reserveFile {
						room = true
					}
					if c.N < k || room || !takesRoom(c) {
						return nil
					}
					return &durabletest.Fault{Err: syscall.ENOSPC, Short: true}
				})
				what := fmt.Sprintf("call %d", k)
				if err != nil {
					denied++
					if !u.tells { // a note is a file of its own
						wantErr(t, err, syscall.ENOSPC)
						continue
					}
					wantErr(t, err, ErrDiskFull)
					if w.has(t, "audit.disk_full") {
						recorded++
					} else if w.reserve {
						t.Errorf("%s: not recorded: %v", what, err)
					}
				}
				w.goesOn(t, what, told)
			}
			t.Logf("%d calls, %d times denied, %d times recorded", calls, denied, recorded)
			if denied == 0 {
				t.Error("never denied: the test is blind")
			}
		})
	}
}

// strides is how many calls are passed over from one to the next, so that it does not take long.
func strides(calls int) int {
	most := 160
	if testing.Short() {
		most = 10
	}
	return (calls + most - 1) / most
}

// takesRoom reports whether a call may find a disk full. What is written in place needs no room: the
// state, and epoch.next while it is wiped. The tree is not missed.
func takesRoom(c durabletest.Call) bool {
	switch c.Op {
	case "write":
		return c.Name != stateFile && c.Name != nextFile
	case "unnamed", "link", "linkas", "rename", "mkdir":
		return true
	}
	return false
}

// upsetPlace is a log before something happens to it.
type upsetPlace struct {
	*place
	u      upset
	who    age.Identity
	before map[string][]byte
	leaves [][32]byte // of the events before

	reserve bool // there is one
}

func newUpsetPlace(t *testing.T, u upset, sealed bool) *upsetPlace {
	t.Helper()
	w := &upsetPlace{place: newMemoryPlace(t), u: u}
	who, recipient := newAuditor(t)
	w.who = who
	if sealed {
		w.opts.Recipients = always(recipient)
	}
	u.prepare(t, w.place)
	w.unseal()
	l := w.open()
	for v, err := range l.Views(t.Context(), 0, 1<<40) {
		if err != nil {
			break // to be repaired
		}
		w.leaves = append(w.leaves, LineHash(v.Line))
	}
	if _, err := w.dir.Lstat(reserveFile); err == nil {
		w.reserve = true
		w.write(reserveFile, nil) // so that it costs nothing to put back
	}
	w.before = snapshotFiles(t, w.path)
	return w
}

// run does it again, to the log as it was before.
func (w *upsetPlace) run(judge func(durabletest.Call) *durabletest.Fault) ([]Appended, int, error) {
	w.unseal()
	restoreFiles(w.t, w.path, w.before)
	root, err := os.OpenRoot(w.path)
	must(w.t, err)
	defer root.Close()
	fsys := durabletest.Wrap(durable.Root(root), judge)
	opts := w.opts
	opts.Dir = durable.NewDirFS(fsys)
	l, err := Open(opts)
	var told []Appended
	if err == nil {
		told, err = w.u.do(w, l)
	}
	return told, len(fsys.Calls()), err
}

// has reports whether the log has such an event.
func (w *upsetPlace) has(t *testing.T, act string) bool {
	t.Helper()
	for v, err := range w.open().Views(t.Context(), 0, 1<<40) {
		if err != nil {
			return false
		}
		if string(v.Act) == act {
			return true
		}
	}
	return false
}

// goesOn appends to what is left, and looks at everything that was ever told.
func (w *upsetPlace) goesOn(t *testing.T, what string, told []Appended) {
	t.Helper()
	l := w.open()
	if w.u.repair {
		if _, err := repairLog(w, l); err != nil {
			t.Fatalf("%s: not repaired: %v", what, err)
		}
	}
	verify := func() *Verification {
		v, err := w.open().Verify(t.Context(), VerifyOptions{Workers: 1, Identities: []age.Identity{w.who}})
		must(t, err)
		return v
	}
	first, err := l.Append(t.Context(), Draft{Act: "vault_locked", Outcome: event.OK})
	if err != nil {
		t.Fatalf("%s: no append any more: %v", what, err)
	}
	if _, err := w.dir.Lstat(nextFile); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: %s is still there: %v", what, nextFile, err)
	}
	there := map[uint64][32]byte{}
	for v, err := range l.Views(t.Context(), 0, 1<<40) {
		must(t, err)
		there[v.N] = LineHash(v.Line)
	}
	for n, leaf := range w.leaves {
		if there[uint64(n)] != leaf {
			t.Fatalf("%s: event %d of before is lost", what, n)
		}
	}
	for _, a := range append(told, first.Events...) {
		if there[a.Event.N] != a.Leaf {
			t.Fatalf("%s: event %d was acknowledged, and is lost", what, a.Event.N)
		}
	}
	v := verify()
	if !w.u.cut {
		if v.Verdict != VerdictOK || v.Coverage.MACTo != v.Size {
			t.Fatalf("%s: %s, MACs to %d of %d: %v", what, v.Verdict, v.Coverage.MACTo, v.Size, v.Findings)
		}
		return
	}
	if v.Verdict != VerdictTampered || len(v.Findings) == 0 {
		t.Fatalf("%s: a possible cut is not told: %s", what, v.Verdict)
	}
	var known []Acknowledgement
	for _, f := range v.Findings {
		if f.Check != CheckEpoch || f.Place {
			t.Fatalf("%s: %v", what, v.Findings)
		}
		known = append(known, Acknowledgement{f.N, "a test"})
	}
	_, _, err = l.Checkpoint(t.Context(), []*checkpoint.Signer{testSigner(t, l.info.Origin)}, known...)
	must(t, err)
	if v = verify(); v.Verdict != VerdictOK || len(v.Acknowledged) != len(known) || v.Coverage.MACTo != v.Size {
		t.Fatalf("%s: acknowledged, and still %s: %v", what, v.Verdict, v.Findings)
	}
}
