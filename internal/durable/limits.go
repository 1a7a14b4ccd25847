package durable

import "time"

const (
	// MaxAppend bounds the bytes of one append to a Log, so that the search behind a damaged
	// frame and the memory for a frame are bounded too.
	MaxAppend = 16 << 20

	// tempTries bounds the search for an unused temporary name. One try is nearly always enough.
	tempTries = 100

	// firstPoll is how soon a lock is asked for again at first; the wait doubles up to the
	// caller's. Most locks are held for about as long as one fsync takes.
	firstPoll = time.Millisecond
)
