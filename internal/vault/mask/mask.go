package mask

import (
	"bytes"
	"errors"
	"io"

	"kai/internal/secret"
)

// Tag stands where a value stood.
const Tag = "[kai:masked]"

// Masker knows the values to mask. Any number of Writers may use it at a time.
type Masker struct {
	values []*secret.Bytes
	trie   trie
}

// New returns a Masker for values, which it copies. Values shorter than MinValue, nil and wiped
// ones are not masked. It takes time and memory proportional to the heads of all forms, some 6 KiB
// for a value of 40 bytes.
func New(values []*secret.Bytes) *Masker { return newMasker(values, MaxHead) }

func newMasker(values []*secret.Bytes, head int) *Masker {
	m := &Masker{}
	var raw [][]byte
	for _, value := range values {
		if value.Wiped() {
			continue
		}
		// Programs that take a value from a file drop the line feed at its end.
		body := bytes.TrimRight(value.Expose(), "\r\n")
		if len(body) < MinValue {
			continue
		}
		kept := secret.New(len(body))
		copy(kept.Expose(), body)
		m.values = append(m.values, kept)
		raw = append(raw, kept.Expose())
	}
	if len(raw) > 0 {
		m.trie.build(raw, head)
	}
	return m
}

// Writer returns a stream in front of w. When nothing is to be masked it passes everything on.
func (m *Masker) Writer(w io.Writer) *Writer {
	out := &Writer{w: w, trie: &m.trie}
	if len(m.values) > 0 {
		out.store = secret.New(m.trie.head + chunk)
		out.buf = out.store.Expose()
	}
	return out
}

// Find reads r to its end and calls found with the offset of each stretch that a Writer would mask, in
// order.
func (m *Masker) Find(r io.Reader, found func(offset int64)) error {
	w := m.Writer(io.Discard)
	defer w.Close()
	w.found = found
	_, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{r}, make([]byte, chunk))
	return errors.Join(err, w.Flush())
}

// Close wipes the values and all that was made of them. The Writers must be closed before.
func (m *Masker) Close() {
	if len(m.values) > 0 {
		m.trie.wipe()
	}
	for _, value := range m.values {
		value.Wipe()
	}
	m.values = nil
}
