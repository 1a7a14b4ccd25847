package vault

import (
	"bytes"
	"cmp"
	"slices"

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
	kind     vlog.Type // of the frame
	flags    uint8     // likewise
	sequence uint64    // of the frame; Record names where it was first
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
	first [1]*Version         // memory of heads, of which there is nearly always one
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
	if it.heads == nil {
		it.heads = it.first[:0]
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

// note is the META that counts of a version, nil when there is none.
func (it *item) note(v *Version) *Version {
	if len(it.notes) == 0 {
		return nil
	}
	return it.notes[v.Record.String()]
}

// noted applies what a META says of a version. Where there is nothing to say the result is the version
// itself, which nobody changes.
func (it *item) noted(v *Version, conflict bool) *Version {
	n := it.note(v)
	if n == nil && conflict == v.Conflict {
		return v
	}
	c := *v
	c.Conflict = conflict
	if n != nil {
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
