package proof

import "kai/internal/audit/checkpoint"

const (
	// MaxRecord is the longest record, and the longest extra data, in bytes: what
	// the two-byte length of an entry bundle holds (tlog-tiles, "Log entries").
	MaxRecord = 1<<16 - 1

	// MaxHashes is the most hashes. A tree of 2^53 leaves needs 53; 64 is what any
	// 64-bit size needs.
	MaxHashes = 64

	// MaxProof is the longest file in bytes: header, extra, index, hashes and note
	// at their longest, rounded up.
	MaxProof = 160 << 10
)

// The longest file fits.
var _ [MaxProof - len(header) - 8 - 4*(MaxRecord+2)/3 - 32 - MaxHashes*45 - checkpoint.MaxNote]struct{}
