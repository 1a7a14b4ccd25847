package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"kai/internal/audit/checkpoint"
	"kai/internal/durable"
)

// VerifyOptions say how much is verified, and with what.
type VerifyOptions struct {
	// Identities open the keys of epochs.
	Identities []age.Identity
	// Public leaves the MACs out, so that no key is needed.
	Public bool
	// Quick takes what the newest signed checkpoint covers from the tree, which must give the root
	// that was signed, and reads only the lines behind it.
	Quick bool
	// Log are the keys that sign checkpoints of this log. With none, the keys that the log itself
	// names are believed.
	Log []*checkpoint.Verifier
	// Witnesses are the keys whose cosignatures count.
	Witnesses []*checkpoint.Verifier
	// Workers is how many lines are read at once; at least 1.
	Workers int
	// Progress is told how many events are done; nil for nobody.
	Progress func(done, total uint64)
}

// Verify checks everything that can be checked: each line's syntax, number, hash chain, MAC and
// time, segments, epochs, the tree, checkpoints, the end against the state, and the head against
// memories and anchors. The tree is made anew where it is wrong and the lines are right.
//
// What is wrong with the log is in the Verification. Errors are ErrNoKey when an epoch cannot be
// opened and Public is not set, ErrPermission, durable.ErrLocked, and those of the file system.
func (l *Log) Verify(ctx context.Context, o VerifyOptions) (*Verification, error) {
	v, err := l.snapshot(ctx, o)
	if err != nil {
		return nil, err
	}
	err = v.readLines(ctx)
	if errors.Is(err, errLeap) {
		o.Quick = false
		return l.Verify(ctx, o)
	}
	if err != nil {
		return nil, err
	}
	v.checkTail()
	v.checkRedactions()
	v.checkCheckpoints()
	v.checkMemories()
	v.checkAnchors()
	return v.finish(ctx)
}

// verifier is one run of Verify.
type verifier struct {
	l       *Log
	o       VerifyOptions
	out     Verification
	limit   map[Check]bool // checks that have failed and say nothing more
	st      state
	lost    bool
	badEnd  *TamperError     // what is wrong with the state's end of the log
	sizes   map[uint64]int64 // of segments
	firsts  []uint64
	notes   []signedNote
	anchors []Anchor
	heads   []remembered

	roots    map[uint64][32]byte // at the sizes that something else speaks of; nil until reached
	wanted   []uint64            // those sizes, ascending
	chain    chain
	epochs   map[uint32][]EpochFile
	keys     []*checkpoint.Verifier // that events of the log name
	acked    map[uint64]uint64      // position → the first event behind it that acknowledges it
	redacted map[uint64]bool        // events whose details are not there; true once an event says so
	cpTimes  map[uint64]time.Time
	treeGood bool
}

// signedNote is a checkpoint in its file.
type signedNote struct {
	name string
	note *checkpoint.Note
}

// remembered is what a memory says.
type remembered struct {
	memory string
	head   Head
}

// snapshot reads, while nobody appends, everything that says where the log ends.
func (l *Log) snapshot(ctx context.Context, o VerifyOptions) (*verifier, error) {
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	held, err := l.dir.RLock(ctx, lockFile, lockPoll)
	if err != nil {
		return nil, err
	}
	defer held.Unlock()
	v := &verifier{
		l: l, o: o, limit: map[Check]bool{}, sizes: map[uint64]int64{}, roots: map[uint64][32]byte{},
		epochs: map[uint32][]EpochFile{}, redacted: map[uint64]bool{}, acked: map[uint64]uint64{}, cpTimes: map[uint64]time.Time{}, treeGood: true,
	}
	v.o.Workers = max(1, o.Workers)
	v.out.End = "ok"
	v.st, err = readState(l.dir)
	if v.lost = errors.Is(err, errStateLost); v.lost {
		v.out.End = "state_lost"
	} else if err != nil {
		return nil, err
	}
	if err := v.listSegments(); err != nil {
		return nil, err
	}
	if err := v.readEnd(); err != nil {
		return nil, err
	}
	if err := v.openEpochs(); err != nil {
		return nil, err
	}
	if err := v.readNotes(); err != nil {
		return nil, err
	}
	if v.anchors, err = l.Anchors(); err != nil {
		v.find(Finding{Check: CheckAnchor, Text: err.Error()})
	}
	for _, m := range l.opts.Memories {
		if head, ok, err := m.Load(l.info.LogID); err == nil && ok {
			v.heads = append(v.heads, remembered{m.Name(), head})
		}
	}
	v.wantRoots()
	return v, nil
}

