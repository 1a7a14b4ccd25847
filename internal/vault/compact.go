package vault

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"kai/internal/durable"
	"kai/internal/vault/vlog"
)

// tombstoneLife is how long a deletion is remembered, for devices that have not heard of it.
const tombstoneLife = 90 * day

// CompactOptions say what a compaction leaves out.
type CompactOptions struct {
	// Drop is a deleted path of which no version stays.
	Drop string
	// Reencrypt seals everything under the newest keys; credentials need the user key.
	Reencrypt bool
}

// Compacted says what a compaction has done.
type Compacted struct {
	Kept, Dropped int // records
	Before, After int64
	Committed     *Committed
}

// Compact writes this device's log anew, as one file of the next generation, without the versions that
// nothing needs any more; other devices do so with theirs. Copies made before keep what is dropped.
//
// A process that dies leaves the old generation or the new one.
func (s *Space) Compact(ctx context.Context, o CompactOptions) (*Compacted, error) {
	if s.keys.device == nil {
		return nil, ErrReadOnly
	}
	held, err := s.v.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer held.Unlock()
	if err := s.refresh(); err != nil {
		return nil, err
	}
	s.view = nil
	w, err := s.newWriter() // cuts off what a crash has left
	if err != nil {
		return nil, err
	}
	l := s.ownLog()
	if l == nil {
		return &Compacted{}, nil // this device has written nothing
	}
	c := &compaction{s: s, log: l, options: o, now: w.now, w: w, out: &Compacted{}}
	if err := c.choose(); err != nil {
		return nil, err
	}
	w.left, c.renew = s.left(), !s.usesOld(len(c.keep))
	return c.out, c.write()
}

// compaction is one that is running.
type compaction struct {
	s       *Space
	log     *deviceLog
	options CompactOptions
	now     time.Time
	all     map[string]*history
	files   []indexFile // of other devices
	keep    []*Version  // of this device, in the order they were written
	inner   *innerLayer
	meta    []byte  // of the record that is sealed
	w       *writer // counts what is sealed under the newest key
	// renew seals what is kept under the newest key, even if nobody has asked for it: see usesOld.
	renew bool
	out   *Compacted
}

// history is all that is known of a path.
type history struct {
	item
	versions []*Version // PUT and DEL
	metas    []*Version
}

