package audit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/audit/event"
)

// recovery is what the append before has left undone.
type recovery struct {
	adopted int64 // events that were durable, and the state did not know
	cut     int64 // bytes of a line that was not
}

// begin looks at where the log ends, finishes what a killed process has left, and with ask holds
// the result against the memories.
func (l *Log) begin(ask bool) (*writer, error) {
	w := &writer{l: l}
	err := w.openState()
	if errors.Is(err, errStateLost) {
		w.close()
		return l.beginAnew("audit.state_lost", nil, ask)
	}
	if err == nil {
		err = w.continueSegment()
	}
	if err == nil && ask {
		err = w.askMemories()
	}
	if err == nil {
		err = w.checkEdge()
	}
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// openState reads the state, and keeps its file for the one that comes after.
func (w *writer) openState() error {
	f, err := w.l.openKept(stateFile)
	if errors.Is(err, fs.ErrNotExist) {
		return errStateLost
	}
	if err != nil {
		return err
	}
	w.stateFile = f
	w.st, err = readStateOf(f)
	w.from = w.st.n
	return err
}

func (w *writer) continueSegment() error {
	if err := w.openSegment(); err != nil {
		return err
	}
	known := w.goesOn()
	if known {
		w.mark = w.l.end.with(w.st.key)
	} else if err := w.readLast(); err != nil {
		return err
	}
	if err := w.loadEdge(known); err != nil {
		return err
	}
	if err := w.recover(); err != nil {
		return err
	}
	w.written = w.mark
	if known {
		return nil
	}
	return w.finishEpoch()
}

// goesOn reports whether the log ends where the append before of this Log left it, in the file that
// it wrote. Then there is nothing to finish, and the last event is known.
func (w *writer) goesOn() bool {
	return w.st.n > 0 && w.file.again && w.file.size == int64(w.st.segOff) && w.st.sameEnd(&w.l.end.st)
}

// openSegment opens the last segment and compares its size with the state.
func (w *writer) openSegment() error {
	if w.st.n == 0 {
		return nil
	}
	if want := (w.st.n - 1) / w.l.info.Seg; uint64(w.st.seg) != want {
		return &TamperError{N: w.st.n, Check: CheckTail, Text: fmt.Sprintf("state says %d events and segment %d", w.st.n, w.st.seg)}
	}
	first := uint64(w.st.seg) * w.l.info.Seg
	f, err := w.l.openLast(first)
	if errors.Is(err, fs.ErrNotExist) {
		return &TamperError{N: first, Check: CheckTail, Text: fmt.Sprintf("state says %d events, %s is missing", w.st.n, segmentName(first))}
	}
	if err != nil {
		return err
	}
	w.file = f
	if size := f.size; uint64(size) < w.st.segOff {
		return &TamperError{N: w.st.n, Check: CheckTail, Text: fmt.Sprintf("state says %d events in %d bytes, %s has %d bytes", w.st.n, w.st.segOff, segmentName(first), size)}
	}
	return nil
}

// openLast opens a segment to go on with it. One that is full was sealed, perhaps by a process that
// was killed before it said so; then there is nothing to write.
func (l *Log) openLast(first uint64) (kept, error) {
	name := segmentName(first)
	k, err := l.openKept(name)
	if errors.Is(err, fs.ErrPermission) {
		k, err = openNew(l.dir, name, os.O_RDONLY, "")
	}
	return k, err
}

// readLast reads the event before the end, for its time, and compares it with the state.
func (w *writer) readLast() error {
	if w.st.n == 0 {
		return nil
	}
	size := min(w.st.segOff, uint64(len(w.buf)))
	for {
		b := slices.Grow(w.buf[:0], int(size))[:size]
		if _, err := w.file.ReadAt(b, int64(w.st.segOff-size)); err != nil {
			return fmt.Errorf("audit log: %w", err)
		}
		line, ok := lastLine(b, size == w.st.segOff)
		if !ok && size < min(w.st.segOff, event.MaxLine+1) {
			size = min(w.st.segOff, event.MaxLine+1)
			continue
		}
		var v event.View
		if !ok || event.Scan(line, &v) != nil || w.hasher.line(line) != w.st.prev {
			return &TamperError{N: w.st.n - 1, Check: CheckTail, Text: "the last event is not the one that the state knows"}
		}
		w.lastMicros, w.lastConfig = v.Micros, string(event.RawMember(v.Context, "cfg"))
		return nil
	}
}

// lastLine is the line that b ends with; whole says that b is all there is.
func lastLine(b []byte, whole bool) ([]byte, bool) {
	if len(b) == 0 || b[len(b)-1] != '\n' {
		return nil, false
	}
	b = b[:len(b)-1]
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] == '\n' {
			return b[i+1:], true
		}
	}
	return b, whole
}

