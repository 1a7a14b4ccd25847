package vault

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"kai/internal/secret"
	"kai/internal/vault/vlog"
)

// CommitSeq is Commit for more changes than memory should hold: they are taken one at a time, and each
// is sealed before the next. Changes of one path follow each other; a path that comes again later is
// ErrConflict. An error of the sequence ends it, and nothing is committed.
//
// The lock is held meanwhile: the sequence must not wait for anybody. The versions are not returned.
func (s *Space) CommitSeq(ctx context.Context, changes iter.Seq2[*Change, error]) (*Committed, error) {
	if s.keys.device == nil {
		return nil, ErrReadOnly
	}
	held, err := s.v.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer held.Unlock()
	w, err := s.beginCommit()
	if err != nil {
		return nil, err
	}
	w.own = nil // what is added is too much to be kept
	known, err := s.items()
	if err != nil {
		return nil, err
	}
	defer w.inner.wipe()
	w.left = s.left()
	ix, err := w.newBulkIndex(known)
	if err != nil {
		return nil, err
	}
	defer ix.key.Wipe()
	if err := w.addSeq(ctx, changes, ix); err != nil {
		return nil, w.abort(err)
	}
	out, err := w.committed()
	if err != nil {
		return nil, err
	}
	ix.store(w)
	return out, nil
}

// bulkIndex makes an index from what is known before a commit and what the commit adds: all of that
// need not be read again.
type bulkIndex struct {
	known map[string]*item
	done  map[string]struct{} // paths that changed
	key   *secret.Bytes
	epoch uint32 // of key
	files []indexFile
	own   int // index in files of the one that is written
	*indexEntries
}

// newBulkIndex begins one. All logs were read to their ends.
func (w *writer) newBulkIndex(known map[string]*item) (*bulkIndex, error) {
	s := w.s
	x := &bulkIndex{known: known, done: map[string]struct{}{}, epoch: w.epoch}
	for _, l := range s.view.logs {
		files, err := s.coverage(l, nil, 0, l.files[0].header.Start())
		if err != nil {
			return nil, err
		}
		x.files = append(x.files, files...)
	}
	x.own = slices.IndexFunc(x.files, func(f indexFile) bool { return f.logName == w.file })
	if x.own < 0 {
		x.own = len(x.files)
		x.files = append(x.files, indexFile{logName: w.file})
	}
	var err error
	if x.key, err = s.indexKey(); err != nil {
		return nil, err
	}
	x.indexEntries = newIndexEntries(x.key, x.files)
	return x, nil
}

// store writes the index after the commit, if that is worth while. It is a cache: what goes wrong is told
// and changes nothing.
func (x *bulkIndex) store(w *writer) {
	s, records := w.s, int(w.b.Next()-w.from.Next)
	if records <= indexTail || x.epoch != w.epoch { // of a new key: another key of the index
		s.indexAfter(records)
		return
	}
	for p, it := range x.known {
		if _, changed := x.done[p]; !changed {
			x.add(p, it, w.file)
		}
	}
	x.files[x.own].Position = vlog.Position{Offset: w.offset + w.b.Written(), Next: w.b.Next(), Chain: w.b.Chain()}
	if err := s.storeIndex(x.key, x.files, x.sorted()); err != nil {
		s.v.opts.warnf("index of namespace %s: %v", s.name, err)
	}
	s.tail = 0
}

// addSeq seals changes. Only what is known of the last path is kept.
func (w *writer) addSeq(ctx context.Context, changes iter.Seq2[*Change, error], x *bulkIndex) error {
	last := ""
	finish := func() {
		if it := w.added[last]; it != nil {
			x.add(last, it, w.file)
		}
	}
	for c, err := range changes {
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		if p := c.Meta.Path; p != last {
			if _, again := x.done[p]; again {
				return fmt.Errorf("%s/%s: a second time in one commit: %w", w.s.name, p, ErrConflict)
			}
			finish()
			clear(w.added)
			x.done[p], last = struct{}{}, p
		}
		if _, err := w.add(c, x.known[last]); err != nil {
			return err
		}
		if err := w.flush(flushSize); err != nil {
			return err
		}
	}
	finish()
	return nil
}

// RotateNamespace gives a namespace a new key: what is written from now on is sealed under it. Who may
// read it goes on reading it, and what was written before stays under the key it has. The keys that
// are held get the new one. It returns the number of the new epoch.
//
// Errors are ErrNotFound, ErrDenied for who is no owner, ErrReadOnly and ErrTwoHeads.
func (v *Vault) RotateNamespace(ctx context.Context, keys *Keys, name string) (epoch uint32, err error) {
	err = v.amend(ctx, keys, func(a *amendment) error {
		s, err := v.Space(keys, name)
		if err != nil {
			return err
		}
		epoch = s.policy.Last().E + 1
		return a.rotate(s.id)
	})
	return epoch, err
}
