package vault

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"kai/internal/canon"
	"kai/internal/vault/fields"
	"kai/internal/vault/objectid"
	"kai/internal/vault/vlog"
)

// Change is one thing that a commit does.
type Change struct {
	Type vlog.Type // vlog.Put, vlog.Del or vlog.Meta
	// Meta has path, kind, scope and what else the caller says; path, clock, parents and version are
	// filled in.
	Meta Meta
	// Fields are the value of a PUT.
	Fields []fields.Field
	// New refuses a path that exists; IfVersion, when not 0, one whose version is another.
	New       bool
	IfVersion uint64
	// Of is the version a META is about; nil is the current one.
	Of *Version
	// Resolve lets a PUT or DEL replace versions that are in conflict.
	Resolve bool
}

// Committed is what a commit has added, for the log of events.
type Committed struct {
	Namespace objectid.ID
	Record    RecordID // of the checkpoint
	Gen       uint64
	Chain     vlog.Chain
	Versions  []uint64 // of each change
	// Epoch is that of a new key, if the namespace got one because the one before is used up; otherwise 0.
	Epoch uint32
}

// Commit makes changes durable, all or none, and says what is now the newest of this device's log.
//
// Errors are ErrReadOnly, ErrExists, ErrConflict, ErrNotFound, ErrTooLarge, ErrDenied, *UsedUpError,
// those of reading and those of the file system.
func (s *Space) Commit(ctx context.Context, changes []Change) (*Committed, error) {
	if s.keys.device == nil {
		return nil, ErrReadOnly
	}
	held, err := s.v.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer held.Unlock()
	return s.commit(changes)
}

// commit is Commit with the lock held.
func (s *Space) commit(changes []Change) (*Committed, error) {
	w, err := s.beginCommit()
	if err != nil {
		return nil, err
	}
	defer w.inner.wipe()
	known, err := s.known(changes)
	if err != nil {
		return nil, err
	}
	w.left = s.left()
	if err := w.fits(len(changes)); err != nil {
		return nil, err
	}
	var versions []uint64
	for i := range changes {
		version, err := w.add(&changes[i], known[changes[i].Meta.Path])
		if err == nil {
			err = w.flush(flushSize)
		}
		if err != nil {
			return nil, w.abort(err)
		}
		versions = append(versions, version)
	}
	out, err := w.committed()
	if err != nil {
		return nil, err
	}
	out.Versions = versions
	s.indexAfter(len(changes))
	return out, nil
}

// indexAfter keeps the index near the end of the logs, for who only writes: reading tries so too, and
// cannot while we hold the lock.
func (s *Space) indexAfter(written int) {
	if s.tail += written; s.tail <= indexTail {
		return
	}
	s.view = nil
	if err := s.writeIndex(); err != nil {
		s.v.opts.warnf("index of namespace %s: %v", s.name, err)
	}
	s.view, s.tail = nil, 0
}

// beginCommit checks that this device may write, as things are now, and finds the place. The lock is
// held.
func (s *Space) beginCommit() (*writer, error) {
	if s.unsure != nil {
		return nil, fmt.Errorf("namespace %s: writing: %w", s.name, s.unsure)
	}
	if err := s.refresh(); err != nil {
		return nil, err
	}
	cert, err := s.v.Device(s.keys.device.id)
	if errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("this device was not added to the vault: %w", ErrDenied)
	}
	if err != nil {
		return nil, err
	}
	may, err := s.v.mayWrite(s.policy, cert, s.v.manifest.Roles)
	if err != nil {
		return nil, err
	}
	if cert.Removed || !may {
		return nil, fmt.Errorf("namespace %s: writing: %w", s.name, ErrDenied)
	}
	if s.stands() {
		return s.nextWriter()
	}
	s.view = nil // others may have written
	return s.newWriter()
}

// committed ends the commit.
func (w *writer) committed() (*Committed, error) {
	end, err := w.finish()
	if err != nil {
		return nil, err
	}
	s := w.s
	w.advance(end)
	out := &Committed{
		Namespace: s.id, Record: RecordID{s.keys.device.id, end.Next - 1}, Gen: end.generation, Chain: end.Chain,
	}
	if w.renewed {
		out.Epoch = w.epoch
	}
	s.v.tell(out)
	return out, nil
}

