package tiles

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/audit/checkpoint"
)

// Writer is where the files go.
type Writer interface {
	// Create writes a new file with all of its content. path has slashes, stays
	// below the export's directory, and comes once; directories on the way are
	// made. data is valid until Create returns.
	Create(path string, data []byte) error
}

// Log is what is exported.
type Log struct {
	// Checkpoint is the signed note, whose size and root are exported. Its
	// signatures are not verified.
	Checkpoint []byte
	// Tree yields the stored hashes of at least the checkpoint's records. Only
	// leaves are asked for, at most 256 at once.
	Tree tlog.HashReader
	// Records yields the records from First on, in order, each with at most
	// MaxRecord bytes. More than the checkpoint counts are not asked for. A record
	// is valid until the next one.
	Records iter.Seq2[[]byte, error]
	// First is the number of the first record there is: a multiple of 256, at most
	// the size. Bundles before it are not written.
	First uint64
}

// Export writes a log's files, the checkpoint last.
//
// The errors are checkpoint.ErrMalformed, ErrFirst, ErrShort, ErrLength, ErrRecord,
// ErrTree, and those of out, of ctx, of Tree and of Records. After an error what
// was written is no export, and has no checkpoint.
//
// Format: https://c2sp.org/tlog-tiles
func Export(ctx context.Context, out Writer, log Log) error {
	n, err := checkpoint.ParseNote(log.Checkpoint)
	if err != nil {
		return err
	}
	head := n.Claimed()
	if log.First%width != 0 || log.First > head.Size {
		return fmt.Errorf("%w: record %d of %d", ErrFirst, log.First, head.Size)
	}
	next, stop := iter.Pull2(log.Records)
	defer stop()
	e := export{out: out, tree: log.Tree, next: next}
	for at := uint64(0); at < head.Size; at += width {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if err := e.add(at, min(width, head.Size-at), at >= log.First); err != nil {
			return err
		}
	}
	if err := e.finish(); err != nil {
		return err
	}
	if root := e.root(); root != head.Root {
		return fmt.Errorf("%w: %d records have root %s", ErrTree, head.Size, root)
	}
	return e.create("checkpoint", log.Checkpoint)
}

// export is an export in progress.
type export struct {
	out    Writer
	tree   tlog.HashReader
	next   func() ([]byte, error, bool)
	levels []level
	bundle []byte // its memory is used again
}

// level is the right edge of one level of tiles.
type level struct {
	full   uint64      // tiles written
	hashes []tlog.Hash // of the tile that is being filled, fewer than 256
}

// add takes count leaves in, from number at on: one tile's, or the last ones.
func (e *export) add(at, count uint64, records bool) error {
	leaves, err := e.leaves(at, count)
	if err != nil {
		return err
	}
	if records {
		if err := e.entries(at, leaves); err != nil {
			return err
		}
	}
	for _, leaf := range leaves {
		if err := e.push(0, leaf); err != nil {
			return err
		}
	}
	return nil
}

// leaves reads the stored hashes of records.
func (e *export) leaves(at, count uint64) ([]tlog.Hash, error) {
	indexes := make([]int64, count)
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(0, int64(at)+int64(i))
	}
	leaves, err := e.tree.ReadHashes(indexes)
	if err != nil {
		return nil, fmt.Errorf("leaves from %d on: %w", at, err)
	}
	if uint64(len(leaves)) != count {
		return nil, fmt.Errorf("%w: %d of %d leaves from %d on", ErrShort, len(leaves), count, at)
	}
	return leaves, nil
}

// entries writes the bundle of the records that must have these leaves.
func (e *export) entries(at uint64, leaves []tlog.Hash) error {
	e.bundle = e.bundle[:0]
	for i, leaf := range leaves {
		n := at + uint64(i)
		record, err, ok := e.next()
		switch {
		case !ok:
			return fmt.Errorf("%w: no record %d", ErrShort, n)
		case err != nil:
			return fmt.Errorf("record %d: %w", n, err)
		case len(record) > MaxRecord:
			return fmt.Errorf("%w: record %d of %d bytes", ErrLength, n, len(record))
		case tlog.RecordHash(record) != leaf:
			return fmt.Errorf("%w: record %d", ErrRecord, n)
		}
		e.bundle = binary.BigEndian.AppendUint16(e.bundle, uint16(len(record)))
		e.bundle = append(e.bundle, record...)
	}
	return e.create(EntriesPath(at/width, len(leaves)), e.bundle)
}

// push adds a hash to a level. A tile that becomes full is written, and its own
// hash goes one level up.
func (e *export) push(l int, h tlog.Hash) error {
	if l == len(e.levels) {
		e.levels = append(e.levels, level{})
	}
	v := &e.levels[l]
	v.hashes = append(v.hashes, h)
	if len(v.hashes) < width {
		return nil
	}
	if err := e.create(HashPath(l, v.full, width), join(v.hashes)); err != nil {
		return err
	}
	top := perfect(v.hashes)
	v.full++
	v.hashes = v.hashes[:0]
	return e.push(l+1, top)
}

// finish writes the tiles that are not full.
func (e *export) finish() error {
	for l, v := range e.levels {
		if len(v.hashes) == 0 {
			continue
		}
		if err := e.create(HashPath(l, v.full, len(v.hashes)), join(v.hashes)); err != nil {
			return err
		}
	}
	return nil
}

// root is the tree hash of everything: the perfect subtrees of the right edge, from
// the smallest on the right to the largest on the left.
func (e *export) root() tlog.Hash {
	root, some := tlog.Hash{}, false
	for _, v := range e.levels {
		hashes := v.hashes
		for size := 1; len(hashes) > 0; size *= 2 {
			if len(hashes)&size == 0 {
				continue
			}
			left := perfect(hashes[len(hashes)-size:])
			if hashes = hashes[:len(hashes)-size]; some {
				left = tlog.NodeHash(left, root)
			}
			root, some = left, true
		}
	}
	if !some {
		return sha256.Sum256(nil) // RFC 6962 §2.1, of no leaves
	}
	return root
}

// create hands a file to the writer.
func (e *export) create(path string, data []byte) error {
	if err := e.out.Create(path, data); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// perfect is the tree hash over 1, 2, 4, … hashes of one level.
func perfect(hashes []tlog.Hash) tlog.Hash {
	hashes = slices.Clone(hashes)
	for len(hashes) > 1 {
		for i := range len(hashes) / 2 {
			hashes[i] = tlog.NodeHash(hashes[2*i], hashes[2*i+1])
		}
		hashes = hashes[:len(hashes)/2]
	}
	return hashes[0]
}

func join(hashes []tlog.Hash) []byte {
	data := make([]byte, 0, len(hashes)*tlog.HashSize)
	for _, h := range hashes {
		data = append(data, h[:]...)
	}
	return data
}
