package witness

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/audit/checkpoint"
)

// Memory is what a witness knows of the logs that it watches. Between the Load and
// the Store of one Cosign nobody else may Store: whoever implements it holds a lock
// for as long as the Memory is in use.
type Memory interface {
	// Load returns the size and root that were cosigned last for an origin, and
	// false when there was never one. A state that cannot be read is an error,
	// and never a false.
	Load(origin string) (size uint64, root tlog.Hash, known bool, err error)
	// Store replaces what Load returns. It is durable when it returns nil.
	Store(origin string, size uint64, root tlog.Hash) error
}

// Witness cosigns the checkpoints of logs that only grow. It holds no state; it
// may be used concurrently when its signers may.
type Witness struct {
	signers []*checkpoint.Signer
	logs    map[string][]*checkpoint.Verifier // by origin
}

// New makes a witness of its keys, of types 0x04 and 0x06, at least one and of one
// name, and of the keys of the logs that it watches. The name of a log's key is
// the log's origin.
//
// The error is ErrSetup.
func New(signers []*checkpoint.Signer, logs []*checkpoint.Verifier) (*Witness, error) {
	if len(signers) == 0 {
		return nil, fmt.Errorf("%w: no key", ErrSetup)
	}
	w := &Witness{signers: slices.Clone(signers), logs: make(map[string][]*checkpoint.Verifier)}
	for i, s := range signers {
		if t := s.Verifier().Type(); !t.Timed() {
			return nil, fmt.Errorf("%w: a key of type %s", ErrSetup, t)
		}
		if s.Name() != signers[0].Name() || slices.ContainsFunc(signers[:i], func(o *checkpoint.Signer) bool {
			return o.Verifier().Type() == s.Verifier().Type()
		}) {
			return nil, fmt.Errorf("%w: not one key of each type under one name", ErrSetup)
		}
	}
	for _, k := range logs {
		w.logs[k.Name()] = append(w.logs[k.Name()], k)
	}
	return w, nil
}

// Cosign checks a request against what the witness knows, remembers the checkpoint
// and returns the witness's signature lines for it, a line each key.
//
// Nothing is signed before memory has stored the new state. When signing fails
// after that, the same request is repeated with the new size as its old one.
//
// The errors are ErrMalformed, ErrUnknownLog, ErrSignature, ErrOldSize, ErrFork,
// ErrConflict and ErrRollback (*ConflictError), ErrInconsistent, those of memory,
// and those of checkpoint.Signer. Status turns them into the protocol's numbers.
//
// Source: https://c2sp.org/tlog-witness, "add-checkpoint"
func (w *Witness) Cosign(r *Request, memory Memory) ([]byte, error) {
	if len(r.Proof) > MaxHashes {
		return nil, malformed(0, fmt.Sprintf("more than %d hashes", MaxHashes))
	}
	c, err := w.open(r.Checkpoint)
	if err != nil {
		return nil, err
	}
	if r.Old > c.Size {
		return nil, fmt.Errorf("%w: %d of %d", ErrOldSize, r.Old, c.Size)
	}
	size, root, known, err := memory.Load(c.Origin)
	if err != nil {
		return nil, err
	}
	switch {
	case known && c.Size == size && c.Root != root:
		// Said before the old sizes are compared: the log has signed it.
		return nil, fmt.Errorf("%w: %q at size %d", ErrFork, c.Origin, size)
	case r.Old != size:
		return nil, &ConflictError{Size: size, Rollback: c.Size < size}
	case !r.consistent(root, c):
		return nil, fmt.Errorf("%w: %q from %d to %d", ErrInconsistent, c.Origin, size, c.Size)
	}
	if !known || c.Size != size {
		if err := memory.Store(c.Origin, c.Size, c.Root); err != nil {
			return nil, err
		}
	}
	return w.sign(c)
}

// open verifies that a log which the witness watches has signed a note.
func (w *Witness) open(note []byte) (checkpoint.Checkpoint, error) {
	n, err := checkpoint.ParseNote(note)
	if err != nil {
		return checkpoint.Checkpoint{}, err
	}
	keys, ok := w.logs[n.Claimed().Origin]
	if !ok {
		return checkpoint.Checkpoint{}, fmt.Errorf("%w: %q", ErrUnknownLog, n.Claimed().Origin)
	}
	v, err := n.Verify(keys...)
	switch {
	case errors.Is(err, checkpoint.ErrSignature), errors.Is(err, checkpoint.ErrUntrusted):
		return checkpoint.Checkpoint{}, fmt.Errorf("%w: %w", ErrSignature, err)
	case err != nil:
		return checkpoint.Checkpoint{}, fmt.Errorf("%w: %w", ErrSetup, err)
	}
	return v.Checkpoint(), nil
}

// sign returns the witness's lines for a checkpoint.
func (w *Witness) sign(c checkpoint.Checkpoint) ([]byte, error) {
	body, err := checkpoint.Format(c)
	if err != nil {
		return nil, err
	}
	var lines strings.Builder
	for _, s := range w.signers {
		line, err := s.Line(body)
		if err != nil {
			return nil, err
		}
		lines.WriteString(line)
	}
	return []byte(lines.String()), nil
}
