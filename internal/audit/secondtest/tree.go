//go:build unix

package secondtest

import (
	"crypto/sha256"
	"math/bits"
)

// tree is a Merkle tree of RFC 6962: the hashes of all complete subtrees, by
// the binary logarithm of their sizes.
type tree [][][32]byte

// node is the hash above two.
func node(left, right [32]byte) [32]byte {
	b := make([]byte, 0, 65)
	b = append(b, 1)
	b = append(b, left[:]...)
	return sha256.Sum256(append(b, right[:]...))
}

func (t *tree) add(h [32]byte) {
	for level := 0; ; level++ {
		if level == len(*t) {
			*t = append(*t, nil)
		}
		l := append((*t)[level], h)
		(*t)[level] = l
		if len(l)%2 == 1 {
			return
		}
		h = node(l[len(l)-2], l[len(l)-1])
	}
}

// root is that of the first n leaves.
func (t tree) root(n uint64) [32]byte {
	if n == 0 {
		return sha256.Sum256(nil)
	}
	return t.subtree(0, n)
}

// subtree is the root of n leaves from the leaf start, a multiple of the smallest
// power of two that is not below n.
func (t tree) subtree(start, n uint64) [32]byte {
	if n&(n-1) == 0 {
		level := bits.TrailingZeros64(n)
		return t[level][start>>level]
	}
	k := uint64(1) << (bits.Len64(n) - 1)
	return node(t.subtree(start, k), t.subtree(start+k, n-k))
}
