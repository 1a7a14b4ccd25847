package proof

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/audit/checkpoint"
)

// header is the first line.
const header = "c2sp.org/tlog-proof@v1\n"

// Proof is a parsed or made proof that nobody has checked.
type Proof struct {
	Extra  []byte      // 1 to MaxRecord bytes, or none: the record, if it is one of ours
	Index  uint64      // of the record in the log, from 0
	Hashes []tlog.Hash // at most MaxHashes, from the leaf's sibling upwards
	Note   []byte      // the signed checkpoint, as package checkpoint reads it
}

// Make proves that a record is in the log, under a signed checkpoint.
//
// record has 1 to MaxRecord bytes and becomes the extra data; index is its number
// in the log; note is the signed checkpoint, whose signatures are not verified;
// tree yields the hashes that were stored for at least the checkpoint's records.
// The proof is checked before it is returned: it leads from the record to the
// checkpoint's root.
//
// The errors are ErrMalformed for record or note, ErrRange when index is not
// below the checkpoint's size, ErrBad when record and tree do not belong to the
// checkpoint, and those of tree.
func Make(record []byte, index uint64, note []byte, tree tlog.HashReader) (*Proof, error) {
	n, err := checkpoint.ParseNote(note)
	if err != nil {
		return nil, err
	}
	c := n.Claimed()
	if len(record) == 0 || len(record) > MaxRecord {
		return nil, fmt.Errorf("record of %d bytes, want 1 to %d: %w", len(record), MaxRecord, ErrMalformed)
	}
	if index >= c.Size {
		return nil, fmt.Errorf("%w: record %d, size %d", ErrRange, index, c.Size)
	}
	hashes, err := tlog.ProveRecord(int64(c.Size), int64(index), tree)
	if err != nil {
		return nil, fmt.Errorf("proof of record %d: %w", index, err)
	}
	p := &Proof{Extra: bytes.Clone(record), Index: index, Hashes: hashes, Note: bytes.Clone(note)}
	if err := p.follow(c, record); err != nil {
		return nil, err
	}
	return p, nil
}

// Format returns the file of a proof, as Parse reads it.
//
// The error is ErrMalformed for a proof that no file can hold.
//
// Format: https://c2sp.org/tlog-proof
func Format(p *Proof) ([]byte, error) {
	b := []byte(header)
	if len(p.Extra) > 0 {
		b = append(b, "extra "...)
		b = base64.StdEncoding.AppendEncode(b, p.Extra)
		b = append(b, '\n')
	}
	b = fmt.Appendf(b, "index %d\n", p.Index)
	for _, h := range p.Hashes {
		b = append(b, h.String()+"\n"...)
	}
	b = append(b, '\n')
	b = append(b, p.Note...)
	// What is too much for a file is so in one place: where it is read.
	if _, err := Parse(b); err != nil {
		return nil, err
	}
	return b, nil
}

// Parse reads a proof of at most MaxProof bytes. The note in it is parsed too,
// but nothing is checked. Format returns the same bytes again.
//
// The error is ErrMalformed.
//
// Format: https://c2sp.org/tlog-proof
func Parse(data []byte) (*Proof, error) {
	if len(data) > MaxProof {
		return nil, malformed(MaxProof, fmt.Sprintf("longer than %d bytes", MaxProof))
	}
	r := reader{rest: string(data)}
	p := &Proof{}
	if r.next(); r.line+"\n" != header {
		return nil, malformed(0, "not a proof of version 1")
	}
	r.next()
	if encoded, ok := strings.CutPrefix(r.line, "extra "); ok {
		extra, err := base64.StdEncoding.Strict().DecodeString(encoded)
		if err != nil || base64.StdEncoding.EncodedLen(len(extra)) != len(encoded) {
			return nil, malformed(r.at, "bad base64 in the extra line")
		}
		if len(extra) == 0 || len(extra) > MaxRecord {
			return nil, malformed(r.at, fmt.Sprintf("extra data of %d bytes, want 1 to %d", len(extra), MaxRecord))
		}
		p.Extra = extra
		r.next()
	}
	number, ok := strings.CutPrefix(r.line, "index ")
	index, err := strconv.ParseUint(number, 10, 64)
	if !ok || err != nil || strconv.FormatUint(index, 10) != number {
		return nil, malformed(r.at, "no index line")
	}
	p.Index = index
	for r.next(); r.line != ""; r.next() {
		h, err := tlog.ParseHash(r.line)
		if err != nil || h.String() != r.line {
			return nil, malformed(r.at, "not the base64 of a hash")
		}
		if len(p.Hashes) == MaxHashes {
			return nil, malformed(r.at, fmt.Sprintf("more than %d hashes", MaxHashes))
		}
		p.Hashes = append(p.Hashes, h)
	}
	if r.ended {
		return nil, malformed(len(data), "no empty line above the checkpoint")
	}
	return p, p.setNote(r.rest, len(data)-len(r.rest))
}

// setNote takes the checkpoint in, which begins at an offset of the file.
func (p *Proof) setNote(text string, offset int) error {
	n, err := checkpoint.ParseNote([]byte(text))
	if err != nil {
		return checkpoint.Shift(err, offset)
	}
	if size := n.Claimed().Size; p.Index >= size {
		return malformed(offset, fmt.Sprintf("index %d in a tree of %d records", p.Index, size))
	}
	p.Note = []byte(text)
	return nil
}

// follow walks from a record to the root of its checkpoint. The error is ErrBad.
func (p *Proof) follow(c checkpoint.Checkpoint, record []byte) error {
	if c.Size > checkpoint.MaxSize || p.Index >= c.Size {
		return fmt.Errorf("%w: index %d in a tree of %d records", ErrBad, p.Index, c.Size)
	}
	err := tlog.CheckRecord(p.Hashes, int64(c.Size), c.Root, int64(p.Index), tlog.RecordHash(record))
	if err != nil {
		return fmt.Errorf("%w: the hashes do not lead from record %d to the root of %d records", ErrBad, p.Index, c.Size)
	}
	return nil
}

// reader reads a text line by line.
type reader struct {
	rest  string
	line  string // without its line feed
	at    int    // offset of line
	after int    // offset of rest
	ended bool   // there was no line feed any more; line is empty
}

func (r *reader) next() {
	line, rest, ok := strings.Cut(r.rest, "\n")
	if !ok {
		line, rest, r.ended = "", "", true
	}
	r.line, r.rest, r.at = line, rest, r.after
	r.after += len(line) + 1
}

func malformed(offset int, reason string) error {
	return &checkpoint.SyntaxError{What: "proof", Offset: offset, Reason: reason}
}
