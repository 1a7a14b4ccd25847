package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path"
	"strings"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/event"
	"kai/internal/audit/ulid"
	"kai/internal/canon"
	"kai/internal/durable"
)

// Repaired says what Repair has done.
type Repaired struct {
	At         uint64 // the log goes on behind this many events
	Quarantine string // where the rest lies, below the log's directory
	Receipt
}

// firstBad is where the log stops being what was written: the number of the first event that is
// not to be believed.
func (v *Verification) firstBad() (at uint64, check Check, found bool) {
	at = math.MaxUint64
	for _, f := range v.Findings {
		if f.Acknowledged || !f.Place && f.Check != CheckTail || f.Check == CheckEpoch && !f.Place {
			continue
		}
		if f.N < at {
			at, check, found = f.N, f.Check, true
		}
	}
	if !found && v.End == "state_lost" {
		return v.Size, CheckTail, true
	}
	return at, check, found
}

// Repair makes a log that was tampered with usable again. What is not to be believed, from the
// first bad event on, is moved to quarantine/ULID, with the state, and the checkpoints and anchors
// that speak of more events; nothing is deleted. Then an epoch is opened with the event
// audit.repaired. Verify goes on to tell of a possible cut there until the owner acknowledges it.
//
// found is what Verify has just returned. A log in which nothing is wrong is left alone: the
// result is the zero value.
func (l *Log) Repair(ctx context.Context, found *Verification) (Repaired, error) {
	at, check, bad := found.firstBad()
	if !bad {
		return Repaired{}, nil
	}
	held, err := l.take(ctx)
	if err != nil {
		return Repaired{}, err
	}
	defer held.Unlock()
	id, err := ulid.New(l.opts.Now(), l.opts.Random)
	if err != nil {
		return Repaired{}, err
	}
	q := &quarantine{l: l, dir: path.Join("quarantine", id)}
	if err := q.take(at); err != nil {
		return Repaired{}, err
	}
	details := event.Details{{Name: "at", Value: int64(at)}, {Name: "reason", Value: string(check)}}
	r, err := l.write(func() (*writer, error) { return l.beginAnew("audit.repaired", details, false) }, func(*writer) error { return nil })
	return Repaired{at, q.dir, r}, err
}

// quarantine moves files out of the log.
type quarantine struct {
	l   *Log
	dir string
}

