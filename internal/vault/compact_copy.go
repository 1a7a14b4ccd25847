package vault

import (
	"crypto/cipher"
	"runtime"
	"sync"

	"kai/internal/durable"
	"kai/internal/vault/vlog"
)

const (
	// copyBatch is how many records are copied at a time; copyBytes bounds all of them but the last.
	copyBatch = 1024
	copyBytes = 1 << 20
)

// copyRecords seals what is kept for its new place. What binds a record to the old one is gone; what it is
// called by others stays. Values are opened on all processors while those before them are sealed, which
// is for one: each record contains the chain of the one before.
func (c *compaction) copyRecords(b *vlog.Builder, file *durable.Output) error {
	defer c.s.keepOpen()()
	c.inner = c.s.inner()
	defer c.inner.wipe()
	var busy copies
	for rest := c.keep; len(rest) > 0; {
		n := 0
		for size := 0; n < min(len(rest), copyBatch) && size < copyBytes; n++ {
			size += rest[n].at.size
		}
		next, err := c.begin(rest[:n])
		rest = rest[n:]
		if err == nil {
			err = c.seal(busy, b, file)
		}
		if err != nil {
			next.wipe()
			busy.wipe()
			return err
		}
		busy = next
	}
	defer busy.wipe()
	return c.seal(busy, b, file)
}

// copies are records whose values are opened together. Others have them until group is done.
type copies struct {
	list  []recordCopy
	group *sync.WaitGroup
}

// recordCopy is a record on its way.
type recordCopy struct {
	version *Version
	draft   vlog.Draft
	meta    Meta
	// Of a PUT: the old frame and its key, the ciphers of the inner layer, if that changes, and an error.
	frame              *vlog.Frame
	key                cipher.AEAD
	oldLayer, newLayer cipher.AEAD
	err                error
}

// wipe waits for who works on the copies and forgets the values.
func (k *copies) wipe() {
	if k.group == nil {
		return
	}
	k.group.Wait()
	for i := range k.list {
		clear(k.list[i].draft.Value)
	}
}

// begin reads records, and has their values opened.
func (c *compaction) begin(versions []*Version) (copies, error) {
	k := copies{make([]recordCopy, len(versions)), &sync.WaitGroup{}}
	for i, v := range versions {
		if err := c.read(&k.list[i], v); err != nil {
			return copies{}, err
		}
	}
	workers := min(runtime.GOMAXPROCS(0), (len(versions)+decodeAlone-1)/decodeAlone)
	for w := range workers {
		k.group.Go(func() {
			for i := w * len(k.list) / workers; i < (w+1)*len(k.list)/workers; i++ {
				k.list[i].err = c.openValue(&k.list[i])
			}
		})
	}
	return k, nil
}

// read finds all that is needed of a record. Keys are made by one goroutine.
func (c *compaction) read(r *recordCopy, v *Version) (err error) {
	s := c.s
	r.version, r.meta = v, v.Meta
	if r.meta.Was == "" {
		r.meta.Was = v.Record.String()
	}
	d := &r.draft
	d.Type, d.Flags, d.Epoch = v.kind, v.flags, v.Epoch
	if c.options.Reencrypt || c.renew {
		if err := c.w.room(); err != nil {
			return err
		}
		d.Epoch = c.w.epoch
	}
	if d.MetaKey, err = s.metaKey(d.Epoch); err != nil || d.Type != vlog.Put {
		return err
	}
	if d.ValueKey, err = s.valueKey(d.Epoch, v.Kind, v.Scope); err != nil {
		return err
	}
	if r.key, err = s.valueKey(v.Epoch, v.Kind, v.Scope); err != nil {
		return err
	}
	// The inner layer of credentials stays as it is, unless the epoch changes.
	if v.flags&vlog.FlagInner != 0 && d.Epoch != v.Epoch {
		if r.oldLayer, err = c.inner.aead(v.Epoch); err != nil {
			return err
		}
		if r.newLayer, err = c.inner.aead(d.Epoch); err != nil {
			return err
		}
	}
	r.frame, err = s.frameAt(&v.at, v.sequence)
	return err
}

// openValue opens the value of a PUT, down to the inner layer.
func (c *compaction) openValue(r *recordCopy) error {
	if r.frame == nil {
		return nil
	}
	v := r.version
	f := &v.at.log.files[v.at.file]
	plain, err := r.frame.OpenValue(&f.header, r.key, nil)
	if err != nil {
		return &FileError{spaceFile(c.s.id, f.logName), v.at.offset, logError(err)}
	}
	r.draft.Value = plain
	if r.oldLayer == nil {
		return nil
	}
	defer clear(plain)
	r.draft.Value, err = c.s.openInner(r.oldLayer, v, plain)
	return err
}

// seal appends copies to the new generation, and says where they are now.
func (c *compaction) seal(k copies, b *vlog.Builder, file *durable.Output) error {
	s := c.s
	if k.group != nil {
		k.group.Wait()
	}
	for i := range k.list {
		r := &k.list[i]
		if r.err != nil {
			return r.err
		}
		d := &r.draft
		if r.newLayer != nil {
			sealed, err := s.appendInner(nil, r.newLayer, &r.meta, s.v.opts.Random, d.Value)
			clear(d.Value)
			if err != nil {
				return err
			}
			d.Value = sealed
		}
		var err error
		if c.meta, err = appendMeta(c.meta[:0], &r.meta); err != nil {
			return err
		}
		d.Meta = c.meta
		placed, err := b.Add(d, s.v.opts.Random)
		if err != nil {
			return err
		}
		clear(d.Value)
		r.version.at = location{offset: placed.Offset, size: placed.Size, check: [checkSize]byte(placed.Chain[:])}
		if err := flush(b, file, flushSize); err != nil {
			return err
		}
	}
	return nil
}