// refresh takes into account what others have changed of the vault since it was opened: nothing is
// written for who has lost access meanwhile.
func (s *Space) refresh() error {
	if err := s.v.refresh(s.keys); err != nil {
		return err
	}
	p, err := s.v.Policy(s.id)
	if err != nil {
		return err
	}
	s.policy = p
	return nil
}

// known is what the logs say of the paths that change.
func (s *Space) known(changes []Change) (map[string]*item, error) {
	known := map[string]*item{}
	if len(changes) > indexTail/4 {
		return s.items()
	}
	for i := range changes {
		p := changes[i].Meta.Path
		if known[p] != nil {
			continue
		}
		it, err := s.find(p)
		if err != nil {
			return nil, err
		}
		known[p] = it
	}
	return known, nil
}

// writer appends one commit to this device's log.
type writer struct {
	s     *Space
	file  logName
	b     *vlog.Builder
	from  vlog.Position
	fresh bool // a new file
	named bool // its name is known to be durable
	now   time.Time
	last  clock
	added map[string]*item
	// own is the log that is gone on with, if one is; versions are what was added then.
	own      *deviceLog
	versions []*Version
	epoch    uint32
	// left is how many records may still be sealed under the key of epoch, and renewed says that the
	// commit has begun it.
	left    uint64
	renewed bool
	out     *writing // nil until something is written
	// offset is where the commit begins in it.
	offset int64
	meta   []byte // of the change that is being added
	value  []byte // likewise; wiped
	sealed []byte // likewise
	inner  *innerLayer
}

// add seals one change.
func (w *writer) add(c *Change, known *item) (version uint64, err error) {
	s := w.s
	if known == nil {
		known = &item{}
	}
	if it := w.added[c.Meta.Path]; it != nil {
		known = it
	}
	current := known.current()
	if err := w.allowed(c, current); err != nil {
		return 0, err
	}
	m := c.Meta
	if err := m.check(); err != nil {
		return 0, fmt.Errorf("%s/%.80q: %w", s.name, m.Path, err)
	}
	if err := w.room(); err != nil {
		return 0, err
	}
	m.Was = "" // of the version it was copied from, if that was compacted
	parents, newest, last := known.parents()
	m.Parents, m.Version = parents, min(newest+1, canon.MaxInteger)
	w.last = max(w.last, last).next(w.now)
	m.HLC, m.Updated = w.last.String(), w.now.Unix()
	if m.Created == 0 {
		m.Created = m.Updated
		if current != nil && !current.Deleted {
			m.Created = current.Created
		}
	}
	d := vlog.Draft{Type: c.Type, Epoch: w.epoch}
	switch c.Type {
	case vlog.Put:
		err = w.sealValue(&d, &m, c.Fields)
	case vlog.Meta:
		of := c.Of
		if of == nil {
			of = current
		}
		m.Of, m.Parents, m.Version, m.Kind, m.Scope = of.Record.String(), nil, of.Version, of.Kind, of.Scope
		d.Epoch = w.epoch
	case vlog.Del:
		m.Fields = nil
	}
	if err != nil {
		return 0, err
	}
	defer clear(d.Value)
	if w.meta, err = appendMeta(w.meta[:0], &m); err != nil {
		return 0, fmt.Errorf("%s/%.80q: %w: %w", s.name, m.Path, ErrMalformed, err)
	}
	if err := readable(w.meta); err != nil {
		return 0, fmt.Errorf("%s/%.80q: %w", s.name, m.Path, err)
	}
	d.Meta = w.meta
	if d.MetaKey, err = s.metaKey(w.epoch); err != nil {
		return 0, err
	}
	placed, err := w.b.Add(&d, s.v.opts.Random)
	if errors.Is(err, vlog.ErrTooLarge) {
		err = fmt.Errorf("%s/%s: %w", s.name, m.Path, ErrTooLarge)
	}
	if err != nil {
		return 0, err
	}
	next := &item{heads: slices.Clone(known.heads), notes: maps.Clone(known.notes)}
	v := &Version{
		Meta: m, Record: RecordID{w.file.dev, placed.Sequence}, kind: c.Type, Deleted: c.Type == vlog.Del, Epoch: w.epoch,
		flags: d.Flags, sequence: placed.Sequence,
		at: location{offset: w.begins() + placed.Offset, size: placed.Size, check: [checkSize]byte(placed.Chain[:])},
	}
	next.add(v, c.Type)
	w.added[m.Path] = next
	if w.own != nil {
		w.versions = append(w.versions, v)
	}
	return m.Version, nil
}

