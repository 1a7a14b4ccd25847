package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/durable"
)

// rebuildTree computes the tree of the first n events from their lines and replaces the file.
// The leaves of pruned events, whose lines are gone, are taken from the old one.
func (l *Log) rebuildTree(n uint64) (edge, error) {
	out, err := l.dir.Create(treeFile, durable.CreateOptions{Mode: 0o600, Replace: true})
	if err != nil {
		return edge{}, err
	}
	defer out.Abort()
	var e edge
	var buf []byte
	err = l.eachLeaf(n, func(leaf [32]byte) error {
		for _, h := range e.add(leaf, nil) {
			buf = append(buf, h[:]...)
		}
		if len(buf) < chunkSize {
			return nil
		}
		_, err := out.Write(buf)
		buf = buf[:0]
		return err
	})
	if err == nil {
		_, err = out.Write(buf)
	}
	if err == nil {
		err = out.Commit()
	}
	if err != nil {
		return edge{}, fmt.Errorf("audit log: tree: %w", err)
	}
	return e, nil
}

// rootFromLines is the root of the first n events, computed from their lines.
func (l *Log) rootFromLines(n uint64) ([32]byte, error) {
	var e edge
	err := l.eachLeaf(n, func(leaf [32]byte) error { e.add(leaf, nil); return nil })
	return e.root(), err
}

// eachLeaf gives the hashes of the first n leaves.
func (l *Log) eachLeaf(n uint64, use func([32]byte) error) error {
	start, err := l.prunedTo()
	if err != nil {
		return err
	}
	if start > 0 {
		f, err := openPrivate(l.dir, treeFile, os.O_RDONLY)
		if err != nil {
			return err
		}
		defer f.Close()
		for i := range min(start, n) {
			leaf, err := readHash(f, tlog.StoredHashIndex(0, int64(i)))
			if err == nil {
				err = use(leaf)
			}
			if err != nil {
				return err
			}
		}
	}
	var h hasher
	next := start
	for v, err := range l.views(context.Background(), start, n) {
		if err == nil {
			err = use(h.line(v.Line))
		}
		if err != nil {
			return err
		}
		next++
	}
	if next < n {
		return &TamperError{N: next, Check: CheckTail, Text: fmt.Sprintf("%d events expected", n)}
	}
	return nil
}

// noEOF makes the end of a file where none should be an error of its own.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
