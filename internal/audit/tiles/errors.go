package tiles

import "errors"

var (
	// ErrRecord: a record whose hash is not the leaf that the tree has.
	ErrRecord = errors.New("record does not belong to the tree")
	// ErrTree: hashes that do not give the checkpoint's root.
	ErrTree = errors.New("tree does not belong to the checkpoint")
	// ErrShort: fewer records, or hashes, than the checkpoint counts.
	ErrShort = errors.New("log is shorter than its checkpoint")
	// ErrLength: a record longer than MaxRecord.
	ErrLength = errors.New("record too long for an entry bundle")
	// ErrFirst: a first record inside of a bundle, or beyond the log.
	ErrFirst = errors.New("records cannot begin there")
)
