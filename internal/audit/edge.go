package audit

import (
	"crypto/sha256"
	"math/bits"
)

// edge is the right edge of a Merkle tree: the hashes of the perfect subtrees that its size
// divides into, the largest first. It is all that growing the tree takes.
type edge struct {
	size   uint64
	hashes [64][32]byte // the first OnesCount(size) of them
}

// add appends a leaf and returns the hashes that are now complete: the leaf and the subtrees it
// ends, in ascending order of levels. They are what tlog.StoredHashIndex numbers next.
func (e *edge) add(leaf [32]byte, stored [][32]byte) [][32]byte {
	stored = append(stored, leaf)
	top := bits.OnesCount64(e.size)
	for range bits.TrailingZeros64(^e.size) { // each subtree of the same height is joined with it
		top--
		leaf = nodeHash(&e.hashes[top], &leaf)
		stored = append(stored, leaf)
	}
	e.hashes[top] = leaf
	e.size++
	return stored
}

// root is the hash of the whole tree; of an empty one SHA-256 of nothing, as RFC 6962 has it.
func (e *edge) root() [32]byte {
	n := bits.OnesCount64(e.size)
	if n == 0 {
		return sha256.Sum256(nil)
	}
	root := e.hashes[n-1]
	for i := n - 2; i >= 0; i-- {
		root = nodeHash(&e.hashes[i], &root)
	}
	return root
}