// loadEdge reads the tree's right edge, unless it is known and its file is the one that has it, or
// makes the tree anew from the lines.
func (w *writer) loadEdge(known bool) error {
	if w.st.n == 0 {
		return nil
	}
	f, err := w.l.openKept(treeFile)
	if errors.Is(err, fs.ErrNotExist) {
		return w.rebuild()
	}
	if err != nil {
		return err
	}
	w.treeFile = f
	if known && f.again && f.size == tlog.StoredHashCount(int64(w.st.n))*hashSize {
		return nil
	}
	end := newHashTail(f, w.st.n, w.buf[:])
	last, err := readHash(end, tlog.StoredHashIndex(0, int64(w.st.n)-1))
	if err == nil && last != w.st.prev {
		err = errShort
	}
	if err == nil {
		w.edge, err = readEdge(end, w.st.n)
	}
	if errors.Is(err, errShort) {
		return w.rebuild()
	}
	return err
}

// rebuild makes the tree anew; the file is another one then.
func (w *writer) rebuild() (err error) {
	w.treeFile.close()
	w.edge, err = w.l.rebuildTree(w.st.n)
	return err
}

// recover adopts complete lines behind the end that the state knows, whose MACs only the owner of
// the key can have made, and cuts off a line that is not complete. Without this a process that is
// killed between writing a line and writing the state would break the chain.
func (w *writer) recover() error {
	for w.file.File != nil || w.st.n == 0 {
		if w.file.File == nil {
			f, err := w.l.openLast(0)
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			w.file = f
		}
		if err := w.recoverSegment(); err != nil {
			return err
		}
		if w.st.n == 0 || w.st.n%w.l.info.Seg != 0 {
			return nil
		}
		f, err := w.l.openLast(w.st.n)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if f.size == 0 {
			return f.Close()
		}
		w.sealSegment()
		w.file.close()
		w.file = f
		w.st.seg, w.st.segOff = uint32(w.st.n/w.l.info.Seg), 0
	}
	return nil
}

// recoverSegment reads on where the state ends.
func (w *writer) recoverSegment() error {
	rest := w.file.size - int64(w.st.segOff)
	if rest == 0 {
		return nil
	}
	in := newLines(io.NewSectionReader(w.file, int64(w.st.segOff), rest), int64(w.st.segOff), 64<<10)
	for {
		line, _, err := in.next()
		switch {
		case err == io.EOF:
			return w.syncAdopted()
		case err == errTorn && len(line) < event.MaxLine:
			return w.cutTorn(int64(len(line)))
		case err != nil && err != errTorn:
			return fmt.Errorf("audit log: %w", err)
		case err == errTorn || w.st.n == (uint64(w.st.seg)+1)*w.l.info.Seg: // a line too long, or too many
			return &TamperError{N: w.st.n, Check: CheckSegment, Text: "more in the segment than belongs there"}
		}
		if err := w.adopt(line); err != nil {
			return err
		}
	}
}

// syncAdopted makes lines durable whose writer may have been killed before it did: a segment may
// follow, and the state will say that they are there.
func (w *writer) syncAdopted() error {
	if err := w.file.SyncData(); err != nil {
		w.l.dead = err
		return fmt.Errorf("audit log: %w", err)
	}
	return nil
}

