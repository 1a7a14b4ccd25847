package reference

const (
	// MaxPath is the bytes of a path, namespace included and field not. Its keyed hash is what is
	// stored, but lists and logs of thousands of names are held in memory.
	MaxPath = 512

	// MaxSegments is how deep paths go; grants are looked up once a segment.
	MaxSegments = 64

	// MaxField is the characters of a field's name, as in the vault's field codec.
	MaxField = 64

	// MaxVersion is the largest version, 2^53 - 1: versions are numbers in canonical JSON.
	MaxVersion = 1<<53 - 1

	// maxText bounds what is looked at: a longest path in which each byte is encoded, its field
	// and its version. Decomposed text is longer than its form C, by no more than this leaves.
	maxText = 3*MaxPath + len("kai://#?version=") + MaxField + 16
)
