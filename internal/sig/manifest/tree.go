package manifest

import (
	"crypto/sha256"
	"math/bits"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// tree computes an RFC 6962 tree hash leaf by leaf. It holds the roots of the
// perfect subtrees so far: one for each bit set in size, the largest first.
// The zero value is the empty tree.
type tree struct {
	size  int64
	roots []tlog.Hash
	buf   []byte

	// completed, if not nil, sees each subtree as it becomes complete: level 0
	// is a leaf, n counts the subtrees of a level from the left.
	completed func(level int, n int64, root tlog.Hash)
}

// add appends the leaf of a line, given without its line feed.
func (t *tree) add(line []byte) {
	t.buf = append(append(t.buf[:0], 0), line...) // 0x00 ‖ line, RFC 6962 §2.1
	t.addLeaf(sha256.Sum256(t.buf))
}

func (t *tree) addLeaf(h tlog.Hash) {
	n := t.size
	t.see(0, n, h)
	for level := 1; n&1 == 1; level++ {
		last := len(t.roots) - 1
		h = tlog.NodeHash(t.roots[last], h)
		t.roots = t.roots[:last]
		n >>= 1
		t.see(level, n, h)
	}
	t.roots = append(t.roots, h)
	t.size++
}

func (t *tree) see(level int, n int64, h tlog.Hash) {
	if t.completed != nil {
		t.completed(level, n, h)
	}
}

// root returns the hash of the tree as it is.
func (t *tree) root() tlog.Hash {
	if t.size == 0 {
		return sha256.Sum256(nil)
	}
	last := len(t.roots) - 1
	h := t.roots[last]
	for _, left := range slices.Backward(t.roots[:last]) {
		h = tlog.NodeHash(left, h)
	}
	return h
}

// pathLength is the number of hashes in the audit path of leaf index in a tree
// of size leaves (RFC 9162 §2.1.3.1).
func pathLength(index, size int64) int {
	within := bits.Len64(uint64(index ^ (size - 1)))
	return within + bits.OnesCount64(uint64(index)>>within)
}
