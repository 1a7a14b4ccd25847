package mask

import (
	"encoding/binary"

	"kai/internal/secret"
)

// trie is the automaton of Aho and Corasick over the heads of all forms. Nodes are numbers; 0 is
// the root, and "none" where no node can be the root.
type trie struct {
	store  *secret.Bytes
	nodes  []byte // in store: nodeSize bytes a node
	filter []byte // in store: 1<<filterBits bits, by hash of the first bytes of a form
	count  uint32

	root  [256]uint32         // the root's children
	tails map[uint32][]cursor // what follows the heads that end at a node of depth head
	head  int                 // MaxHead, less in tests
}

// A node is, in little endian: u32 first child, u32 next sibling, u32 fail (the node of the
// longest proper suffix of its bytes), byte, depth, length of the longest form that ends there or
// in a suffix, 0.
const (
	nodeSize    = 16
	nodeChild   = 0
	nodeSibling = 4
	nodeFail    = 8
	nodeByte    = 12
	nodeDepth   = 13
	nodeOut     = 14
)

func (t *trie) link(node uint32, field int) uint32 {
	return binary.LittleEndian.Uint32(t.nodes[int(node)*nodeSize+field:])
}

func (t *trie) setLink(node uint32, field int, to uint32) {
	binary.LittleEndian.PutUint32(t.nodes[int(node)*nodeSize+field:], to)
}

func (t *trie) depth(node uint32) int { return int(t.nodes[int(node)*nodeSize+nodeDepth]) }
func (t *trie) out(node uint32) int   { return int(t.nodes[int(node)*nodeSize+nodeOut]) }

// child returns the node that b leads to, or 0.
func (t *trie) child(node uint32, b byte) uint32 {
	if node == 0 {
		return t.root[b]
	}
	for n := t.link(node, nodeChild); n != 0; n = t.link(n, nodeSibling) {
		if t.nodes[int(n)*nodeSize+nodeByte] == b {
			return n
		}
	}
	return 0
}

// build makes the automaton for values in all forms. It keeps the values.
func (t *trie) build(values [][]byte, head int) {
	t.head = head
	t.tails = make(map[uint32][]cursor)
	forms := forms()
	size := 1 // the root
	wanted := make([][]*form, len(values))
	for i, value := range values {
		wanted[i] = distinct(forms, value)
		for _, f := range wanted[i] {
			c := newCursor(f, value)
			n := 0
			for _, ok := c.next(); ok && n < head; _, ok = c.next() {
				n++
			}
			size += n
			clear(c.unit[:])
		}
	}
	t.store = secret.New(size*nodeSize + 1<<(filterBits-3))
	mem := t.store.Expose()
	t.nodes, t.filter = mem[:size*nodeSize], mem[size*nodeSize:]
	t.count = 1
	for i, value := range values {
		for _, f := range wanted[i] {
			t.insert(newCursor(f, value))
		}
	}
	t.connect()
}

// insert adds a form.
func (t *trie) insert(c cursor) {
	var node uint32
	var begin [entry]byte
	for depth := range t.head {
		b, ok := c.next()
		if !ok {
			break
		}
		if depth < entry {
			begin[depth] = b
		}
		next := t.child(node, b)
		if next == 0 {
			next = t.add(node, b, depth+1)
		}
		node = next
	}
	h := hash(binary.LittleEndian.Uint32(begin[:]))
	t.filter[h>>3] |= 1 << (h & 7)
	t.nodes[int(node)*nodeSize+nodeOut] = byte(t.depth(node))
	// Of a long form what agrees is masked, so the one with the last character will do.
	if c.more() && c.form.last() {
		t.tails[node] = append(t.tails[node], c)
	}
	clear(c.unit[:])
}

func (t *trie) add(parent uint32, b byte, depth int) uint32 {
	n := t.count
	t.count++
	t.nodes[int(n)*nodeSize+nodeByte] = b
	t.nodes[int(n)*nodeSize+nodeDepth] = byte(depth)
	if parent == 0 {
		t.root[b] = n
	} else {
		t.setLink(n, nodeSibling, t.link(parent, nodeChild))
		t.setLink(parent, nodeChild, n)
	}
	return n
}

// connect sets the fail links, nodes of small depth first.
func (t *trie) connect() {
	queue := make([]uint32, 0, t.count)
	for _, n := range t.root {
		if n != 0 {
			queue = append(queue, n)
		}
	}
	for i := 0; i < len(queue); i++ {
		parent := queue[i]
		for n := t.link(parent, nodeChild); n != 0; n = t.link(n, nodeSibling) {
			b := t.nodes[int(n)*nodeSize+nodeByte]
			fail := t.link(parent, nodeFail)
			to := t.child(fail, b)
			for to == 0 && fail != 0 {
				fail = t.link(fail, nodeFail)
				to = t.child(fail, b)
			}
			t.setLink(n, nodeFail, to)
			out := &t.nodes[int(n)*nodeSize+nodeOut]
			*out = max(*out, byte(t.out(to)))
			queue = append(queue, n)
		}
	}
}

// hash maps the first bytes of a form to a bit of the filter (Knuth's multiplicative hashing).
func hash(first uint32) uint32 { return first * 2654435769 >> (32 - filterBits) }

// enter returns the first offset from q at which entry bytes lead from the root to a node, and
// the node. When there is none the node is 0 and fewer than entry bytes are left from the offset.
func (t *trie) enter(b []byte, q int) (int, uint32) {
	filter := (*[1 << (filterBits - 3)]byte)(t.filter)
	for ; q+entry <= len(b); q++ {
		h := hash(binary.LittleEndian.Uint32(b[q:]))
		if filter[h>>3]>>(h&7)&1 == 0 {
			continue
		}
		if node := t.walk(b[q : q+entry]); node != 0 {
			return q, node
		}
	}
	return q, 0
}

// walk follows b from the root.
func (t *trie) walk(b []byte) uint32 {
	var node uint32
	for _, c := range b {
		if node = t.child(node, c); node == 0 {
			return 0
		}
	}
	return node
}

// begins returns the length of the longest suffix of b that some form begins with.
func (t *trie) begins(b []byte) int {
	for n := len(b); n > 0; n-- {
		if t.walk(b[len(b)-n:]) != 0 {
			return n
		}
	}
	return 0
}

func (t *trie) wipe() {
	t.store.Wipe()
	t.nodes, t.filter = nil, nil
	clear(t.root[:])
	for _, tails := range t.tails {
		clear(tails)
	}
	t.tails = nil
}
