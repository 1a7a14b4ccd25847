package witness

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/audit/checkpoint"
)

// Request asks a witness to cosign a checkpoint.
type Request struct {
	Old        uint64      // the size that the witness has cosigned last; 0 for never
	Proof      []tlog.Hash // RFC 6962 §2.1.2, from Old to the checkpoint; at most MaxHashes
	Checkpoint []byte      // the signed note, as package checkpoint reads it
}

// NewRequest makes the request for a log of one's own.
//
// note is the signed checkpoint; of its lines those under the log's origin are
// sent. old is the size that the witness has cosigned last, at most the
// checkpoint's; tree yields the hashes stored for at least the checkpoint's
// records.
//
// The errors are ErrMalformed, checkpoint.ErrUntrusted when no line is under the
// origin, ErrOldSize, ErrTree, and those of tree.
func NewRequest(old uint64, note []byte, tree tlog.HashReader) (*Request, error) {
	n, err := checkpoint.ParseNote(note)
	if err != nil {
		return nil, err
	}
	c := n.Claimed()
	// Other witnesses' lines are no business of this one, and make requests
	// larger than some accept.
	own, err := n.Under(c.Origin)
	if err != nil {
		return nil, err
	}
	if old > c.Size {
		return nil, fmt.Errorf("%w: %d of %d", ErrOldSize, old, c.Size)
	}
	root, err := tlog.TreeHash(int64(c.Size), tree)
	if err != nil {
		return nil, fmt.Errorf("root of %d records: %w", c.Size, err)
	}
	if root != c.Root {
		return nil, fmt.Errorf("%w: size %d", ErrTree, c.Size)
	}
	r := &Request{Old: old, Checkpoint: own.Bytes()}
	if old == 0 || old == c.Size {
		return r, nil // nothing to prove
	}
	if r.Proof, err = tlog.ProveTree(int64(c.Size), int64(old), tree); err != nil {
		return nil, fmt.Errorf("consistency of %d with %d records: %w", c.Size, old, err)
	}
	return r, nil
}

// Format returns the body of an add-checkpoint call, as ParseRequest reads it.
//
// The error is ErrMalformed for a request that no body can hold.
//
// Format: https://c2sp.org/tlog-witness, "add-checkpoint"
func (r *Request) Format() ([]byte, error) {
	b := fmt.Appendf(nil, "old %d\n", r.Old)
	for _, h := range r.Proof {
		b = append(b, h.String()+"\n"...)
	}
	b = append(b, '\n')
	b = append(b, r.Checkpoint...)
	// What is too much for a body is so in one place: where it is read.
	if _, err := ParseRequest(b); err != nil {
		return nil, err
	}
	return b, nil
}

// ParseRequest reads the body of an add-checkpoint call of at most MaxRequest
// bytes. The note in it is parsed too, but nothing is checked. Format returns the
// same bytes again.
//
// The error is ErrMalformed.
//
// Format: https://c2sp.org/tlog-witness, "add-checkpoint"
func ParseRequest(data []byte) (*Request, error) {
	if len(data) > MaxRequest {
		return nil, malformed(MaxRequest, fmt.Sprintf("longer than %d bytes", MaxRequest))
	}
	line, rest, ok := strings.Cut(string(data), "\n")
	number, old := strings.CutPrefix(line, "old ")
	size, ok2 := parseSize(number)
	if !ok || !old || !ok2 {
		return nil, malformed(0, "no line with the old size")
	}
	r := &Request{Old: size}
	for {
		at := len(data) - len(rest)
		if line, rest, ok = strings.Cut(rest, "\n"); !ok {
			return nil, malformed(len(data), "no empty line above the checkpoint")
		}
		if line == "" {
			break
		}
		h, err := tlog.ParseHash(line)
		if err != nil || h.String() != line {
			return nil, malformed(at, "not the base64 of a hash")
		}
		if len(r.Proof) == MaxHashes {
			return nil, malformed(at, fmt.Sprintf("more than %d hashes", MaxHashes))
		}
		r.Proof = append(r.Proof, h)
	}
	if _, err := checkpoint.ParseNote([]byte(rest)); err != nil {
		return nil, checkpoint.Shift(err, len(data)-len(rest))
	}
	r.Checkpoint = []byte(rest)
	return r, nil
}

// consistent reports whether the proof leads from the root of the old size, which
// must be r.Old, to a checkpoint.
func (r *Request) consistent(root tlog.Hash, c checkpoint.Checkpoint) bool {
	if r.Old == 0 || r.Old == c.Size {
		// From nothing everything grows, and from a tree the same tree.
		return len(r.Proof) == 0 && (r.Old == 0 || root == c.Root)
	}
	return tlog.CheckTree(slices.Clone(r.Proof), int64(c.Size), c.Root, int64(r.Old), root) == nil
}

// parseSize reads a decimal number in its one spelling.
func parseSize(text string) (uint64, bool) {
	n, err := strconv.ParseUint(text, 10, 64)
	return n, err == nil && strconv.FormatUint(n, 10) == text
}

func malformed(offset int, reason string) error {
	return &checkpoint.SyntaxError{What: "request", Offset: offset, Reason: reason}
}
