package intoto

// Bounds of a statement, whose size the envelope bounds.
const (
	// maxSubjects is more than any release has files, and small enough that a
	// verifier can hold them all.
	maxSubjects = 1 << 18
	// maxName bounds a subject's name, which may be a path or a URI.
	maxName = 4 << 10
)
