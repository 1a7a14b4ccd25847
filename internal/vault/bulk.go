package vault

import (
	"context"
	"fmt"
	"iter"
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
	known, err := s.items()
	if err != nil {
		return nil, err
	}
	w.left = s.left()
	if err := w.addSeq(ctx, changes, known); err != nil {
		return nil, w.abort(err)
	}
	out, err := w.committed()
	if err != nil {
		return nil, err
	}
	s.indexAfter(int(out.Record.Sequence - w.from.Next))
	return out, nil
}

// addSeq seals changes. Only what is known of the last path is kept.
func (w *writer) addSeq(ctx context.Context, changes iter.Seq2[*Change, error], known map[string]*item) error {
	done, last := map[string]bool{}, ""
	for c, err := range changes {
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		if p := c.Meta.Path; p != last {
			if done[p] {
				return fmt.Errorf("%s/%s: a second time in one commit: %w", w.s.name, p, ErrConflict)
			}
			clear(w.added)
			done[p], last = true, p
		}
		if _, err := w.add(c, known[last]); err != nil {
			return err
		}
		if err := w.flush(flushSize); err != nil {
			return err
		}
	}
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
