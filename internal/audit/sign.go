package audit

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/event"
	"kai/internal/durable"
)

const checkpointFile = "checkpoint"

// checkpointName is where the checkpoint of a size is kept.
func checkpointName(size uint64) string { return fmt.Sprintf("checkpoints/%012d.note", size) }

// Acknowledgement says that the owner knows of a possible cut at an event.
type Acknowledgement struct {
	At     uint64
	Reason string
}

// Checkpoint signs the head of the log, and returns the note, which is also kept as "checkpoint"
// and by its size. Signers are the log's own: Ed25519 first, ML-DSA-44 if there is one. What is
// acknowledged is recorded before, so that the checkpoint covers it.
//
// A log must never sign two histories. So, before anything is signed, the tree must give the
// root of the checkpoint before at its size, and the leaves behind it are computed from the lines
// and not taken from the tree.
//
// The errors are those of Append, ErrTampered where the log is not what was signed before, and
// those of the signers.
func (l *Log) Checkpoint(ctx context.Context, signers []*checkpoint.Signer, acks ...Acknowledgement) ([]byte, Head, error) {
	if len(signers) == 0 {
		return nil, Head{}, errors.New("audit log: checkpoint without a signer")
	}
	for _, a := range acks {
		_, err := l.Append(ctx, Draft{Act: "audit.acknowledged", Outcome: event.OK, Details: event.Details{
			{Name: "at", Value: int64(a.At)}, {Name: "reason", Value: event.Outside(a.Reason)},
		}})
		if err != nil {
			return nil, Head{}, err
		}
	}
	held, err := l.take(ctx)
	if err != nil {
		return nil, Head{}, err
	}
	defer held.Unlock()
	head, err := l.checkedHead(signers)
	if err != nil {
		return nil, Head{}, err
	}
	note, err := checkpoint.Sign(checkpoint.Checkpoint{Origin: l.info.Origin, Size: head.N, Root: head.Root}, signers...)
	if err != nil {
		return nil, Head{}, err
	}
	// The event first: it names the key, and a note by a key that no event names is nobody's.
	_, err = l.append(func(w *writer) error {
		return w.add(Draft{Act: "audit.checkpoint", Outcome: event.OK, Details: event.Details{
			{Name: "key", Value: signers[0].Verifier().String()},
			{Name: "n", Value: int64(head.N)},
			{Name: "root", Value: base64.StdEncoding.EncodeToString(head.Root[:])},
		}})
	})
	if err != nil {
		return nil, Head{}, err
	}
	if err := l.dir.WriteFile(checkpointName(head.N), note, 0o600); err != nil {
		return nil, Head{}, err
	}
	if err := l.dir.WriteFile(checkpointFile, note, 0o600); err != nil {
		return nil, Head{}, err
	}
	return note, head, nil
}

// checkedHead is the head of the log, computed from the checkpoint before and the lines behind it.
func (l *Log) checkedHead(signers []*checkpoint.Signer) (Head, error) {
	// What has to be recovered is, and that is recorded, as before every event.
	if _, err := l.append(func(*writer) error { return nil }); err != nil {
		return Head{}, err
	}
	w, err := l.begin(false)
	if err != nil {
		return Head{}, err
	}
	defer w.close()
	before, err := l.lastCheckpoint(signers, w.st.n)
	if err != nil {
		return Head{}, err
	}
	if before.Size > w.st.n {
		return Head{}, &TamperError{N: w.st.n, Check: CheckCheckpoint, Text: fmt.Sprintf("%d events were signed, the log has %d", before.Size, w.st.n)}
	}
	edges, err := tree{l.dir}.edges(before.Size)
	if err != nil {
		return Head{}, err
	}
	e := edges[0]
	if before.Size > 0 && e.root() != before.Root {
		return Head{}, &TamperError{N: before.Size, Check: CheckCheckpoint, Text: fmt.Sprintf("another root for %d events was signed", before.Size)}
	}
	var h hasher
	var v verifyLine
	for view, err := range l.views(context.Background(), before.Size, w.st.n) {
		if err != nil {
			return Head{}, err
		}
		leaf := h.line(view.Line)
		if err := v.follows(view, leaf); err != nil {
			return Head{}, err
		}
		e.add(leaf, nil)
	}
	if e.size != w.st.n || v.prev != w.st.prev && w.st.n > before.Size {
		return Head{}, &TamperError{N: e.size, Check: CheckTail, Text: "the lines do not end where the state says"}
	}
	return Head{l.info.LogID, e.size, e.root()}, nil
}

