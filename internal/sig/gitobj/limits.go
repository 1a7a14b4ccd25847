package gitobj

const (
	// MaxObject bounds an object in bytes. A commit is a message and a few
	// lines; several of them are in memory at once.
	MaxObject = 2 << 20
	// maxParents is far above what git itself makes.
	maxParents = 4096
	// maxSeconds is the end of the year 9999, up to which times can be written.
	maxSeconds = 253402300799
)
