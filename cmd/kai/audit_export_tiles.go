package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"sort"

	"kai/internal/audit"
	"kai/internal/audit/checkpoint"
	"kai/internal/audit/event"
	"kai/internal/audit/tiles"
	"kai/internal/durable"
)

// tiles exports the log up to its newest checkpoint.
func (o *auditExportOptions) tiles(ctx context.Context, env *env, log *openedLog) (uint64, error) {
	note, err := log.CheckpointNote()
	if errors.Is(err, fs.ErrNotExist) {
		return 0, withHint(failf(exitLocked, "no_checkpoint", "this log has signed no checkpoint"), "kai audit checkpoint")
	}
	if err != nil {
		return 0, err
	}
	parsed, err := checkpoint.ParseNote(note)
	if err != nil {
		return 0, fail(exitUndecidable, "malformed", err)
	}
	size := parsed.Claimed().Size
	first, err := log.firstLine(size)
	if err != nil {
		return 0, err
	}
	out, err := newTileDir(env.path(o.out), env.random)
	if err != nil {
		return 0, err
	}
	defer out.close()
	return size, o.recorded(ctx, env, log, size, func() error {
		err := tiles.Export(ctx, out, tiles.Log{Checkpoint: note, Tree: log.Hashes(), Records: log.records(ctx, first, size), First: first})
		switch {
		case errors.Is(err, tiles.ErrRecord), errors.Is(err, tiles.ErrTree), errors.Is(err, tiles.ErrShort):
			return withHint(fail(exitBad, "audit_tampered", fmt.Errorf("audit log: %w", err)), "kai audit verify")
		case err != nil:
			return err
		}
		return out.commit(ctx)
	})
}

// firstLine is the number of the first event whose line is there: what is before was pruned.
func (o *openedLog) firstLine(size uint64) (uint64, error) {
	seg := o.Info().Seg
	var failure error
	n := sort.Search(int(size/seg), func(i int) bool {
		_, err := o.Event(uint64(i) * seg)
		if err != nil && !errors.Is(err, audit.ErrPruned) {
			failure = err
		}
		return !errors.Is(err, audit.ErrPruned)
	})
	return uint64(n) * seg, failure
}

// records are the records of events.
func (o *openedLog) records(ctx context.Context, from, to uint64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var record []byte
		for v, err := range o.Views(ctx, from, to) {
			if err != nil {
				yield(nil, err)
				return
			}
			record = event.AppendRecord(record[:0], v.Line)
			if !yield(record, nil) {
				return
			}
		}
	}
}

// tileDir is a directory in the making. It appears whole with commit, or not at all.
type tileDir struct {
	parent    *os.Root
	dir       *durable.Dir // parent's
	name      string       // as it will be called, below parent
	temporary string
	made      map[string]bool // directories below temporary; each is synced in the end
}

// newTileDir begins a directory, which must not be there, or be empty.
func newTileDir(name string, random io.Reader) (*tileDir, error) {
	clean, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	parent, err := os.OpenRoot(filepath.Dir(clean))
	if err != nil {
		return nil, err
	}
	d := &tileDir{parent: parent, dir: durable.NewDir(parent), name: filepath.Base(clean), made: map[string]bool{".": true}}
	if err := d.begin(name, random); err != nil {
		return nil, errors.Join(err, parent.Close())
	}
	return d, nil
}

func (d *tileDir) begin(name string, random io.Reader) error {
	entries, err := os.ReadDir(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case len(entries) > 0:
		return withHint(failf(exitConflict, "exists", "%s: already exists, and is not empty", name), "-o with the name of a new directory")
	}
	var suffix [8]byte
	if _, err := io.ReadFull(random, suffix[:]); err != nil {
		return err
	}
	d.temporary = fmt.Sprintf(".%s.kai-tmp-%x", d.name, suffix)
	return d.parent.Mkdir(d.temporary, 0o755)
}

// Create implements tiles.Writer.
func (d *tileDir) Create(name string, data []byte) error {
	dir := path.Dir(name)
	if !d.made[dir] {
		if err := d.parent.MkdirAll(path.Join(d.temporary, dir), 0o755); err != nil {
			return err
		}
		for ; !d.made[dir]; dir = path.Dir(dir) {
			d.made[dir] = true
		}
	}
	f, err := d.dir.OpenFile(path.Join(d.temporary, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// commit gives the directory its name.
func (d *tileDir) commit(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for dir := range d.made {
		if err := d.dir.SyncDir(path.Join(d.temporary, dir)); err != nil {
			return err
		}
	}
	// Not every system lets a directory take the place of an empty one.
	if err := d.parent.Remove(d.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := d.dir.Rename(d.temporary, d.name); err != nil {
		return err
	}
	d.temporary = ""
	return nil
}

// close removes what was written without commit.
func (d *tileDir) close() {
	if d.temporary != "" {
		_ = d.parent.RemoveAll(d.temporary) // the error that led here is the one to report
	}
	_ = d.parent.Close()
}
