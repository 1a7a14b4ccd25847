package audit

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"kai/internal/audit/event"
)

// beginAnew begins an append to a log whose state is lost. The key of the next event is gone with
// it, so an epoch is opened, by an event of that act, whose first event cannot prove that it
// follows the one before: that is never silent. With ask the memories are asked.
func (l *Log) beginAnew(act string, details event.Details, ask bool) (*writer, error) {
	w := &writer{l: l}
	err := w.findEnd()
	if err == nil && ask {
		err = w.askMemories()
	}
	if err == nil {
		err = w.finishEpoch()
	}
	if err == nil {
		err = w.openEpoch(act, details)
	}
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// findEnd reads the last segment to find out where the log ends.
func (w *writer) findEnd() error {
	firsts, err := w.l.segments()
	if err != nil {
		return err
	}
	if len(firsts) > 0 {
		last := firsts[len(firsts)-1]
		if err := w.readSegment(last); err != nil {
			return err
		}
		if w.st.n == last && last > 0 { // begun, and nothing was written: it follows the one before
			if err := w.readBefore(last); err != nil {
				return err
			}
		}
	}
	if w.st.epoch, err = lastEpoch(w.l.dir, w.st.n); err != nil {
		return err
	}
	if err := w.syncFound(); err != nil {
		return err
	}
	if err := w.rebuild(); err != nil {
		return err
	}
	w.from, w.written = w.st.n, w.mark
	return nil
}

// syncFound makes the end durable that was found: whoever wrote it may not have come to that.
func (w *writer) syncFound() error {
	if w.file.File == nil {
		return nil
	}
	if err := w.syncAdopted(); err != nil {
		return err
	}
	return w.l.dir.SyncDir("seg")
}

// readSegment takes the end of a segment for the end of the log.
func (w *writer) readSegment(first uint64) error {
	f, err := w.l.openLast(first)
	if err != nil {
		return err
	}
	w.file = f
	w.st.n, w.st.seg, w.st.segOff = first, uint32(first/w.l.info.Seg), 0
	in := newLines(io.NewSectionReader(f, 0, 1<<62), 0, chunkSize)
	for {
		line, at, err := in.next()
		switch {
		case err == io.EOF:
			return nil
		case err == errTorn && len(line) < event.MaxLine:
			return w.cutTorn(int64(len(line)))
		case err == errTorn:
			return &TamperError{N: w.st.n, Check: CheckSyntax, Text: "line too long"}
		case err != nil:
			return fmt.Errorf("audit log: %w", err)
		}
		var v event.View
		if err := event.Scan(line, &v); err != nil {
			return &TamperError{N: w.st.n, Check: CheckSyntax, Text: err.Error()}
		}
		if v.N != w.st.n {
			return &TamperError{N: w.st.n, Check: CheckSequence, Text: fmt.Sprintf("event %d in its place", v.N)}
		}
		w.st.prev, w.st.n, w.st.segOff = w.hasher.line(line), v.N+1, uint64(at)+uint64(len(line))+1
		w.lastMicros, w.lastConfig = v.Micros, string(event.RawMember(v.Context, "cfg"))
	}
}

// readBefore takes what event n has to know of the one before it.
func (w *writer) readBefore(n uint64) error {
	before, err := w.l.Event(n - 1)
	if errors.Is(err, ErrNotFound) {
		return &TamperError{N: n - 1, Check: CheckTail, Text: segmentName(n) + " was begun, the event before it is missing"}
	}
	if err != nil {
		return err
	}
	w.st.prev = before.Leaf
	w.lastMicros, w.lastConfig = before.Event.Time.UnixMicro(), before.Event.Context.Config
	return nil
}

// NewEpoch opens an epoch: the keys of all events from here on can be opened by those who are
// Recipients now. The errors are those of Append.
func (l *Log) NewEpoch(ctx context.Context) (Receipt, error) {
	held, err := l.take(ctx)
	if err != nil {
		return Receipt{}, err
	}
	defer held.Unlock()
	return l.append(func(w *writer) error { return w.openEpoch("audit.epoch", nil) })
}

// chained reports whether the event that opens an epoch has a MAC by the key of the epoch before.
func chained(act string) bool { return act == "audit.epoch" }

// OpensEpoch reports whether events of an act open an epoch.
func OpensEpoch(act string) bool {
	return act == "audit.epoch" || act == "audit.state_lost" || act == "audit.repaired"
}

// openEpoch opens the next epoch with an event of that act. Sealing is not authentication: the
// event states the hash of the epoch's file, and audit.epoch proves it with the old key;
// otherwise a thief could cut the tail and open an epoch there.
//
// The order is what recovery relies on: the epoch's file, epoch.next, the event, the state, and
// epoch.next is wiped.
func (w *writer) openEpoch(act string, details event.Details) error {
	recipients, err := w.l.opts.recipients()
	if err == nil {
		err = w.flush()
	}
	if err != nil {
		return err
	}
	doc := epochDocument{Epoch: w.st.epoch + 1, LogID: w.l.info.LogID, N: w.st.n, Prev: text32(w.st.prev), V: 1}
	if _, err := io.ReadFull(w.l.opts.Random, doc.K0[:]); err != nil {
		return err
	}
	defer clear(doc.K0[:])
	name, file, err := sealEpoch(&doc, recipients)
	if err != nil {
		return err
	}
	for _, old := range []string{sealedName(doc.Epoch), clearName(doc.Epoch)} { // of an opening that was cut short
		if old == name {
			continue
		}
		if err := w.l.dir.Remove(old); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := w.l.dir.WriteFile(name, file, 0o600); err != nil {
		return err
	}
	sum := sha256.Sum256(file)
	n := next{doc.Epoch, doc.K0, sum}
	content := n.encode()
	defer clear(content)
	if err := w.l.dir.WriteFile(nextFile, content, 0o600); err != nil {
		return err
	}
	for _, m := range epochDetails(doc.Epoch, fmt.Sprintf("%x", sum), recipients) {
		details = details.With(m.Name, m.Value)
	}
	outcome := event.OK
	if !chained(act) {
		outcome = event.Fail
		w.st.key, w.st.epoch = doc.K0, doc.Epoch
	}
	if err := w.add(Draft{Act: act, Outcome: outcome, Details: details}); err != nil {
		return err
	}
	if chained(act) {
		w.st.key, w.st.epoch = doc.K0, doc.Epoch
	}
	w.opened, w.sync = true, true
	return nil
}
