package digest

const (
	// blockSize is how much is read at a time from a long stream: large enough
	// to make system calls and handing over cheap, small enough for a cache.
	blockSize = 1 << 20

	// smallSize is how much is read first of all: most files end within it, and
	// a larger buffer for each of many would be for the garbage collector.
	smallSize = 8 << 10

	// firstSize is how much is read before a stream counts as long. Below it
	// neither blocks nor a second goroutine are needed.
	firstSize = 32 << 10

	// segmentSize is the unit of parallel BLAKE3: a power of two of chunks.
	segmentSize = blockSize

	// parallelSize is the size above which one BLAKE3 file is split.
	parallelSize = 4 << 20

	// batchSegments is how many segments are joined into the tree at a time. It
	// bounds the memory for chaining values, 32 bytes each.
	batchSegments = 1024

	// windowFiles is how many results Files holds back to deliver them in order.
	windowFiles = 1024

	// MaxLine is the longest line of a list, in bytes. A path has at most 4,096
	// on the systems we know, twice that escaped, and a digest 128.
	MaxLine = 16 << 10

	// MaxWorkers bounds the goroutines that hash at once. Each may hold two
	// blocks.
	MaxWorkers = 256
)
