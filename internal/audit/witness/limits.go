package witness

import "kai/internal/audit/checkpoint"

const (
	// MaxHashes is the most hashes of a consistency proof (tlog-witness,
	// "add-checkpoint").
	MaxHashes = 63

	// MaxRequest is the longest request in bytes: its old size, its hashes and
	// its note at their longest, rounded up.
	MaxRequest = checkpoint.MaxNote + 4<<10

	// MaxResponse is the longest answer of a witness that is read, in bytes: as
	// many lines as a note may have.
	MaxResponse = checkpoint.MaxNote

	// maxState is the longest file of a memory in bytes. An origin has at most 255
	// bytes, which JSON may write as six each.
	maxState = 4 << 10

	// maxRefusal is how much of a refusal's text is read and shown, in bytes.
	maxRefusal = 200
)
