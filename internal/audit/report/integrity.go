package report

import (
	"fmt"
	"time"
)

// Verdict is what verifying the log came to.
type Verdict string

// The verdicts.
const (
	Intact     Verdict = "ok"
	Tampered   Verdict = "tampered"
	Incomplete Verdict = "incomplete" // something to verify with is missing
	Locked     Verdict = "locked"     // MACs need the owner's or an auditor's key
)

func (v Verdict) check() error {
	switch v {
	case Intact, Tampered, Incomplete, Locked:
		return nil
	}
	return fmt.Errorf("%w: %q", ErrVerdict, string(v))
}

// Integrity is what verifying the log found. Numbers of events are sizes of the log: SignedTo 17
// covers the events 0 to 16. Zero times mean never.
type Integrity struct {
	Verdict          Verdict   `json:"verdict"`
	Scope            string    `json:"scope,omitempty"` // how it was verified: full, quick, public
	Size             uint64    `json:"size"`
	Root             string    `json:"root,omitempty"`
	Findings         []Finding `json:"findings"`
	SignedTo         uint64    `json:"signed_to"`
	CosignedTo       uint64    `json:"cosigned_to"`
	AnchoredTo       uint64    `json:"anchored_to"`
	NewestCheckpoint time.Time `json:"newest_checkpoint,omitzero"`
	NewestAnchor     time.Time `json:"newest_anchor,omitzero"` // outside the home
	NewestVerify     time.Time `json:"newest_verify,omitzero"` // of the whole log
	Epoch            uint32    `json:"epoch"`
	Sealed           bool      `json:"sealed"` // whether the epoch's first key is sealed
	Auditors         int       `json:"auditors"`
	Acknowledged     []uint64  `json:"acknowledged"`
}

// Finding is one thing wrong with the log.
type Finding struct {
	N       *uint64 `json:"n,omitempty"`       // the event, if it is about one
	Segment string  `json:"segment,omitempty"` // seg/000000000000.jsonl
	Line    int     `json:"line,omitempty"`    // from 1
	Check   string  `json:"check"`
	Text    string  `json:"text"`
}

// checks are what verifying looks at, in its order.
var checks = [...]string{
	"syntax", "sequence", "prev", "mac", "time", "segment", "epoch", "details", "tree", "checkpoint", "tail", "memory", "anchor",
}

// unsigned is how many events no checkpoint covers.
func (i *Integrity) unsigned() uint64 { return i.Size - min(i.SignedTo, i.Size) }

func (i *Integrity) unanchored() uint64 { return i.Size - min(i.AnchoredTo, i.Size) }
