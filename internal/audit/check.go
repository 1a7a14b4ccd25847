package audit

// Check names what Verify looks at.
type Check string

// The checks, in the order in which they are made.
const (
	CheckSyntax     Check = "syntax"
	CheckSequence   Check = "sequence"
	CheckPrev       Check = "prev"
	CheckMAC        Check = "mac"
	CheckTime       Check = "time"
	CheckSegment    Check = "segment"
	CheckEpoch      Check = "epoch"
	CheckDetails    Check = "details"
	CheckTree       Check = "tree"
	CheckCheckpoint Check = "checkpoint"
	CheckTail       Check = "tail"
	CheckMemory     Check = "memory"
	CheckAnchor     Check = "anchor"
)