// find adds a finding.
func (v *verifier) find(f Finding) {
	if len(v.out.Findings) >= maxFindings {
		v.out.More = true
		return
	}
	v.out.Findings = append(v.out.Findings, f)
}

// findAt adds a finding about event n.
func (v *verifier) findAt(n uint64, check Check, text string) {
	first := n / v.l.info.Seg * v.l.info.Seg
	v.find(Finding{N: n, Segment: first, Line: int(n-first) + 1, Check: check, Text: text, Place: true})
}

func (v *verifier) listSegments() error {
	firsts, err := v.l.segments()
	if err != nil {
		return err
	}
	for _, first := range firsts {
		info, err := v.l.dir.Lstat(segmentName(first))
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() || othersMay(info.Mode()) {
			return fmt.Errorf("audit log: %s: %w", segmentName(first), ErrPermission)
		}
		v.sizes[first] = info.Size()
	}
	archived, err := v.l.archived()
	if err != nil {
		return err
	}
	v.firsts = append(firsts, archived...)
	slices.Sort(v.firsts)
	v.firsts = slices.Compact(v.firsts)
	return nil
}

// openEpochs reads the epochs' files.
func (v *verifier) openEpochs() error {
	numbers, err := epochNumbers(v.l.dir) // event 0 says when there is none
	if err != nil {
		return err
	}
	for _, e := range numbers {
		if v.epochs[e], err = readEpoch(v.l.dir, e); err != nil {
			return err
		}
	}
	return nil
}

// readNotes reads all checkpoints that are there.
func (v *verifier) readNotes() error {
	entries, err := v.l.dir.ReadDir("checkpoints")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	names := []string{checkpointFile}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".note") && !durable.IsTemp(e.Name()) {
			names = append(names, path.Join("checkpoints", e.Name()))
		}
	}
	for _, name := range names {
		data, err := readPrivate(v.l.dir, name, maxSmallFile+1)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		note, err := checkpoint.ParseNote(data) // which refuses what is longer
		switch {
		case err != nil:
			v.find(Finding{Check: CheckCheckpoint, Text: name + ": " + err.Error()})
		case note.Claimed().Origin != v.l.info.Origin:
			v.find(Finding{Check: CheckCheckpoint, Text: name + ": of another log"})
		case name != checkpointFile && name != checkpointName(note.Claimed().Size):
			v.find(Finding{Check: CheckCheckpoint, Text: fmt.Sprintf("%s: of %d events", name, note.Claimed().Size)})
		default:
			v.notes = append(v.notes, signedNote{name, note})
		}
	}
	return nil
}

// wantRoots collects the sizes at which something knows the root.
func (v *verifier) wantRoots() {
	for _, n := range v.notes {
		v.wanted = append(v.wanted, n.note.Claimed().Size)
	}
	for _, a := range v.anchors {
		v.wanted = append(v.wanted, a.N)
	}
	for _, h := range v.heads {
		v.wanted = append(v.wanted, h.head.N)
	}
	slices.Sort(v.wanted)
	v.wanted = slices.Compact(v.wanted)
}

