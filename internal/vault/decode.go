package vault

import (
	"bytes"
	"crypto/cipher"
	"fmt"
	"runtime"
	"sync"

	"kai/internal/vault/vlog"
)

const (
	// decodeBatch is how many records are opened at a time; decodeBytes bounds their ciphertexts.
	decodeBatch = 1024
	decodeBytes = 1 << 20
	// decodeAlone is for how many records no other processor is asked.
	decodeAlone = 256
)

// decoder is a recordSink that opens the meta data of records and gives them to visit in order, once a
// checkpoint covers them. Other processors open one batch while the next is read. Records of epochs that
// the keys do not open are left out.
type decoder struct {
	s     *Space
	visit func(*Version, vlog.Type) error
	next  *batch    // that is filled
	busy  *batch    // that is opened
	ready []decoded // the next to be given out
	// added counts the records that were not given out; the first sure of them count.
	added, sure int
	closed      map[uint32]bool // epochs without a key
}

// decoded is a record that was opened. Without a version it is one that could not be.
type decoded struct {
	version *Version
	other   *undecoded
}

// undecoded is what is wrong with a record, or one that is opened when it counts.
type undecoded struct {
	err  error
	late located
}

// batch are records that are opened together. Others have it until group is done.
type batch struct {
	records []encoded
	bytes   []byte // their ciphertexts
	openers []opener
	group   sync.WaitGroup
}

// encoded is a record in a batch, and later what is in it. key is nil when it is not known yet.
type encoded struct {
	located
	key cipher.AEAD
	out decoded
}

func newDecoder(s *Space, visit func(*Version, vlog.Type) error) *decoder {
	return &decoder{s: s, visit: visit, next: &batch{}, busy: &batch{}, closed: map[uint32]bool{}}
}

func (d *decoder) add(r *located) error {
	if r.frame.Type == vlog.Gen {
		return nil
	}
	b := d.next
	b.records = append(b.records, encoded{located: *r, key: d.key(r.frame.Epoch)})
	f, at := &b.records[len(b.records)-1].frame, len(b.bytes)
	b.bytes = append(b.bytes, f.Meta...)
	f.Meta, f.Value = b.bytes[at:], nil
	d.added++
	if len(b.records) < decodeBatch && len(b.bytes) < decodeBytes {
		return nil
	}
	return d.turn()
}

// key is that of an epoch, nil when it is not known. Keys are made by one goroutine. An epoch that the
// policy does not list may have come since; it is not looked for before its record counts, since anybody
// can append such records.
func (d *decoder) key(epoch uint32) cipher.AEAD {
	if a := d.s.metas[epoch]; a != nil {
		return a
	}
	if epoch == 0 || int(epoch) > len(d.s.policy.Epochs) || d.closed[epoch] {
		return nil
	}
	a, err := d.s.metaKey(epoch)
	d.closed[epoch] = err != nil
	return a
}

func (d *decoder) covered() error {
	d.sure = d.added
	return nil
}

func (d *decoder) drop() error {
	err := d.finish()
	d.ready, d.added = nil, 0
	return err
}

// finish gives out all that counts.
func (d *decoder) finish() error {
	if err := d.turn(); err != nil {
		return err
	}
	d.collect()
	return d.give()
}

// turn begins to open the batch that was filled, and gives out what counts of those before.
func (d *decoder) turn() error {
	d.collect()
	d.next, d.busy = d.busy, d.next
	d.busy.open(d.s)
	return d.give()
}

// collect takes over the batch that is opened, when it is.
func (d *decoder) collect() {
	b := d.busy
	b.group.Wait()
	for i := range b.records {
		r := &b.records[i]
		if r.key == nil {
			r.out.other = &undecoded{late: r.located}
			r.out.other.late.frame.Meta = bytes.Clone(r.frame.Meta)
		}
		d.ready = append(d.ready, r.out)
	}
	clear(b.records)
	b.records, b.bytes = b.records[:0], b.bytes[:0]
}

// give gives out what counts of what is ready.
func (d *decoder) give() error {
	n := min(d.sure, len(d.ready))
	for _, r := range d.ready[:n] {
		v := r.version
		if v == nil {
			err := r.other.err
			if err == nil {
				v, err = d.s.decode(&r.other.late)
			}
			if err != nil && d.s.unreadable(err) {
				continue
			}
			if err != nil {
				return err
			}
		}
		if err := d.visit(v, v.kind); err != nil {
			return err
		}
	}
	left := copy(d.ready, d.ready[n:])
	clear(d.ready[left:])
	d.ready = d.ready[:left]
	d.added, d.sure = d.added-n, d.sure-n
	return nil
}

// open opens the records, on all processors when they are many. It is done when group is.
func (b *batch) open(s *Space) {
	workers := min(runtime.GOMAXPROCS(0), (len(b.records)+decodeAlone-1)/decodeAlone)
	if len(b.openers) < workers {
		b.openers = make([]opener, workers)
	}
	part := func(w int) {
		for i := w * len(b.records) / workers; i < (w+1)*len(b.records)/workers; i++ {
			r := &b.records[i]
			if r.key == nil {
				continue
			}
			var err error
			if r.out.version, err = b.openers[w].open(s, &r.located, r.key, r.frame.Epoch); err != nil {
				if len(s.policy.Carry(r.frame.Epoch)) > 1 {
					r.key = nil // another one may open it
					continue
				}
				r.out.other = &undecoded{err: err}
			}
		}
	}
	if workers == 1 {
		part(0)
		return
	}
	for w := range workers {
		b.group.Go(func() { part(w) })
	}
}

// opener opens the meta data of records, one after the other.
type opener struct {
	buf  []byte
	meta metaDecoder
}

func (o *opener) open(s *Space, r *located, key cipher.AEAD, epoch uint32) (*Version, error) {
	f := &r.log.files[r.file]
	fail := func(err error) (*Version, error) {
		return nil, &FileError{spaceFile(s.id, f.logName), r.offset, err}
	}
	if n := len(r.frame.Meta); n > cap(o.buf) {
		o.buf = make([]byte, n)
	}
	plain, err := r.frame.OpenMeta(&f.header, key, o.buf)
	if err != nil {
		return fail(logError(err))
	}
	v := &Version{
		Record: r.id(), kind: r.frame.Type, sequence: r.frame.Sequence, Deleted: r.frame.Type == vlog.Del, Epoch: epoch, flags: r.frame.Flags,
		at: location{r.log, r.file, r.offset, r.frame.Size, [checkSize]byte(r.frame.Chain[:checkSize])},
	}
	if err := v.parse(&o.meta, plain); err != nil {
		return fail(err)
	}
	if v.Was != "" {
		id, ok := parseRecordID(v.Was)
		if !ok || id.Device != r.log.dev || id.Sequence >= r.frame.Sequence {
			return fail(fmt.Errorf("%w: it claims to have been another record", ErrTampered))
		}
		v.Record = id
	}
	return v, nil
}

// decode opens the meta data of one record, with the first key that does of those that it may be under.
// One whose key may be one that is not held is ErrDenied.
func (s *Space) decode(r *located) (v *Version, err error) {
	var o opener
	for _, epoch := range s.policy.Carry(r.frame.Epoch) {
		key, keyErr := s.metaKey(epoch)
		if keyErr == nil {
			if v, keyErr = o.open(s, r, key, epoch); keyErr == nil {
				return v, nil
			}
		}
		if err == nil || s.unreadable(keyErr) {
			err = keyErr
		}
	}
	return nil, err
}