// verifyLine checks that lines follow each other.
type verifyLine struct {
	prev [32]byte
	some bool
}

func (v *verifyLine) follows(view *event.View, leaf [32]byte) error {
	if v.some && view.Prev != [16]byte(v.prev[:16]) {
		return &TamperError{N: view.N, Check: CheckPrev, Text: "does not follow the event before"}
	}
	v.prev, v.some = leaf, true
	return nil
}

// lastCheckpoint is the newest one; one that signers of the same keys have not made is ErrTampered.
func (l *Log) lastCheckpoint(signers []*checkpoint.Signer, n uint64) (checkpoint.Checkpoint, error) {
	data, err := l.CheckpointNote()
	if errors.Is(err, fs.ErrNotExist) {
		return checkpoint.Checkpoint{}, nil
	}
	if err != nil {
		return checkpoint.Checkpoint{}, err
	}
	note, err := checkpoint.ParseNote(data)
	if err != nil {
		return checkpoint.Checkpoint{}, fmt.Errorf("audit log: %s: %w", checkpointFile, err)
	}
	if note.Claimed().Origin != l.info.Origin {
		return checkpoint.Checkpoint{}, &TamperError{N: note.Claimed().Size, Check: CheckCheckpoint, Text: "the checkpoint is of another log"}
	}
	keys := l.namedKeys(n)
	for _, s := range signers {
		if !slices.ContainsFunc(keys, s.Verifier().Equal) {
			keys = append(keys, s.Verifier())
		}
	}
	verified, err := note.Verify(keys...)
	if err != nil {
		return checkpoint.Checkpoint{}, &TamperError{N: note.Claimed().Size, Check: CheckCheckpoint, Text: "its signature: " + err.Error()}
	}
	return verified.Checkpoint(), nil
}

// CheckpointNote is the newest checkpoint, with the signatures that it has by now. The error is
// fs.ErrNotExist when there is none.
func (l *Log) CheckpointNote() ([]byte, error) { return l.dir.ReadFile(checkpointFile, maxSmallFile) }

// CheckpointAt is the oldest checkpoint that covers event n, or, with size, the one of that size.
// The error is fs.ErrNotExist when there is none.
func (l *Log) CheckpointAt(n uint64, size uint64) ([]byte, error) {
	if size > 0 {
		return l.dir.ReadFile(checkpointName(size), maxSmallFile)
	}
	entries, err := l.dir.ReadDir("checkpoints")
	if err != nil {
		return nil, err
	}
	best := ""
	for _, e := range entries {
		name := "checkpoints/" + e.Name()
		if !durable.IsTemp(e.Name()) && name >= checkpointName(n+1) && (best == "" || name < best) {
			best = name
		}
	}
	if best == "" {
		return nil, fmt.Errorf("audit log: no checkpoint covers event %d: %w", n, fs.ErrNotExist)
	}
	return l.dir.ReadFile(best, maxSmallFile)
}

// Cosign merges signature lines of witnesses into the checkpoint of the size that they are for.
// The note is checked by the caller, who knows the witnesses.
func (l *Log) Cosign(ctx context.Context, note []byte, witness string) error {
	parsed, err := checkpoint.ParseNote(note)
	if err != nil {
		return err
	}
	cp := parsed.Claimed()
	held, err := l.take(ctx)
	if err != nil {
		return err
	}
	defer held.Unlock()
	if err := l.dir.WriteFile(checkpointName(cp.Size), note, 0o600); err != nil {
		return err
	}
	newest, err := l.CheckpointNote()
	if err != nil {
		return err
	}
	if n, err := checkpoint.ParseNote(newest); err == nil && n.Claimed() == cp {
		if err := l.dir.WriteFile(checkpointFile, note, 0o600); err != nil {
			return err
		}
	}
	_, err = l.append(func(w *writer) error {
		return w.add(Draft{Act: "audit.cosigned", Outcome: event.OK, Details: event.Details{
			{Name: "key", Value: event.Outside(witness)}, {Name: "n", Value: int64(cp.Size)},
		}})
	})
	return err
}
