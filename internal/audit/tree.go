package audit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/bits"
	"os"

	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/durable"
)

const (
	treeFile = "tree"
	hashSize = 32
)

// tree is the file of all complete hashes, at 32 times tlog.StoredHashIndex. Everything in it
// follows from the lines; what is wrong or missing in it is made anew, except for the leaves of
// lines that were pruned.
type tree struct{ dir *durable.Dir }

// errShort means that the file lacks hashes that were asked for, or has others.
var errShort = errors.New("tree too short")

// readHash reads one hash.
func readHash(f io.ReaderAt, index int64) (h [32]byte, err error) {
	n, err := f.ReadAt(h[:], index*hashSize)
	if n == hashSize {
		return h, nil
	}
	if errors.Is(err, io.EOF) {
		err = errShort
	}
	return h, fmt.Errorf("audit log: tree: %w", err)
}

// open opens the file for reading; a missing one is errShort.
func (t tree) open() (durable.File, error) {
	f, err := openPrivate(t.dir, treeFile, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("audit log: tree: %w", errShort)
	}
	return f, err
}

// edges returns the right edges of the tree at several sizes.
func (t tree) edges(sizes ...uint64) ([]edge, error) {
	out := make([]edge, len(sizes))
	if len(sizes) == 1 && sizes[0] == 0 {
		return out, nil
	}
	f, err := t.open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for i, size := range sizes {
		if out[i], err = readEdge(f, size); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// hashTail serves the last hashes of the tree from one reading: most of a right edge is there.
type hashTail struct {
	r     io.ReaderAt
	buf   []byte
	start int64
}

// newHashTail reads the end of a tree of n leaves into b. What it cannot read, reading tells.
func newHashTail(r io.ReaderAt, n uint64, b []byte) *hashTail {
	end := tlog.StoredHashIndex(0, int64(n)) * hashSize
	t := &hashTail{r: r, start: max(0, end-int64(len(b)))}
	b = b[:end-t.start]
	if got, err := r.ReadAt(b, t.start); err == nil || err == io.EOF {
		t.buf = b[:got]
	}
	return t
}

func (t *hashTail) ReadAt(p []byte, off int64) (int, error) {
	if i := off - t.start; i >= 0 && i+int64(len(p)) <= int64(len(t.buf)) {
		return copy(p, t.buf[i:]), nil
	}
	return t.r.ReadAt(p, off)
}

func readEdge(f io.ReaderAt, size uint64) (edge, error) {
	e := edge{size: size}
	start, k := uint64(0), 0
	for level := bits.Len64(size) - 1; level >= 0; level-- {
		if size&(1<<level) == 0 {
			continue
		}
		h, err := readHash(f, tlog.StoredHashIndex(level, int64(start>>level)))
		if err != nil {
			return edge{}, err
		}
		e.hashes[k] = h
		k++
		start += 1 << level
	}
	return e, nil
}

// checkEdge holds the right edge against the hashes below it. The error is errShort when it is not
// made of them.
func checkEdge(f io.ReaderAt, size uint64) error {
	start := uint64(0)
	for level := bits.Len64(size) - 1; level > 0; level-- {
		if size&(1<<level) == 0 {
			continue
		}
		n := int64(start >> level)
		parent, err := readHash(f, tlog.StoredHashIndex(level, n))
		if err != nil {
			return err
		}
		left, err := readHash(f, tlog.StoredHashIndex(level-1, 2*n))
		if err != nil {
			return err
		}
		right, err := readHash(f, tlog.StoredHashIndex(level-1, 2*n+1))
		if err != nil {
			return err
		}
		if nodeHash(&left, &right) != parent {
			return fmt.Errorf("audit log: tree: %w", errShort)
		}
		start += 1 << level
	}
	return nil
}

// write puts hashes where those of the leaf n and of the leaves after it stand.
func (t tree) write(n uint64, hashes [][32]byte) error {
	f, err := t.dir.OpenFile(treeFile, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(writeHashes(f, n, hashes), f.Close())
}

func writeHashes(f io.WriterAt, n uint64, hashes [][32]byte) error {
	b := make([]byte, 0, len(hashes)*hashSize)
	for _, h := range hashes {
		b = append(b, h[:]...)
	}
	_, err := f.WriteAt(b, tlog.StoredHashIndex(0, int64(n))*hashSize)
	return err
}

// ReadHashes implements tlog.HashReader.
func (t tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	f, err := t.open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		h, err := readHash(f, index)
		if err != nil {
			return nil, err
		}
		hashes[i] = h
	}
	return hashes, nil
}

// Hashes reads the stored hashes of the log's tree, as they stand in the file. Whoever uses them
// for a proof checks the proof.
func (l *Log) Hashes() tlog.HashReader { return tree{l.dir} }
