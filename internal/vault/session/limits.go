package session

import (
	"time"

	"kai/internal/vault/fields"
	"kai/internal/vault/xaes"
)

const (
	// DefaultIdle and DefaultLife are how long a session may be unused, and how long it lasts.
	DefaultIdle = 15 * time.Minute
	DefaultLife = 8 * time.Hour

	// UserLife is how long after the last factor the user key may be used.
	UserLife = 5 * time.Minute

	// MaxIdle bounds idle times. A blob that was not used for so long is dead, which is seen
	// without its key.
	MaxIdle = 24 * time.Hour

	// MaxLife bounds the life of a session.
	MaxLife = 30 * 24 * time.Hour

	// ClockSlack is how much the calendar clock may be set back unnoticed; time daemons step it by
	// fractions of a second.
	ClockSlack = 2 * time.Second

	// lockPoll is how long to wait between attempts to get the lock, where the system has no queue.
	lockPoll = 10 * time.Millisecond

	maxBlob = int64(len(magic)+xaes.NonceSize+xaes.Overhead) + fields.MaxSize
)
