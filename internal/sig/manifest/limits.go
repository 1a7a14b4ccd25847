package manifest

import "kai/internal/sig"

// Limits bound a manifest file. Entries and head have bounds of their own.
var Limits = sig.Limits{FileSize: 1 << 30, Signatures: 64}

// ProofLimits bound a proof: a head, a line, at most 24 hashes, and blocks.
var ProofLimits = sig.Limits{FileSize: maxHead + maxBlocks + 16<<10, Signatures: 64}

const (
	// MaxEntries bounds the entries of a manifest. The largest trees we know,
	// mirrors of package archives, stay below 5 million files.
	MaxEntries = 10_000_000

	// MaxPath bounds a PATH as it is written, in bytes: PATH_MAX of Linux.
	MaxPath = 4096

	// maxHead bounds the head with its empty line. It is held in memory, and it
	// is what is signed.
	maxHead = 64 << 10

	// headFixed is more than a head without exclude lines can have.
	headFixed = 256

	// maxBlocks bounds the signature blocks, as in a detached signature file.
	maxBlocks = 1 << 20

	// maxLine bounds a line of entries: TYPE, SIZE of at most 19 digits, HASH of
	// at most 128, PATH and three spaces.
	maxLine = 1 + 19 + 128 + MaxPath + 3

	// maxNames is how many names of one directory are held and sorted at a time.
	// A directory with more is read again for the next part, so that memory does
	// not follow the directory's size. A name takes about 100 bytes.
	maxNames = 1 << 16

	// listChunk is how many names are taken from the system at a time.
	listChunk = 1024

	// maxWorkers bounds the hashing goroutines: each holds up to 2 MiB.
	maxWorkers = 16

	// windowTasks is how many files may be under way. Each holds its directory
	// open, so it also bounds descriptors.
	windowTasks = 256

	// spillAt is how much of a new manifest's entries is held in memory when
	// Options.Spill can take the rest.
	spillAt = 4 << 20

	// maxEntriesSize is what the file's bound leaves for the entries.
	maxEntriesSize = 1<<30 - maxHead - maxBlocks - 1
)

// bounds are those that tests make smaller.
type bounds struct {
	names  int // maxNames
	memory int // spillAt
}
