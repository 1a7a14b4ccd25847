package store

const (
	// MaxFile bounds the store in bytes.
	MaxFile = 512 << 20
	// maxEntries bounds a section: ten times what a large organisation has.
	maxEntries = 1_000_000
	// maxOwn bounds a key reference, as package backend does.
	maxOwn = 1024
	// maxSeen bounds the memory: its object has at most 91 bytes.
	maxSeen = 256
)
