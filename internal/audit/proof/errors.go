package proof

import (
	"errors"

	"kai/internal/audit/checkpoint"
)

var (
	// ErrMalformed: not a proof, or above a limit; nothing was checked. It is
	// checkpoint.ErrMalformed, and *checkpoint.SyntaxError says where.
	ErrMalformed = checkpoint.ErrMalformed
	// ErrBad: a proof that proves nothing: the hashes do not lead from the record
	// to the root, or a line of a trusted key does not verify.
	ErrBad = errors.New("bad proof")
	// ErrUntrusted: hashes that lead to the root, and a root that too few trusted
	// keys stand for: no line of a key of the log, another log, or fewer witnesses
	// than the quorum.
	ErrUntrusted = errors.New("proof not trusted")
	// ErrPolicy: a policy that nobody can have meant.
	ErrPolicy = errors.New("bad proof policy")
	// ErrNoRecord: neither the caller nor the file has the record.
	ErrNoRecord = errors.New("no record to prove")
	// ErrRange: a record that the checkpoint does not cover.
	ErrRange = errors.New("record not under the checkpoint")
)