// checkTail compares the end of the lines with the state.
func (v *verifier) checkTail() {
	c := &v.chain
	v.out.Size, v.out.Root = c.edge.size, c.edge.root()
	if v.lost {
		return
	}
	switch {
	case v.st.n == 0 && (v.st.segOff != 0 || v.st.seg != 0):
		v.find(Finding{Check: CheckTail, Text: fmt.Sprintf("state says no events in %d bytes of segment %d", v.st.segOff, v.st.seg)})
	case c.edge.size < v.st.n:
		v.find(Finding{N: c.edge.size, Check: CheckTail, Text: fmt.Sprintf("state says %d events, log has %d", v.st.n, c.edge.size)})
	case c.atState == nil:
		// Beyond a missing segment nothing can be said of the state.
	case c.atState.prev != v.st.prev:
		v.find(Finding{N: v.st.n, Check: CheckTail, Text: "state knows another last event"})
	case c.atState.keyKnown && (c.atState.key != v.st.key || c.atState.epoch != v.st.epoch):
		v.find(Finding{N: v.st.n, Check: CheckTail, Text: "state key does not match"})
	}
	if v.badEnd != nil && len(v.out.Findings) == 0 { // else an append is refused for what was found
		v.find(Finding{N: v.badEnd.N, Check: v.badEnd.Check, Text: v.badEnd.Text})
	}
	if more := c.edge.size - min(c.edge.size, v.st.n); more > 0 && len(v.out.Findings) == 0 {
		v.out.Notes = append(v.out.Notes, fmt.Sprintf("%d events were written by a process that did not end well; the next append records that", more))
	}
	if c.torn > 0 {
		v.out.Notes = append(v.out.Notes, fmt.Sprintf("%d bytes of an unfinished line at the end; the next append removes them", c.torn))
	}
}

// readEnd looks whether the state says where its last line ends. A log to which nothing could be
// appended is no whole one.
func (v *verifier) readEnd() error {
	w := &writer{l: v.l, mark: mark{st: v.st}}
	defer w.close()
	err := w.openSegment()
	if err == nil {
		err = w.readLast()
	}
	if errors.As(err, &v.badEnd) {
		return nil
	}
	return err
}

// checkMemories compares the head with what is remembered of it.
func (v *verifier) checkMemories() {
	head := Head{v.l.info.LogID, v.out.Size, v.out.Root}
	for _, r := range v.heads {
		text, err := r.head.against(head, v.rootAt)
		if err == nil && text != "" {
			v.find(Finding{Check: CheckMemory, Text: r.memory + ": " + text})
		}
	}
}

// rootAt is the root at a size that was wanted. Where no line was read, nobody knows it.
func (v *verifier) rootAt(n uint64) ([32]byte, error) {
	root, ok := v.roots[n]
	if !ok {
		return root, errShort
	}
	return root, nil
}

// finish weighs the findings, and makes a wrong tree anew.
func (v *verifier) finish(ctx context.Context) (*Verification, error) {
	v.acknowledge()
	v.out.Unsigned = v.out.Size - min(v.out.Size, v.out.Coverage.SignedTo)
	v.out.Verdict = VerdictOK
	if v.lost {
		v.out.Verdict = VerdictIncomplete
	}
	for _, f := range v.out.Findings {
		if !f.Acknowledged {
			v.out.Verdict = VerdictTampered
		}
	}
	if v.out.Verdict == VerdictTampered || v.treeGood {
		return &v.out, nil
	}
	held, err := v.l.take(ctx)
	if err != nil {
		return nil, err
	}
	defer held.Unlock()
	size, err := v.l.Size()
	if err != nil {
		return nil, err
	}
	if _, err := v.l.rebuildTree(size); err != nil {
		return nil, err
	}
	v.out.Notes = append(v.out.Notes, "tree: rebuilt from the lines, which are right")
	return &v.out, nil
}

// acknowledge marks the findings that the owner has signed for: an event says so, and a signed
// checkpoint covers the event.
func (v *verifier) acknowledge() {
	for i := range v.out.Findings {
		f := &v.out.Findings[i]
		if by, ok := v.acked[f.N]; ok && f.Check == CheckEpoch && !f.Place && by < v.out.Coverage.SignedTo {
			f.Acknowledged = true
			v.out.Acknowledged = append(v.out.Acknowledged, f.N)
		}
	}
}

// openFile opens one of the log's files for reading.
func (v *verifier) openFile(name string) (durable.File, error) {
	return openPrivate(v.l.dir, name, os.O_RDONLY)
}

// readPrivate reads a file that openPrivate opens; of a longer one than limit, the first limit bytes.
func readPrivate(d *durable.Dir, name string, limit int64) ([]byte, error) {
	f, err := openPrivate(d, name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("audit log: %s: %w", name, err)
	}
	return data, nil
}
