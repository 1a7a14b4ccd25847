package vault

import (
	"bytes"
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"kai/internal/vault/vlog"
)

// Version is one version of a secret, without its value.
type Version struct {
	Meta
	Record  RecordID
	Deleted bool
	// Conflict says that another device wrote a version without knowing of this one.
	Conflict bool
	Epoch    uint32
	flags    uint8
	sequence uint64 // of the frame; Record names where it was first
	at       location
	note     *Version // the META that replaced Meta
}

// location is where a record lies.
type location struct {
	log    *deviceLog
	file   int
	offset int64
	size   int
	check  [checkSize]byte // begins the record's chain
}

// later orders versions that no parent orders.
func later(a, b *Version) int {
	if c := cmp.Compare(a.HLC, b.HLC); c != 0 {
		return c
	}
	return bytes.Compare(a.Record.Device[:], b.Record.Device[:])
}

// item is what is known of one path.
type item struct {
	heads []*Version          // PUT and DEL that nothing replaces
	notes map[string]*Version // META by the record they are about, the latest of each
	// gone are replaced records that were not read yet: those of another device, or compacted away.
	gone map[string]bool
}

// add takes a record into account. Records of one log come in order, those of different logs in any.
func (it *item) add(v *Version, t vlog.Type) {
	if t == vlog.Meta {
		if old := it.notes[v.Of]; old == nil || later(old, v) < 0 {
			if it.notes == nil {
				it.notes = map[string]*Version{}
			}
			it.notes[v.Of] = v
		}
		return
	}
	for _, parent := range v.Parents {
		i := slices.IndexFunc(it.heads, func(h *Version) bool { return h.Record.String() == parent })
		if i >= 0 {
			it.heads = slices.Delete(it.heads, i, i+1)
			continue
		}
		if it.gone == nil {
			it.gone = map[string]bool{}
		}
		it.gone[parent] = true
	}
	if it.gone != nil && it.gone[v.Record.String()] {
		return
	}
	it.heads = append(it.heads, v)
}

// current is the version that counts, nil when there is none. Update beats delete; of several the
// one with the later clock is shown, and marked.
func (it *item) current() *Version {
	var best *Version
	puts := 0
	for _, h := range it.heads {
		if !h.Deleted {
			puts++
		}
		switch {
		case best == nil, best.Deleted && !h.Deleted:
			best = h
		case best.Deleted == h.Deleted && later(best, h) < 0:
			best = h
		}
	}
	if best == nil {
		return nil
	}
	return it.noted(best, puts > 1)
}

// noted applies what a META says of a version.
func (it *item) noted(v *Version, conflict bool) *Version {
	c := *v
	c.Conflict = conflict
	if n := it.notes[v.Record.String()]; n != nil {
		own := c.Meta
		c.Meta = n.Meta
		c.Kind, c.Scope, c.Version, c.HLC, c.Parents, c.Of, c.Was = own.Kind, own.Scope, own.Version, own.HLC, own.Parents, "", own.Was
		c.note = n
	}
	return &c
}

// parents are what a change of the path replaces. The clock is the latest of all that is known, so that
// a META is later than those of a device whose clock is ahead.
func (it *item) parents() (ids []string, version uint64, last clock) {
	for _, h := range it.heads {
		ids = append(ids, h.Record.String())
		version = max(version, h.Version)
		if c, ok := parseClock(h.HLC); ok {
			last = max(last, c)
		}
	}
	for _, n := range it.notes {
		if c, ok := parseClock(n.HLC); ok {
			last = max(last, c)
		}
	}
	slices.Sort(ids)
	return ids, version, last
}

// decode opens the meta data of a record.
func (s *Space) decode(r *located) (*Version, error) {
	key, err := s.metaKey(r.frame.Epoch)
	if err != nil {
		return nil, err
	}
	b, err := r.frame.OpenMeta(&r.log.files[r.file].header, key, nil)
	if err != nil {
		return nil, &FileError{spaceFile(s.id, r.log.files[r.file].logName), r.offset, logError(err)}
	}
	m, err := parseMeta(b)
	if err != nil {
		return nil, &FileError{spaceFile(s.id, r.log.files[r.file].logName), r.offset, err}
	}
	id := r.id()
	if m.Was != "" {
		var ok bool
		if id, ok = parseRecordID(m.Was); !ok || id.Device != r.log.dev || id.Sequence >= r.frame.Sequence {
			return nil, &FileError{spaceFile(s.id, r.log.files[r.file].logName), r.offset, fmt.Errorf("%w: it claims to have been another record", ErrTampered)}
		}
	}
	return &Version{
		Meta: *m, Record: id, sequence: r.frame.Sequence, Deleted: r.frame.Type == vlog.Del, Epoch: r.frame.Epoch, flags: r.frame.Flags,
		at: location{r.log, r.file, r.offset, r.size, [checkSize]byte(r.frame.Chain[:checkSize])},
	}, nil
}

// decodeAll opens the meta data of many records, on all processors, and gives them out in order.
// Records of epochs that the keys do not open are left out.
func (s *Space) decodeAll(records []located, visit func(*Version, vlog.Type) error) error {
	for part := range slices.Chunk(records, decodeBatch) {
		if err := s.decodePart(part, visit); err != nil {
			return err
		}
	}
	return nil
}

// decodeBatch is how many records are opened at a time.
const decodeBatch = 4096

func (s *Space) decodePart(records []located, visit func(*Version, vlog.Type) error) error {
	for i := range records {
		// Keys are made by one goroutine.
		if _, err := s.metaKey(records[i].frame.Epoch); err != nil && !s.unreadable(err) {
			return err
		}
	}
	workers := min(runtime.GOMAXPROCS(0), (len(records)+255)/256)
	versions := make([]*Version, len(records))
	errs := make([]error, len(records))
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := w * len(records) / workers; i < (w+1)*len(records)/workers; i++ {
				versions[i], errs[i] = s.decode(&records[i])
			}
		})
	}
	group.Wait()
	for i, v := range versions {
		if errs[i] != nil {
			if s.unreadable(errs[i]) {
				continue
			}
			return errs[i]
		}
		if err := visit(v, records[i].frame.Type); err != nil {
			return err
		}
	}
	return nil
}
