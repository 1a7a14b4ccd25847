package witness

import (
	"errors"
	"fmt"

	"kai/internal/audit/checkpoint"
)

var (
	// ErrMalformed: not a request, or above a limit; nothing was checked. It is
	// checkpoint.ErrMalformed, and *checkpoint.SyntaxError says where.
	ErrMalformed = checkpoint.ErrMalformed
	// ErrUnknownLog: a checkpoint of a log whose keys the witness does not have.
	ErrUnknownLog = errors.New("unknown log")
	// ErrSignature: a checkpoint that the log's keys have not signed.
	ErrSignature = errors.New("checkpoint is not signed by its log")
	// ErrOldSize: an old size above the checkpoint's own.
	ErrOldSize = errors.New("old size is above the size")
	// ErrConflict: an old size that is not what the witness has cosigned last. It
	// is what every *ConflictError is.
	ErrConflict = errors.New("old size is not the last one")
	// ErrRollback: a log that shows a smaller tree than the witness has cosigned.
	// It comes as a *ConflictError too.
	ErrRollback = errors.New("log is smaller than it was")
	// ErrFork: a log that shows another root for a size that the witness has
	// cosigned.
	ErrFork = errors.New("log has two roots for one size")
	// ErrInconsistent: a proof that does not lead from the last root to the new
	// one.
	ErrInconsistent = errors.New("consistency proof does not hold")
	// ErrTree: stored hashes that do not give the checkpoint's root.
	ErrTree = errors.New("tree does not belong to the checkpoint")
	// ErrMemory: a memory that cannot be read. It is never taken for an empty one.
	ErrMemory = errors.New("witness memory is damaged")
	// ErrSetup: keys that a witness cannot work with.
	ErrSetup = errors.New("bad witness setup")
	// ErrURL: an address that requests are not sent to.
	ErrURL = errors.New("bad witness address")
	// ErrRedirect: an answer that sends the request elsewhere.
	ErrRedirect = errors.New("witness redirects")
	// ErrAnswer: an answer that is not of the protocol.
	ErrAnswer = errors.New("bad answer of the witness")
)

// ConflictError is a request for another old size than the last one cosigned.
type ConflictError struct {
	Size     uint64 // the last one
	Rollback bool   // the checkpoint itself is smaller
}

// Error says the size that the witness knows.
func (e *ConflictError) Error() string {
	if e.Rollback {
		return fmt.Sprintf("%v: the witness has cosigned size %d", ErrRollback, e.Size)
	}
	return fmt.Sprintf("%v: the witness has cosigned size %d", ErrConflict, e.Size)
}

// Is makes every ConflictError an ErrConflict, and a rollback an ErrRollback.
func (e *ConflictError) Is(target error) bool {
	return target == ErrConflict || e.Rollback && target == ErrRollback
}

// StatusError is an answer with another status than 200, and not a size.
type StatusError struct {
	Code int    // HTTP status
	Text string // the beginning of the answer, at most 200 bytes, not to be trusted
}

// Error says the status, and the text quoted.
func (e *StatusError) Error() string {
	if e.Text == "" {
		return fmt.Sprintf("witness answers %d", e.Code)
	}
	return fmt.Sprintf("witness answers %d: %q", e.Code, e.Text)
}

// Status is the HTTP status by which tlog-witness reports an error of ParseRequest
// or Cosign, 200 for nil and 500 for errors of the witness's own. The body to a
// *ConflictError is its size in decimal and a line feed, with the content type
// SizeType.
func Status(err error) int {
	switch {
	case err == nil:
		return statusOK
	case errors.Is(err, ErrMalformed), errors.Is(err, ErrOldSize):
		return statusBadRequest
	case errors.Is(err, ErrUnknownLog):
		return statusNotFound
	case errors.Is(err, ErrSignature):
		return statusForbidden
	case errors.Is(err, ErrConflict), errors.Is(err, ErrFork):
		return statusConflict
	case errors.Is(err, ErrInconsistent):
		return statusUnprocessable
	}
	return statusInternal
}

// The statuses of HTTP that tlog-witness uses (RFC 9110 §15).
const (
	statusOK            = 200
	statusBadRequest    = 400
	statusForbidden     = 403
	statusNotFound      = 404
	statusConflict      = 409
	statusUnprocessable = 422
	statusInternal      = 500
)
