package manifest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"

	"kai/internal/digest"
	"kai/internal/sig"
)

// formatName is the name in syntax errors and claims.
const (
	formatName      = "manifest"
	proofFormatName = "proof"
)

// Open reads the manifest in the first size bytes of file, which stays in use
// until the Manifest is no longer needed. Memory does not depend on size.
//
// The errors are sig.ErrMalformed, mostly as *sig.SyntaxError, sig.ErrTooLarge
// and the file's own; and *sig.BadSignature with code "content" if the file is
// well-formed and its entries are not those of its head.
func Open(file io.ReaderAt, size int64) (*Manifest, error) {
	if size > Limits.FileSize {
		return nil, tooLarge("file of %d bytes, at most %d", size, Limits.FileSize)
	}
	m, err := read(io.NewSectionReader(file, 0, size), Limits)
	if err != nil {
		return nil, err
	}
	m.file = file
	return m, nil
}

// read reads a whole manifest and keeps all but the entries.
func read(r io.Reader, limits sig.Limits) (*Manifest, error) {
	in := newLines(r, limits.FileSize)
	head, err := readHead(in, formatName)
	if err != nil {
		return nil, err
	}
	m := &Manifest{head: head, offset: in.offset}
	entries := newEntries(in, head.Algorithm)
	for err == nil {
		_, err = entries.next()
	}
	if err == io.EOF {
		err = place(formatName, in.offset, fault("entries without an empty line after them"))
	}
	if err != errEmptyLine {
		return nil, err
	}
	m.length = in.offset - 1 - m.offset
	if m.blocks, m.claims, err = readBlocks(in, formatName, m.Signed(), limits); err != nil {
		return nil, err
	}
	if err := entries.check(&head); err != nil {
		return nil, err
	}
	return m, nil
}

// readHead reads the lines of a head and its empty line.
func readHead(in *lines, format string) (Head, error) {
	var text []string
	var starts []int64
	first := in.offset
	for {
		start := in.offset
		line, err := in.next()
		if err == io.EOF {
			return Head{}, place(format, start, fault("head without an empty line after it"))
		}
		if err != nil {
			return Head{}, place(format, start, err)
		}
		if in.offset-first > maxHead {
			return Head{}, tooLarge("head of more than %d bytes", maxHead)
		}
		if len(line) == 0 {
			break
		}
		text, starts = append(text, string(line)), append(starts, start)
		if text[0] != magic {
			return Head{}, place(format, start, fault("first line is not "+magic))
		}
	}
	starts = append(starts, in.offset)
	h, i, err := parseHead(text)
	return h, place(format, starts[i], err)
}

// readBlocks reads the signature blocks to the end of the file.
func readBlocks(in *lines, format string, signed []byte, limits sig.Limits) ([]byte, []sig.Claim, error) {
	start := in.offset
	data, err := io.ReadAll(io.LimitReader(in.in, maxBlocks+1))
	if err != nil {
		return nil, nil, err
	}
	if len(data) > maxBlocks {
		return nil, nil, tooLarge("signature blocks of more than %d bytes", maxBlocks)
	}
	if in.limit > 0 && in.offset+int64(len(data)) > in.limit {
		return nil, nil, tooLarge("file of more than %d bytes", in.limit)
	}
	claims, err := claimsOver(signed, format, data, start, limits)
	return data, claims, err
}

// entries reads the lines of entries, and the tree over them.
type entries struct {
	lines     *lines
	algorithm digest.Algorithm
	tree      tree
	size      int64 // of regular files, never overflowing
	last      []byte
}

func newEntries(in *lines, a digest.Algorithm) *entries {
	return &entries{lines: in, algorithm: a}
}

// errEmptyLine is the end of the entries in a file.
var errEmptyLine = errors.New("empty line")

// next returns the next entry, errEmptyLine after an empty line, or io.EOF at
// the end of the input if there was no entry at all or it ended in a line feed.
func (s *entries) next() (Entry, error) {
	start := s.lines.offset
	line, err := s.lines.next()
	if err != nil {
		return Entry{}, place(formatName, start, err)
	}
	if len(line) == 0 {
		return Entry{}, errEmptyLine
	}
	e, err := parseEntry(string(line), s.algorithm)
	if err == nil {
		err = s.follow(&e)
	}
	if err != nil {
		return Entry{}, place(formatName, start, err)
	}
	s.tree.add(line)
	return e, nil
}

// follow checks an entry against those before it.
func (s *entries) follow(e *Entry) error {
	if s.tree.size == MaxEntries {
		return tooLarge("more than %d entries", MaxEntries)
	}
	switch order := bytes.Compare(s.last, []byte(e.Path)); {
	case order == 0:
		return fault("path of the line before once more")
	case order > 0:
		return fault("paths not sorted")
	}
	s.last = append(s.last[:0], e.Path...)
	if !e.Type.IsRegular() {
		return nil
	}
	if e.Size > math.MaxInt64-s.size {
		return fault("sum of sizes above 2^63-1")
	}
	s.size += e.Size
	return nil
}

// check compares all entries with what a head says about them.
func (s *entries) check(h *Head) error {
	switch {
	case s.tree.size != h.Entries:
		return differs("manifest of %d entries whose head says %d", s.tree.size, h.Entries)
	case s.size != h.Size:
		return differs("manifest of %d bytes whose head says %d", s.size, h.Size)
	case s.tree.root() != h.Root:
		return differs("entries of the manifest do not have the root in its head")
	}
	return nil
}

// lines reads lines that end in a line feed, and knows where it is.
type lines struct {
	in     *bufio.Reader
	offset int64 // of the next line
	limit  int64 // of offset; 0 is none
}

func newLines(r io.Reader, limit int64) *lines {
	if limit > 0 {
		r = io.LimitReader(r, limit+1)
	}
	return &lines{in: bufio.NewReaderSize(r, 64<<10), limit: limit}
}

// next returns a line without its line feed, valid until the next call. The
// errors are io.EOF if there is none, a fault, sig.ErrTooLarge and the
// reader's.
func (l *lines) next() ([]byte, error) {
	line, err := l.in.ReadSlice('\n')
	l.offset += int64(len(line))
	switch {
	case l.limit > 0 && l.offset > l.limit:
		return nil, tooLarge("file of more than %d bytes", l.limit)
	case err == bufio.ErrBufferFull, err == nil && len(line) > maxLine+1:
		return nil, tooLarge("line of more than %d bytes", maxLine)
	case err == io.EOF && len(line) > 0:
		return nil, fault("last line without a line feed")
	case err != nil:
		return nil, err
	}
	return line[:len(line)-1], nil
}