// choose decides which records of this device stay.
func (c *compaction) choose() error {
	c.all = map[string]*history{}
	var own []*Version
	err := c.s.records(func(v *Version, t vlog.Type) error {
		h := c.all[v.Path]
		if h == nil {
			h = &history{}
			c.all[v.Path] = h
		}
		h.add(v, t)
		if t == vlog.Meta {
			h.metas = append(h.metas, v)
		} else {
			h.versions = append(h.versions, v)
		}
		if v.at.log == c.log {
			own = append(own, v)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, l := range c.s.view.logs {
		if l == c.log {
			continue
		}
		files, err := c.s.coverage(l, nil, 0, l.files[0].header.Start())
		if err != nil {
			return err
		}
		c.files = append(c.files, files...)
	}
	stays := make(map[*Version]bool, len(own))
	for p, h := range c.all {
		c.chooseOf(p, h, stays)
	}
	for _, v := range own {
		if stays[v] {
			c.keep = append(c.keep, v)
		}
	}
	c.out.Kept, c.out.Dropped = len(c.keep), len(own)-len(c.keep)
	return nil
}

func (c *compaction) chooseOf(p string, h *history, stays map[*Version]bool) {
	isHead := func(v *Version) bool { return slices.Contains(h.heads, v) }
	if len(h.versions) == 1 && len(h.metas) == 0 && isHead(h.versions[0]) && !h.versions[0].Deleted {
		stays[h.versions[0]] = true
		return
	}
	foreign := slices.ContainsFunc(h.versions, func(v *Version) bool { return v.at.log != c.log })
	deleted := !slices.ContainsFunc(h.heads, func(v *Version) bool { return !v.Deleted })
	drop := deleted && p == c.options.Drop
	var old []*Version
	for _, v := range h.versions {
		switch {
		case isHead(v) && !v.Deleted:
			stays[v] = true
		case isHead(v):
			// A deletion hides what others still have.
			stays[v] = foreign || drop || c.now.Sub(time.Unix(v.Updated, 0)) < tombstoneLife
		default:
			old = append(old, v)
		}
	}
	slices.SortFunc(old, func(a, b *Version) int { return later(b, a) })
	place := 0
	for _, v := range old {
		if v.Deleted {
			continue // what came after it says so
		}
		place++
		stays[v] = !drop && h.noted(v, false).keeps(place, c.now)
	}
	// What replaced something that is still there stays: without it that would be a version of now again,
	// beside the one that replaced this. So do deletions, and what replaced versions of other devices.
	byID := make(map[string]*Version, len(h.versions))
	for _, v := range h.versions {
		byID[v.Record.String()] = v
	}
	slices.SortFunc(h.versions, later) // what replaces is later than what it replaces
	for _, v := range h.versions {
		stays[v] = stays[v] || slices.ContainsFunc(v.Parents, func(id string) bool {
			old := byID[id]
			return old != nil && (stays[old] || old.at.log != c.log)
		})
	}
	for _, m := range h.metas {
		about := slices.IndexFunc(h.versions, func(v *Version) bool { return v.Record.String() == m.Of })
		stays[m] = h.notes[m.Of] == m && (about < 0 || stays[h.versions[about]])
	}
}

// write makes the new generation, and then removes the old one.
func (c *compaction) write() error {
	s := c.s
	end := c.log.end
	header := &vlog.Header{Vault: s.v.id, Namespace: s.id, Device: c.log.dev, Generation: end.generation + 1, First: end.Next}
	name := logName{c.log.dev, header.Generation, header.First}
	file, err := s.v.dir.Create(spaceFile(s.id, name), durable.CreateOptions{Mode: 0o600})
	if err != nil {
		return err
	}
	defer func() { _ = file.Abort() }()
	b := vlog.NewBuilder(header, header.Chain(), header.First)
	b.AddGen(vlog.Predecessor{Generation: end.generation, Last: end.Next - 1, Chain: end.Chain})
	if err := c.copyRecords(b, file); err != nil {
		return err
	}
	b.AddCheckpoint(s.keys.device.private(), uint64(c.now.UnixMilli()))
	if err := flush(b, file, 0); err != nil {
		return err
	}
	if err := file.Commit(); err != nil {
		return err
	}
	c.out.After = b.Written()
	next := place{header.Generation, header.First, vlog.Position{Offset: b.Written(), Next: b.Next(), Chain: b.Chain()}}
	if err := s.v.remember(s.keys, seenPlace(logID{s.id, c.log.dev}, next)); err != nil {
		return err
	}
	c.out.Committed = &Committed{Namespace: s.id, Record: RecordID{c.log.dev, next.Next - 1}, Gen: next.generation, Chain: next.Chain}
	if c.w.renewed {
		c.out.Committed.Epoch = c.w.epoch
	}
	s.v.tell(c.out.Committed)
	if err := c.removeOld(); err != nil {
		return err
	}
	s.view = nil
	if err := s.v.dir.Remove(s.indexName()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return c.writeIndex(indexFile{name, next.Position})
}

// writeIndex makes the index of what was known and has another place now. Nothing is read for it.
func (c *compaction) writeIndex(own indexFile) error {
	s := c.s
	key, err := s.indexKey()
	if err != nil {
		return err
	}
	defer key.Wipe()
	files := append(c.files, own)
	x := newIndexEntries(key, files)
	for p, h := range c.all {
		h.heads = slices.DeleteFunc(h.heads, func(v *Version) bool { return v.at.log == c.log }) // it was dropped
		x.add(p, &h.item, own.logName)
	}
	return s.storeIndex(key, files, x.sorted())
}

const flushSize = 1 << 20

// flush gives the bytes of a builder to a file, when there are more than least.
func flush(b *vlog.Builder, file *durable.Output, least int) error {
	if len(b.Bytes()) <= least {
		return nil
	}
	_, err := file.Write(b.Bytes())
	b.Flushed()
	return err
}

// removeOld removes the files of the old generation, and of any before it.
func (c *compaction) removeOld() error {
	s := c.s
	s.v.log.close()
	names, err := s.logNames()
	if err != nil {
		return err
	}
	for _, n := range names {
		if n.dev != c.log.dev || n.generation > c.log.end.generation {
			continue
		}
		file := spaceFile(s.id, n)
		info, err := s.v.dir.Lstat(file)
		if err == nil {
			c.out.Before += info.Size()
			err = s.v.dir.Remove(file)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
