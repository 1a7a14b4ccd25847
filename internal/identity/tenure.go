package identity

import (
	"time"

	"kai/internal/key"
	"kai/internal/signed"
)

// Use is what an identity has a key for.
type Use string

// The uses.
const (
	ForSigning Use = "sign"
	ForSealing Use = "seal"
	ForChannel Use = "channel"
)

// Tenure is the time for which an identity has a key. There is one for each key
// and use: a key that has gone does not come back.
type Tenure struct {
	Key key.Public
	Use Use
	// From is the time of the event that brought the key.
	From time.Time
	// Until is the first moment at which the key is no longer good, zero if it has
	// none yet. For a signing key that was changed as planned it is the end of the
	// overlap; in the events of the identity itself such a key has no say.
	Until time.Time
	// Void says that the key was compromised: what it signed at any claimed time
	// is worth nothing, except where others prove that it existed before Since.
	Void bool
	// Since is when a void key was lost, as far as the identity knows; zero is
	// from the beginning.
	Since time.Time
}

// At reports whether the key is good for what is said to be of that time.
func (t Tenure) At(at time.Time) bool {
	return !t.Void && !at.Before(t.From) && (t.Until.IsZero() || at.Before(t.Until))
}

// end closes a tenure. The earlier end counts, the worse reason, and of several
// moments of a loss the first.
func (t *Tenure) end(until signed.Time, void bool, since signed.Time) {
	if u := until.Time(); t.Until.IsZero() || u.Before(t.Until) {
		t.Until = u
	}
	if !void {
		return
	}
	if s := since.Time(); !t.Void || s.Before(t.Since) {
		t.Since = s
	}
	t.Void = true
}