// adopt makes a line the last event, if its MAC is right.
func (w *writer) adopt(line []byte) error {
	var v event.View
	if err := event.Scan(line, &v); err != nil {
		return &TamperError{N: w.st.n, Check: CheckSyntax, Text: err.Error()}
	}
	leaf := w.hasher.line(line)
	switch {
	case v.N != w.st.n:
		return &TamperError{N: w.st.n, Check: CheckSequence, Text: fmt.Sprintf("event %d in its place", v.N)}
	case v.Prev != [16]byte(w.st.prev[:16]):
		return &TamperError{N: w.st.n, Check: CheckPrev, Text: "does not follow the event before"}
	case v.MAC != macOf(&w.st.key, &leaf):
		return &TamperError{N: w.st.n, Check: CheckMAC, Text: "not made with the key of this log"}
	}
	w.advance(&leaf, len(line)+1, v.Micros, string(event.RawMember(v.Context, "cfg")))
	w.recovered.adopted++
	w.sync = true
	if string(v.Act) == "audit.epoch" {
		return w.adoptEpoch(&v)
	}
	return nil
}

// adoptEpoch takes the first key of the epoch that an adopted event has opened.
func (w *writer) adoptEpoch(v *event.View) error {
	n, ok, err := readNext(w.l.dir)
	if err != nil {
		return err
	}
	defer clear(n.key[:])
	if !ok || n.epoch != w.st.epoch+1 || string(event.RawMember(v.Details, "file")) != fmt.Sprintf("%x", n.sum) {
		return &TamperError{N: v.N, Check: CheckEpoch, Text: "the key of the epoch that it opens is missing"}
	}
	w.st.key, w.st.epoch = n.key, n.epoch
	w.opened = true
	return nil
}

// cutTorn removes a line that has no end: nobody was told that it is there.
func (w *writer) cutTorn(size int64) error {
	err := w.file.Truncate(int64(w.st.segOff))
	if err == nil {
		err = w.file.SyncData()
	}
	if err != nil {
		w.l.dead = err
		return fmt.Errorf("audit log: %w", err)
	}
	w.recovered.cut += size
	w.sync = true
	return nil
}

// finishEpoch removes epoch.next where its epoch is open, or never came to be.
func (w *writer) finishEpoch() error {
	if w.opened { // its event was adopted: the state has to be written first
		return nil
	}
	if _, err := w.l.dir.Lstat(nextFile); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if w.stateFile.File != nil { // its writer may have been killed before the state with that key was durable
		if err := w.stateFile.SyncData(); err != nil {
			w.l.dead = err
			return fmt.Errorf("audit log: state: %w", err)
		}
	}
	return dropNext(w.l.dir)
}

// askMemories refuses a log that is older than what is remembered.
func (w *writer) askMemories() error {
	head := w.head()
	rebuilt := false
	for _, m := range w.l.opts.Memories {
		known, ok, err := m.Load(head.LogID)
		if err != nil || !ok {
			continue
		}
		text, err := known.against(head, w.rootAt)
		if (err != nil || text != "") && !rebuilt && known.LogID == head.LogID && known.N <= head.N {
			// Before anybody is accused, the roots are computed from the lines themselves.
			rebuilt = true
			if err = w.rebuildAll(); err != nil {
				return err
			}
			head = w.head()
			text, err = known.against(head, w.rootAt)
		}
		if err != nil {
			return err
		}
		if text != "" {
			return &RollbackError{m.Name(), text}
		}
		w.vouched = w.vouched || known.N == head.N
	}
	return nil
}

// checkEdge makes a tree anew that has rotted where its root comes from. Nobody else would notice
// before a wrong root is told to the memories, and to others; a memory that knows this one does.
func (w *writer) checkEdge() error {
	if w.vouched || w.treeFile.File == nil {
		return nil
	}
	err := checkEdge(w.treeFile, w.from)
	if errors.Is(err, errShort) {
		return w.rebuildAll()
	}
	return err
}

// rebuildAll makes the tree anew, with the events that were adopted.
func (w *writer) rebuildAll() error {
	if err := w.rebuild(); err != nil {
		return err
	}
	w.hashes, w.from = w.hashes[:0], w.st.n
	w.written = w.mark
	return nil
}

// rootAt is the root of the log when it had n events.
func (w *writer) rootAt(n uint64) ([32]byte, error) {
	if n == w.st.n {
		return w.edge.root(), nil
	}
	if n > w.from { // adopted just now: the file does not have it yet
		return w.l.rootFromLines(n)
	}
	return w.l.rootFromTree(n)
}
