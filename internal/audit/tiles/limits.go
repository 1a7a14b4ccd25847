package tiles

// MaxRecord is the longest record in bytes: what the two-byte length holds.
const MaxRecord = 1<<16 - 1

const (
	// height is that of all tiles (tlog-tiles, "Merkle Tree").
	height = 8

	// width is how many hashes or records a full tile or bundle has.
	width = 1 << height
)
