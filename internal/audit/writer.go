package audit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"kai/internal/audit/event"
	"kai/internal/durable"
)

// writer is one append: where the log ends, and what is to be added. It exists under the lock.
type writer struct {
	l *Log
	mark
	written mark // what is on the disk

	// file is the last segment, none before the first event. It, stateFile and treeFile were opened for
	// reading and are for writing; the latter two are none where they have to be made.
	file, stateFile, treeFile kept
	committed                 bool

	pending []byte     // lines that are not written yet
	hashes  [][32]byte // of the tree, from leaf treeFrom on
	from    uint64
	done    []Appended
	hasher  hasher
	buf     [4096]byte // for what is read at the beginning: the last line, then the end of the tree

	sync      bool // the state must be durable: something was done, not only begun
	opened    bool // an epoch was opened: epoch.next must go
	vouched   bool // a memory knows the root
	recovered recovery
}

// mark is a position in the log.
type mark struct {
	st         state
	edge       edge
	lastMicros int64
	lastConfig string
}

// close wipes the key. Files of an append that came to its end are left to the next one.
func (w *writer) close() {
	clear(w.st.key[:])
	clear(w.written.st.key[:])
	for _, k := range []*kept{&w.file, &w.stateFile, &w.treeFile} {
		if w.committed {
			w.l.keep(*k)
		} else {
			k.close()
		}
	}
}

// with is m with the key of its end, which no Log keeps.
func (m mark) with(key [32]byte) mark {
	m.st.key = key
	return m
}

func (w *writer) head() Head { return Head{w.l.info.LogID, w.st.n, w.edge.root()} }

// addOwn adds what the log has to say before anything else.
func (w *writer) addOwn() error {
	before := w.lastConfig // the events below have the new one
	if r := w.recovered; r.adopted > 0 || r.cut > 0 {
		d := event.Details{{Name: "adopted", Value: r.adopted}, {Name: "cut", Value: r.cut}}
		if err := w.add(Draft{Act: "audit.recovered", Outcome: event.OK, Details: d}); err != nil {
			return err
		}
	}
	if gap := w.l.opts.Gap; gap != nil {
		count, from, to, err := gap.Load()
		if err == nil && count > 0 {
			d := event.Details{
				{Name: "count", Value: count},
				{Name: "from", Value: from.UTC().Format(event.TimeLayout)},
				{Name: "to", Value: to.UTC().Format(event.TimeLayout)},
			}
			if err := w.add(Draft{Act: "audit.gap", Outcome: event.Fail, Details: d}); err != nil {
				return err
			}
		}
	}
	now := w.l.opts.Context.Config
	if now != "" && before != "" && now != before {
		d := event.Details{{Name: "new", Value: now}, {Name: "old", Value: before}}
		if err := w.add(Draft{Act: "config_changed", Outcome: event.OK, Details: d}); err != nil {
			return err
		}
		return w.followAuditors()
	}
	return nil
}

// followAuditors opens an epoch when those who may open it are others than those of the epoch now.
func (w *writer) followAuditors() error {
	recipients, err := w.l.opts.recipients()
	if err != nil {
		return err
	}
	for v, err := range w.l.Backward(context.Background(), w.written.st.n) {
		if errors.Is(err, ErrPruned) {
			break
		}
		if err != nil {
			return err
		}
		if act := string(v.Act); act != "audit.created" && !OpensEpoch(act) {
			continue
		}
		if string(event.RawMember(v.Details, "auditors")) == auditorsDigest(recipients) {
			return nil
		}
		break
	}
	return w.openEpoch("audit.epoch", nil)
}

// add puts one event behind those that are pending.
func (w *writer) add(d Draft) error {
	e, err := w.event(d)
	if err != nil {
		return err
	}
	begun := w.file.File != nil && uint64(w.st.seg)*w.l.info.Seg == w.st.n // and has no line yet
	if w.st.n%w.l.info.Seg == 0 && !begun {
		if err := w.newSegment(); err != nil {
			return err
		}
	}
	start := len(w.pending)
	b, err := e.AppendHead(w.pending)
	if errors.Is(err, event.ErrTooLarge) {
		if e.Details, err = w.l.moveDetails(e.N, e.Details); err == nil {
			b, err = e.AppendHead(w.pending)
		}
	}
	if err != nil {
		return err
	}
	leaf := w.hasher.record(append(b[start:], '}'))
	e.MAC = macOf(&w.st.key, &leaf)
	b = event.AppendMAC(b, e.MAC)
	line := slices.Clone(b[start:])
	w.pending = append(b, '\n')
	w.advance(&leaf, len(line)+1, e.Time.UnixMicro(), e.Context.Config)
	w.done = append(w.done, Appended{e, line, leaf})
	if e.Outcome != event.Begin {
		w.sync = true
	}
	return nil
}

// advance moves the end of the log behind a line.
func (w *writer) advance(leaf *[32]byte, size int, micros int64, config string) {
	w.st.key = evolve(&w.st.key, leaf)
	w.st.prev = *leaf
	w.st.n++
	w.st.segOff += uint64(size)
	w.hashes = w.edge.add(*leaf, w.hashes)
	w.lastMicros, w.lastConfig = micros, config
}

