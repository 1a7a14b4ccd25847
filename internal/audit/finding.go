package audit

import (
	"fmt"
	"time"
)

// Verdict is what Verify has found, in one word.
type Verdict string

// The verdicts.
const (
	// VerdictOK: everything that was checked is as it was written.
	VerdictOK Verdict = "ok"
	// VerdictTampered: something is not.
	VerdictTampered Verdict = "tampered"
	// VerdictIncomplete: nothing is wrong, but the end of the log cannot be proven.
	VerdictIncomplete Verdict = "incomplete"
)

// Finding is one thing that is wrong.
type Finding struct {
	N       uint64 // of the event
	Segment uint64 // its segment, by the number of the first event
	Line    int    // in the segment, from 1
	Check   Check
	Text    string // may be empty where Check says it all
	// Place says whether N is where the finding is, and not only about the whole log.
	Place bool
	// Acknowledged findings were signed for by the owner; they stay listed and condemn nothing.
	Acknowledged bool
}

// String is how findings are shown: "line 500: mac", "tail: state key does not match".
func (f Finding) String() string {
	switch {
	case f.Place && f.Text == "":
		return fmt.Sprintf("line %d: %s", f.N, f.Check)
	case f.Place:
		return fmt.Sprintf("line %d: %s: %s", f.N, f.Check, f.Text)
	}
	return fmt.Sprintf("%s: %s", f.Check, f.Text)
}

// EpochReport is what Verify says of an epoch.
type EpochReport struct {
	Epoch  uint32
	From   uint64 // the event that opened it
	Sealed bool   // its key is sealed to somebody
	Opened bool   // its key was opened, so its MACs were checked
}

// Coverage says how many events are covered by what; each is a size.
type Coverage struct {
	MACTo        uint64
	SignedTo     uint64
	CosignedTo   uint64
	AnchoredTo   uint64
	NewestAnchor time.Time // zero when there is none
	// CheckpointTime is when SignedTo was signed, as the event of the checkpoint says.
	CheckpointTime time.Time
}

// Verification is the result of Verify.
type Verification struct {
	Verdict  Verdict
	Size     uint64
	Root     [32]byte
	From     uint64 // the first event whose line was read: 0, or what pruning and --quick left out
	Findings []Finding
	// More says that there were more findings than are listed.
	More   bool
	Epochs []EpochReport
	// End is "ok", or "state_lost" when the state is gone, so that a cut of the tail cannot be
	// excluded.
	End          string
	Coverage     Coverage
	Acknowledged []uint64
	// Notes are what happened and is no finding: events after a crash, a tree that was made anew.
	Notes []string
	// Unsigned is how many events no checkpoint covers.
	Unsigned uint64
}
