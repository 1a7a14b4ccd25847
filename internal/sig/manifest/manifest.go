package manifest

import (
	"errors"
	"fmt"
	"io"
	"iter"

	"kai/internal/sig"
)

// Manifest is a manifest whose parts agree with each other: its entries are as
// many as its head says and have its root. Who signed it, and whether any tree
// is like it, is another question.
//
// Entries stay in the file that it came from and are read again when needed;
// what differs then is ErrChanged.
type Manifest struct {
	head   Head
	file   io.ReaderAt // entries from offset, length bytes
	offset int64
	length int64
	blocks []byte
	claims []sig.Claim
	close  func() error
}

// Head returns what a signature covers directly.
func (m *Manifest) Head() Head { return m.head }

// Signed returns the bytes that a signature is over: the head with its empty
// line.
func (m *Manifest) Signed() []byte { return m.head.Bytes() }

// Claims returns the signatures, over Signed.
func (m *Manifest) Claims() []sig.Claim { return m.claims }

// Close removes what Options.Spill made. It does not close what Open got.
func (m *Manifest) Close() error {
	if m.close == nil {
		return nil
	}
	return m.close()
}

// WriteTo writes the file: head, entries, an empty line, signature blocks.
func (m *Manifest) WriteTo(w io.Writer) (int64, error) {
	var total int64
	head, err := w.Write(m.Signed())
	if total += int64(head); err != nil {
		return total, err
	}
	lines, err := io.Copy(w, m.lines())
	if total += lines; err != nil {
		return total, err
	}
	if lines != m.length {
		return total, fmt.Errorf("manifest entries: %w", ErrChanged)
	}
	rest, err := w.Write(append([]byte("\n"), m.blocks...))
	return total + int64(rest), err
}

func (m *Manifest) lines() *io.SectionReader {
	return io.NewSectionReader(m.file, m.offset, m.length)
}

// Entries yields the entries in their order. An error is the last element:
// reading failed, or ErrChanged.
func (m *Manifest) Entries() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		r := m.reader()
		for {
			e, err := r.next()
			if err == io.EOF {
				return
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// reader reads the entries once more.
func (m *Manifest) reader() *again {
	return &again{head: &m.head, entries: newEntries(newLines(m.lines(), 0), m.head.Algorithm)}
}

// again reads entries that were good before.
type again struct {
	head    *Head
	entries *entries
}

// next returns the next entry, or io.EOF after the last if all of them have
// been as they were.
func (a *again) next() (Entry, error) {
	e, err := a.entries.next()
	if err == nil {
		return e, nil
	}
	switch {
	case err == io.EOF && a.entries.check(a.head) == nil:
		return Entry{}, io.EOF
	case err == io.EOF, err == errEmptyLine, errors.Is(err, sig.ErrMalformed), errors.Is(err, sig.ErrTooLarge):
		err = ErrChanged
	}
	return Entry{}, fmt.Errorf("manifest entries: %w", err)
}