// allowed checks the conditions of a change.
func (w *writer) allowed(c *Change, current *Version) error {
	exists := current != nil && !current.Deleted
	name := w.s.name + "/" + c.Meta.Path
	switch {
	case c.New && exists:
		return fmt.Errorf("%s: %w", name, ErrExists)
	case c.IfVersion != 0 && (!exists || current.Version != c.IfVersion):
		return fmt.Errorf("%s: %w", name, ErrConflict)
	case c.Type != vlog.Put && !exists && c.Of == nil:
		return fmt.Errorf("%s: %w", name, ErrNotFound)
	}
	return nil
}

// sealValue prepares the value of a PUT.
func (w *writer) sealValue(d *vlog.Draft, m *Meta, list []fields.Field) error {
	s := w.s
	m.Fields = nil
	for _, f := range list {
		m.Fields = append(m.Fields, f.Name)
	}
	slices.Sort(m.Fields)
	size, err := fields.Size(list)
	if err == nil {
		if cap(w.value) < size {
			w.value = make([]byte, size)
		}
		w.value, err = fields.Append(w.value[:0], list)
	}
	if err != nil {
		return fmt.Errorf("%s/%s: %w", s.name, m.Path, err)
	}
	if d.ValueKey, err = s.valueKey(w.epoch, m.Kind, m.Scope); err != nil {
		return err
	}
	d.Value = w.value
	if m.Kind == KindCredentials {
		d.Flags = vlog.FlagInner
		defer clear(w.value)
		key, err := w.inner.aead(w.epoch)
		if err != nil {
			return err
		}
		if w.sealed, err = s.appendInner(w.sealed[:0], key, m, s.v.opts.Random, w.value); err != nil {
			return err
		}
		d.Value = w.sealed
	}
	return nil
}

// begins is where the output begins in its file: a new one has its header in it.
func (w *writer) begins() int64 {
	if w.fresh {
		return 0
	}
	return w.from.Offset
}

// openFile opens the file that is appended to.
func (w *writer) openFile() error {
	if w.out != nil {
		return nil
	}
	name := spaceFile(w.s.id, w.file)
	w.offset = w.begins()
	flag := os.O_RDWR
	if w.fresh {
		flag |= os.O_CREATE
	}
	out := &w.s.v.log
	size, err := w.s.v.openWriting(out, name, flag)
	if err == nil && w.fresh && size >= vlog.HeaderSize {
		// Records: what a new file finds under its name is at most the beginning of a header.
		err = fileError(name, ErrTampered)
	}
	if err != nil {
		out.close()
		return err
	}
	w.out = out
	return nil
}

// flush writes what was added, when it is more than least: a small commit is one write, and a large
// one is not held in memory. Until a checkpoint follows, it does not count.
func (w *writer) flush(least int) error {
	if len(w.b.Bytes()) <= least {
		return nil
	}
	if err := w.openFile(); err != nil {
		return err
	}
	if _, err := w.out.WriteAt(w.b.Bytes(), w.offset+w.b.Written()); err != nil {
		return err
	}
	w.b.Flushed()
	return nil
}

// abort takes back what was written: it was acknowledged to nobody. After a failed sync only the next
// process, which reads what is there, knows more.
func (w *writer) abort(err error) error {
	if w.out == nil {
		return err
	}
	w.s.view = nil
	defer w.out.close() // after a failed sync nobody asks this descriptor again
	return errors.Join(err, w.out.Truncate(w.offset))
}

// finish ends the commit: one sync.
func (w *writer) finish() (place, error) {
	s := w.s
	w.b.AddCheckpoint(s.keys.device.private(), uint64(w.now.UnixMilli()))
	err := w.flush(0)
	if err == nil {
		err = w.out.SyncData()
	}
	if err != nil {
		return place{}, w.abort(err)
	}
	if !w.named { // new, or made by a process that died before it came here
		if err := s.v.dir.SyncDir(s.dir()); err != nil {
			return place{}, err
		}
	}
	end := place{w.file.generation, w.file.first, vlog.Position{
		Offset: w.offset + w.b.Written(), Next: w.b.Next(), Chain: w.b.Chain(),
	}}
	// The commit is durable: that it is not remembered does not undo it.
	if err := s.v.remember(s.keys, seenPlace(logID{s.id, w.file.dev}, end)); err != nil {
		s.v.opts.warnf("what was written is not remembered: %v", err)
	}
	return end, nil
}
