package mask

import "kai/internal/secret"

// NewWithHead is New with another MaxHead.
func NewWithHead(values []*secret.Bytes, head int) *Masker { return newMasker(values, head) }

// Forms returns value in all forms.
func Forms(value []byte) [][]byte {
	var all [][]byte
	for _, f := range forms() {
		var text []byte
		c := newCursor(f, value)
		for b, ok := c.next(); ok; b, ok = c.next() {
			text = append(text, b)
		}
		all = append(all, text)
	}
	return all
}

// Memory returns all that m and w hold.
func Memory(m *Masker, w *Writer) [][]byte {
	all := [][]byte{m.trie.nodes, m.trie.filter, w.buf[:cap(w.buf)], w.out[:cap(w.out)]}
	for _, value := range m.values {
		all = append(all, value.Expose())
	}
	for _, tails := range m.trie.tails {
		for i := range tails {
			all = append(all, tails[i].unit[:])
		}
	}
	return all
}

// Nodes is the size of the automaton.
func Nodes(m *Masker) int { return int(m.trie.count) }