// event makes an event of a draft and holds it against the catalogue.
func (w *writer) event(d Draft) (event.Event, error) {
	row, ok := event.Lookup(d.Act)
	if !ok || d.Outcome > event.Deny {
		return event.Event{}, fmt.Errorf("%w: act %q", event.ErrCatalogue, d.Act)
	}
	e := event.Event{
		N: w.st.n, Severity: d.Severity, Type: row.Type, Act: d.Act, Outcome: d.Outcome,
		Source: w.l.opts.Source, Context: w.l.opts.Context, Details: tidy(d.Details),
	}
	if e.Severity == 0 {
		e.Severity = row.By[d.Outcome]
	}
	copy(e.Prev[:], w.st.prev[:16])
	if d.Agent != "" {
		e.Source.Agent = event.Outside(d.Agent)
	}
	if d.HasRef {
		e.Context.Ref, e.Context.HasRef = d.Ref, true
	}
	micros := w.l.opts.Now().UnixMicro()
	if back := w.lastMicros - micros; back > 0 {
		micros, e.Context.SkewMS = w.lastMicros, back/1000
	}
	e.Time = time.UnixMicro(micros).UTC()
	return e, e.Check()
}

// tidy puts details in order and makes their strings UTF-8.
func tidy(d event.Details) event.Details {
	d = slices.Clone(d)
	slices.SortStableFunc(d, func(a, b event.Member) int { return strings.Compare(a.Name, b.Name) })
	for i := range d {
		switch v := d[i].Value.(type) {
		case string:
			d[i].Value = strings.ToValidUTF8(v, "\ufffd")
		case []any:
			v = slices.Clone(v)
			for k, element := range v {
				if s, ok := element.(string); ok {
					v[k] = strings.ToValidUTF8(s, "\ufffd")
				}
			}
			d[i].Value = v
		}
	}
	return d
}

// newSegment begins the segment of the next event, and closes the one before.
func (w *writer) newSegment() error {
	if w.st.n > 0 {
		if err := w.flush(); err != nil {
			return err
		}
		w.sealSegment()
	}
	name := segmentName(w.st.n)
	f, err := w.l.dir.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) { // made by a process that was killed before it wrote
		if f, err = openPrivate(w.l.dir, name, os.O_RDWR); err == nil {
			err = emptySegment(f, w.st.n)
		}
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = w.l.dir.SyncDir("seg")
	}
	if err != nil {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
		return fmt.Errorf("audit log: %s: %w", name, err)
	}
	w.file.close()
	w.file = kept{File: f}
	w.st.seg, w.st.segOff = uint32(w.st.n/w.l.info.Seg), 0
	w.written.st.seg, w.written.st.segOff = w.st.seg, 0
	w.sync = true
	return nil
}

// emptySegment refuses a segment of events that the log does not have.
func emptySegment(f durable.File, n uint64) error {
	info, err := f.Stat()
	if err == nil && info.Size() > 0 {
		err = &TamperError{N: n, Check: CheckSegment, Text: "a segment with events is where none can be"}
	}
	return err
}

// sealSegment takes the rights to write from the segment that is full, as well as can be.
func (w *writer) sealSegment() {
	name := segmentName(uint64(w.st.seg) * w.l.info.Seg)
	if f, err := w.l.dir.OpenFile(name, os.O_RDONLY, 0); err == nil {
		_ = f.Seal()
		_ = f.Close()
	}
}

// flush writes what is pending and makes it durable. After an error the log ends where it ended
// before.
func (w *writer) flush() error {
	if len(w.pending) == 0 {
		w.written = w.mark
		return nil
	}
	offset := int64(w.written.st.segOff)
	n, err := w.file.WriteAt(w.pending, offset)
	if err == nil && n < len(w.pending) {
		err = errors.New("short write")
	}
	if err != nil {
		if back := w.file.Truncate(offset); back != nil {
			w.l.dead = err
		}
		return fmt.Errorf("audit log: %w", err)
	}
	if err := w.file.SyncData(); err != nil {
		// What is on the disk now is unknown, and asking again would not tell.
		_ = w.file.Truncate(offset)
		w.l.dead = err
		return fmt.Errorf("audit log: %w", err)
	}
	w.pending = w.pending[:0]
	w.written = w.mark
	return nil
}

// writeState writes the state to the file that it was read from, or makes one.
func (w *writer) writeState() error {
	if w.stateFile.File != nil {
		return writeStateTo(w.stateFile, &w.st, w.sync)
	}
	return writeState(w.l.dir, &w.st, w.sync)
}

// commit writes everything: lines, tree, state, memories, in this order. Were the state written
// before the lines are durable, a power cut would look like a cut of the tail.
func (w *writer) commit() error {
	if err := w.flush(); err != nil {
		return err
	}
	if len(w.hashes) > 0 {
		// Derived from the lines, so a failure here, of a full disk above all, loses nothing.
		if w.treeFile.File != nil {
			_ = writeHashes(w.treeFile, w.from, w.hashes)
		} else {
			_ = tree{w.l.dir}.write(w.from, w.hashes)
		}
		w.hashes, w.from = w.hashes[:0], w.st.n
	}
	if err := w.writeState(); err != nil {
		w.l.dead = err
		return err
	}
	if w.opened {
		if err := dropNext(w.l.dir); err != nil {
			return err
		}
		w.opened = false
	}
	head := w.head()
	for _, m := range w.l.opts.Memories {
		_ = m.Store(head)
	}
	if w.l.opts.Gap != nil && slices.ContainsFunc(w.done, func(a Appended) bool { return a.Event.Act == "audit.gap" }) {
		if err := w.l.opts.Gap.Clear(); err != nil {
			return err
		}
	}
	if w.sync { // what only begins is soon followed by its outcome
		w.keepReserve()
	}
	w.committed = true
	w.l.end = w.mark.with([32]byte{})
	return nil
}
