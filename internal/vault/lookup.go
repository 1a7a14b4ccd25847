package vault

import (
	"maps"
	"slices"

	"kai/internal/vault/authority"
	"kai/internal/vault/vlog"
)

// knowledge is what a view has read to answer for any path: the index, and the records that follow it.
type knowledge struct {
	policy   *authority.Policy // with which it was read
	manifest *authority.Manifest
	index    *index                // nil: all records are in tail
	tail     map[string][]*Version // by path; records of one log in their order
	written  map[string]*item      // what this Space has committed since; index and tail do not have it
}

// find is what is known of one path: from the index, and what was written since.
func (s *Space) find(path string) (*item, error) {
	if err := s.open(); err != nil {
		return nil, err
	}
	k := s.view.known
	if k == nil || !s.v.locked && !s.asRead() { // with the lock held the commit has looked
		var err error
		if k, err = s.readKnown(path, true); err != nil {
			return nil, err
		}
	}
	if it := k.written[path]; it != nil {
		return it, nil
	}
	it := &item{}
	if k.index != nil {
		err := k.index.lookup(path, it)
		k.index.rest()
		if err != nil {
			// What a lost or old index says is never believed; the records decide.
			if k, err = s.readKnown(path, false); err != nil {
				return nil, err
			}
			it = &item{}
		}
	}
	for _, v := range k.tail[path] {
		it.add(v, v.kind)
	}
	return it, nil
}

// readKnown reads the index, if it is to be used and there is one, and what follows it. Where that is
// long, only one path is known, and the next time another index is.
func (s *Space) readKnown(path string, indexed bool) (*knowledge, error) {
	s.view.known = nil
	k := &knowledge{policy: s.policy, manifest: s.v.manifest, tail: map[string][]*Version{}}
	if indexed {
		ix, err := s.openIndex()
		if err != nil {
			return nil, err
		}
		k.index = ix
	}
	records := 0
	for _, l := range s.view.logs {
		start, from := 0, l.files[0].header.Start()
		if k.index != nil {
			start, from = k.index.covered(l)
		}
		err := s.recordsFrom(l, start, from, func(v *Version, _ vlog.Type) error {
			if records++; records <= indexTail || v.Path == path {
				k.tail[v.Path] = append(k.tail[v.Path], v)
			}
			return nil
		})
		if err != nil {
			if k.index != nil {
				k.index.rest()
			}
			return nil, err
		}
	}
	s.rememberLogs()
	if s.tail = records; records > indexTail {
		s.reindex()
	} else {
		s.view.known = k
	}
	return k, nil
}

// asRead reports whether the logs are as they were read to their ends.
func (s *Space) asRead() bool {
	return !slices.ContainsFunc(s.view.logs, func(l *deviceLog) bool {
		last := &l.files[len(l.files)-1]
		if last.info == nil || l.torn || l.past {
			return true
		}
		_, size, err := s.v.dir.Still(spaceFile(s.id, last.logName), last.info)
		return err != nil || size != l.end.Offset || l.end.first != last.first || l.end.generation != last.generation
	})
}

// stands reports whether nothing has changed since this Space has read the logs, or committed. The lock
// is held, and what others have changed of the vault was read.
func (s *Space) stands() bool {
	if s.view == nil || s.view.known == nil || s.view.known.policy != s.policy || s.view.known.manifest != s.v.manifest {
		return false
	}
	list, err := s.v.dir.List(s.dir(), s.view.listing)
	if err != nil || list != s.view.listing && !slices.Equal(logNames(list.Entries), s.view.names) {
		return false
	}
	s.view.listing = list
	return s.asRead()
}

// advance makes the view the one after a commit, if it may stand.
func (w *writer) advance(end place) {
	s := w.s
	if s.view == nil || s.view.known == nil || w.own == nil || w.fresh || w.renewed {
		s.view = nil
		return
	}
	at := len(w.own.files) - 1
	w.own.end, w.own.files[at].end = end, end.Offset
	s.view.last = max(s.view.last, clock(w.now.UnixMilli())<<16)
	for _, v := range w.versions {
		v.at.log, v.at.file = w.own, at
	}
	k := s.view.known
	if k.written == nil {
		k.written = map[string]*item{}
	}
	maps.Copy(k.written, w.added)
}
