package manifest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/sig"
)

// Proof is one entry of a manifest with its audit path, which leads to the root
// in the head that it repeats. Who signed that head is another question.
type Proof struct {
	head   Head
	index  int64
	entry  Entry
	path   tlog.RecordProof
	blocks []byte
	claims []sig.Claim
}

// Head returns the manifest's head.
func (p *Proof) Head() Head { return p.head }

// Signed returns the bytes that a signature is over: the manifest's head with
// its empty line.
func (p *Proof) Signed() []byte { return p.head.Bytes() }

// Claims returns the signatures, over Signed.
func (p *Proof) Claims() []sig.Claim { return p.claims }

// Entry returns the entry that is proven. It must not be changed.
func (p *Proof) Entry() Entry { return p.entry }

// Prove makes the proof for the entry of a path, which is not escaped. It has
// the manifest's signature blocks. The entries are read twice.
//
// The errors are ErrNoEntry, ErrChanged and those of reading.
func (m *Manifest) Prove(path string) (*Proof, error) {
	p := &Proof{head: m.head, index: -1, blocks: m.blocks}
	want := escape(path)
	i := int64(0)
	for e, err := range m.Entries() {
		if err != nil {
			return nil, err
		}
		if e.Path == want {
			p.index, p.entry = i, e
			break
		}
		i++
	}
	if p.index < 0 {
		return nil, &PathError{want, ErrNoEntry}
	}
	var err error
	p.path, err = tlog.ProveRecord(m.head.Entries, p.index, tlog.HashReaderFunc(m.hashes))
	if err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("manifest entries: %w", ErrChanged)
	}
	p.claims, err = claimsOver(p.Signed(), proofFormatName, p.blocks, 0, Limits)
	return p, err
}

// hashes reads the entries once and picks the hashes of subtrees, which are
// named by their places in a tlog's storage.
func (m *Manifest) hashes(indexes []int64) ([]tlog.Hash, error) {
	place := make(map[int64]int, len(indexes))
	for i, index := range indexes {
		place[index] = i
	}
	picked := make([]tlog.Hash, len(indexes))
	r := m.reader()
	r.entries.tree.completed = func(level int, n int64, h tlog.Hash) {
		if i, ok := place[tlog.StoredHashIndex(level, n)]; ok {
			picked[i] = h
		}
	}
	for {
		if _, err := r.next(); err == io.EOF {
			return picked, nil
		} else if err != nil {
			return nil, err
		}
	}
}

// check follows the audit path.
func (p *Proof) check() error {
	leaf := sha256.Sum256(p.entry.appendTo([]byte{0}))
	if tlog.CheckRecord(p.path, p.head.Entries, p.head.Root, p.index, leaf) != nil {
		return differs("audit path does not lead from the entry to the root in the head")
	}
	return nil
}

// Match compares a file's digest, by the algorithm of the head, and size with
// the entry. A proof is about content: it does not tell whether a file that was
// copied alone is still executable.
//
// The error is *sig.BadSignature with code "content".
func (p *Proof) Match(sum []byte, size int64) error {
	switch {
	case !p.entry.Type.IsRegular():
		return differs("proof is not about a regular file")
	case size != p.entry.Size:
		return differs("file of %d bytes, the proof says %d", size, p.entry.Size)
	case !bytes.Equal(sum, p.entry.Sum):
		return differs("content is not that of the proof")
	}
	return nil
}

// Bytes returns the proof's file.
func (p *Proof) Bytes() []byte {
	b := append([]byte(proofMagic+"\n"), p.Signed()...)
	b = fmt.Appendf(b, "index %d\n", p.index)
	b = append(p.entry.appendTo(b), '\n')
	for _, h := range p.path {
		b = fmt.Appendln(b, h)
	}
	return append(append(b, '\n'), p.blocks...)
}

// ReadProof reads a proof.
//
// The errors are sig.ErrMalformed, mostly as *sig.SyntaxError, sig.ErrTooLarge
// and the reader's; and *sig.BadSignature with code "content" if the proof is
// well-formed and does not lead to the root in its head.
func ReadProof(r io.Reader) (*Proof, error) { return readProof(r, ProofLimits) }

func readProof(r io.Reader, limits sig.Limits) (*Proof, error) {
	in := newLines(r, limits.FileSize)
	first, err := in.next()
	if err == nil && string(first) != proofMagic || err == io.EOF {
		err = fault("first line is not " + proofMagic)
	}
	if err != nil {
		return nil, place(proofFormatName, 0, err)
	}
	p := new(Proof)
	if p.head, err = readHead(in, proofFormatName); err != nil {
		return nil, err
	}
	if err := p.readPath(in); err != nil {
		return nil, err
	}
	if p.blocks, p.claims, err = readBlocks(in, proofFormatName, p.Signed(), limits); err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	return p, nil
}

// readPath reads what is between the head and the blocks.
func (p *Proof) readPath(in *lines) error {
	for n := 0; ; n++ {
		start := in.offset
		line, err := in.next()
		if err == io.EOF {
			err = fault("proof without an empty line after its hashes")
		}
		if err == nil {
			var end bool
			if end, err = p.readLine(n, string(line)); end {
				return nil
			}
		}
		if err != nil {
			return place(proofFormatName, start, err)
		}
	}
}

// readLine reads line n after the head. end is true after the last.
func (p *Proof) readLine(n int, line string) (end bool, err error) {
	switch {
	case n == 0:
		word, ok := strings.CutPrefix(line, "index ")
		if p.index, err = parseSize(word); err != nil || !ok {
			return false, fault(`line that is not "index NUMBER"`)
		}
		if p.index >= p.head.Entries {
			return false, fault("index " + strconv.FormatInt(p.index, 10) + " beyond the entries of the head")
		}
		return false, nil
	case n == 1:
		p.entry, err = parseEntry(line, p.head.Algorithm)
		return false, err
	case len(p.path) == pathLength(p.index, p.head.Entries):
		if line != "" {
			return false, fault("more hashes than the place of the entry needs")
		}
		return true, nil
	}
	if line == "" {
		return false, fault("less hashes than the place of the entry needs")
	}
	h, err := parseHash(line)
	p.path = append(p.path, h)
	return false, err
}
