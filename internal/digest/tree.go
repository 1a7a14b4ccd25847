package digest

import (
	"encoding/binary"
	"math/bits"

	"lukechampine.com/blake3/guts"
)

const (
	groupSize    = guts.MaxSIMD * guts.ChunkSize // what one call of CompressBuffer takes
	groupHeight  = 4                             // 16 chunks
	segmentChunk = segmentSize / guts.ChunkSize

	segmentHeight = 10 // 1,024 chunks
)

// chain is the chaining value of a subtree.
type chain = [8]uint32

// tree is a BLAKE3 tree that is complete up to some chunk. The zero value is
// empty.
type tree struct {
	chunks uint64    // so far; bit i is set iff stack[i] is in use
	stack  [54]chain // a subtree of 2^i chunks each; 2^54 chunks are 2^64 bytes
}

// push adds a subtree of 2^height chunks. The chunks so far are a multiple of
// that, and it is not the end of the input.
func (t *tree) push(right chain, height int) {
	i := height
	for ; t.chunks&(1<<i) != 0; i++ {
		right = parent(t.stack[i], right)
	}
	t.stack[i] = right
	t.chunks += 1 << height
}

// finish adds the last 1 to segmentSize bytes of the input, which are those at
// the start of buf, and returns the digest.
func (t *tree) finish(buf *[segmentSize]byte, length int) [32]byte {
	offset := 0
	for ; length-offset > groupSize; offset += groupSize {
		t.push(group(buf, offset, groupSize, t.chunks), groupHeight)
	}
	node := guts.CompressBuffer((*[groupSize]byte)(buf[offset:]), length-offset, &guts.IV, t.chunks, 0)
	for used := t.chunks; used != 0; used &= used - 1 {
		left := t.stack[bits.TrailingZeros64(used)]
		node = guts.ParentNode(left, guts.ChainingValue(node), &guts.IV, 0)
	}
	node.Flags |= guts.FlagRoot
	var sum [32]byte
	for i, word := range guts.ChainingValue(node) {
		binary.LittleEndian.PutUint32(sum[4*i:], word)
	}
	return sum
}

// segment returns the chaining value of one full segment, which begins at the
// given chunk of the input and is not its end.
func segment(buf *[segmentSize]byte, chunk uint64) chain {
	var level [segmentSize / groupSize]chain
	for i := range level {
		level[i] = group(buf, i*groupSize, groupSize, chunk+uint64(i*guts.MaxSIMD))
	}
	for n := len(level) / 2; n > 0; n /= 2 {
		for i := range n {
			level[i] = parent(level[2*i], level[2*i+1])
		}
	}
	return level[0]
}

func group(buf *[segmentSize]byte, offset, length int, chunk uint64) chain {
	return guts.ChainingValue(guts.CompressBuffer((*[groupSize]byte)(buf[offset:]), length, &guts.IV, chunk, 0))
}

func parent(left, right chain) chain {
	return guts.ChainingValue(guts.ParentNode(left, right, &guts.IV, 0))
}
