package allowedsigners

import (
	"errors"
	"fmt"
)

var (
	// ErrTooLarge: a file above the bound.
	ErrTooLarge = errors.New("allowed signers file too large")
	// ErrTime: a time that is not YYYYMMDD[HHMM[SS]][Z].
	ErrTime = errors.New("malformed time")
	// ErrCertificate: a certificate that is not signed by the authority it
	// names, or by one that is refused.
	ErrCertificate = errors.New("bad certificate")
)

// Remark is what a query found wrong with a line, in ssh-keygen's words where
// it has them.
type Remark struct {
	Line int
	Text string
}

func (r Remark) String() string { return fmt.Sprintf("line %d: %s", r.Line, r.Text) }
