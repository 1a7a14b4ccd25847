package alert

import "time"

const (
	// MaxEntries bounds the entries of an outbox: what nobody has received for so long is in the
	// log, and a receiver that comes back is not helped by more.
	MaxEntries = 1000

	// MaxAge is when an entry is dropped that could not be delivered.
	MaxAge = 7 * 24 * time.Hour

	// FirstRetry is how long after a failed attempt the next may come. It doubles up to MaxRetry.
	FirstRetry = time.Minute
	MaxRetry   = 6 * time.Hour

	// SilentFor is how long the same alert is not sent again.
	SilentFor = 5 * time.Minute

	// MaxPerMinute bounds the alerts of one rule.
	MaxPerMinute = 10

	// ExecLimit is how long a program may take, SendLimit any other sink.
	ExecLimit = 10 * time.Second
	SendLimit = 3 * time.Second

	// maxFailures is when a sink is left alone for the rest of a flush.
	maxFailures = 3

	// maxEntry bounds the file of an entry: an event has a line of at most 65,000 bytes.
	maxEntry = 128 << 10

	// maxRecent bounds what is remembered about alerts that were kept, maxRecentFile its file.
	maxRecent     = 4096
	maxRecentFile = 1 << 20

	// maxSink bounds the name of a sink.
	maxSink = 32

	// lockPoll is how often a held lock is asked for again. It is held for a few writes.
	lockPoll = 20 * time.Millisecond
)
