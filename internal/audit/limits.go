package audit

import "time"

const (
	// SegmentEvents is how many events a segment has: 256 entry bundles of C2SP tlog-tiles.
	SegmentEvents = 65_536

	// MaxBatch bounds the events of one Append.
	MaxBatch = 1_024

	// lockPatience is how long an append waits for the others.
	lockPatience = 5 * time.Second

	// lockPoll is how often it asks; an append takes about as long as one fdatasync.
	lockPoll = 4 * time.Millisecond

	// maxSmallFile bounds files of one record: log.json, epoch files, notes, memories.
	maxSmallFile = 64 << 10

	// maxDetails bounds a blob in details/.
	maxDetails = 16 << 20

	// chunkSize is what is read of a segment at a time. A line always fits, and several of them
	// into the cache of a processor.
	chunkSize = 256 << 10

	// maxFindings bounds what Verify reports.
	maxFindings = 100

	// reserveSize is kept on the disk so that a full one can still be recorded.
	reserveSize = 1 << 20
)