// take moves everything from event n on. Were it interrupted, it could be done again.
func (q *quarantine) take(n uint64) error {
	for _, dir := range []string{"quarantine", q.dir} {
		if err := q.l.dir.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	firsts, err := q.l.segments()
	if err != nil {
		return err
	}
	for _, first := range firsts {
		switch {
		case first >= n:
			err = q.move(segmentName(first))
		case first+q.l.info.Seg > n:
			err = q.split(first, n)
		}
		if err != nil {
			return err
		}
	}
	if err := q.takeNotes(n); err != nil {
		return err
	}
	if err := q.takeAnchors(n); err != nil {
		return err
	}
	return q.move(stateFile)
}

// move moves a file; a missing one was moved already.
func (q *quarantine) move(name string) error {
	f, err := q.l.dir.OpenFile(name, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = errors.Join(f.Unseal(), f.Close())
	}
	if err != nil {
		return err
	}
	return q.l.dir.Rename(name, path.Join(q.dir, path.Base(name)))
}

// split moves the end of a segment, from the line where event n should be.
func (q *quarantine) split(first, n uint64) error {
	f, err := q.l.dir.OpenFile(segmentName(first), os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	offset, err := offsetOf(f, n-first)
	if err == nil {
		err = f.Unseal()
	}
	var rest []byte
	if err == nil {
		rest, err = io.ReadAll(io.NewSectionReader(f, offset, 1<<62))
	}
	if err = errors.Join(err, f.Close()); err != nil || len(rest) == 0 {
		return err
	}
	name := path.Join(q.dir, path.Base(segmentName(first)))
	if err := q.l.dir.WriteFile(name, rest, 0o600); err != nil {
		return err
	}
	return q.l.truncateSegment(first, offset)
}

// truncateSegment cuts a segment, sealed or not.
func (l *Log) truncateSegment(first uint64, offset int64) error {
	name := segmentName(first)
	f, err := l.dir.OpenFile(name, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrPermission) { // it was sealed: its owner may write a copy in its place
		return l.copySegment(name, offset)
	}
	if err != nil {
		return err
	}
	err = f.Truncate(offset)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (l *Log) copySegment(name string, size int64) error {
	f, err := l.dir.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	out, err := l.dir.Create(name, durable.CreateOptions{Mode: 0o600, Replace: true})
	if err != nil {
		return err
	}
	defer out.Abort()
	if _, err := io.Copy(out, io.NewSectionReader(f, 0, size)); err != nil {
		return err
	}
	return out.Commit()
}

// offsetOf is where the line with that index begins, whatever the lines hold.
func offsetOf(r io.ReaderAt, index uint64) (int64, error) {
	in := newLines(io.NewSectionReader(r, 0, 1<<62), 0, chunkSize)
	for {
		_, at, err := in.next()
		if err == io.EOF || err == errTorn || index == 0 {
			return at, nil
		}
		if err != nil {
			return 0, err
		}
		index--
	}
}

// takeNotes moves the checkpoints of more than n events, and puts the newest of the others in the
// place of the newest.
func (q *quarantine) takeNotes(n uint64) error {
	entries, err := q.l.dir.ReadDir("checkpoints")
	if err != nil {
		return err
	}
	newest := ""
	for _, e := range entries {
		name := path.Join("checkpoints", e.Name())
		switch {
		case !strings.HasSuffix(name, ".note"):
		case name > checkpointName(n):
			if err := q.move(name); err != nil {
				return err
			}
		case name > newest:
			newest = name
		}
	}
	data, err := q.l.CheckpointNote()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if note, err := checkpoint.ParseNote(data); err == nil && note.Claimed().Size <= n {
		return nil
	}
	if err := q.move(checkpointFile); err != nil || newest == "" {
		return err
	}
	if data, err = q.l.dir.ReadFile(newest, maxSmallFile); err != nil {
		return err
	}
	return q.l.dir.WriteFile(checkpointFile, data, 0o600)
}

// takeAnchors leaves out the anchors of more than n events.
func (q *quarantine) takeAnchors(n uint64) error {
	data, err := q.l.dir.ReadFile(anchorsFile, maxAnchors)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	anchors, err := q.l.Anchors()
	bad := err != nil
	var kept []byte
	for _, a := range anchors {
		if a.N > n {
			bad = true
			continue
		}
		text, err := canon.Marshal(a.line())
		if err != nil {
			return err
		}
		kept = append(append(kept, text...), '\n')
	}
	if !bad {
		return nil
	}
	if err := q.l.dir.WriteFile(path.Join(q.dir, anchorsFile), data, 0o600); err != nil {
		return err
	}
	return q.l.dir.WriteFile(anchorsFile, kept, 0o600)
}

// AcceptRollback makes the memories believe in the log as it is, after an old copy was restored on
// purpose. That is recorded as audit.rollback.
func (l *Log) AcceptRollback(ctx context.Context, reason string) (Receipt, error) {
	held, err := l.take(ctx)
	if err != nil {
		return Receipt{}, err
	}
	defer held.Unlock()
	known := event.Outside(l.memoriesSay())
	return l.write(func() (*writer, error) { return l.begin(false) }, func(w *writer) error {
		return w.add(Draft{Act: "audit.rollback", Outcome: event.OK, Details: event.Details{
			{Name: "n", Value: int64(w.st.n)}, {Name: "reason", Value: event.Outside(reason)}, {Name: "what", Value: known},
		}})
	})
}

// memoriesSay is what the memories know, in words.
func (l *Log) memoriesSay() string {
	var parts []string
	for _, m := range l.opts.Memories {
		if head, ok, err := m.Load(l.info.LogID); err == nil && ok {
			parts = append(parts, fmt.Sprintf("%s: log %s, %d events", m.Name(), head.LogID, head.N))
		}
	}
	return strings.Join(parts, "; ")
}
