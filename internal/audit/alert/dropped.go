package alert

import (
	"time"

	"kai/internal/audit/event"
)

// Reason says why an entry was dropped.
type Reason string

// The reasons.
const (
	Expired   Reason = "expired"   // older than MaxAge
	Overflow  Reason = "overflow"  // the oldest of more than MaxEntries
	Malformed Reason = "malformed" // its file cannot be read
)

// Dropped is an entry that is gone without having been delivered. It is to be recorded.
type Dropped struct {
	ID       string // of the alert
	Sink     string
	Reason   Reason
	N        uint64 // of the event, 0 when Malformed
	Attempts int
	Error    string // code of the last attempt, "" when there was none
	Created  time.Time
}

// Event is the loss as it is recorded; the caller adds its source and context.
func (d *Dropped) Event() event.Event {
	return event.Event{
		Severity: event.Medium, Type: event.SystemAccess, Act: "audit.alert_failed", Outcome: event.Fail, Details: d.Details(),
	}
}

// Details are the members of d.
func (d *Dropped) Details() event.Details {
	code := d.Error
	if code == "" {
		code = "not_sent"
	}
	details := event.Details{
		{Name: "alert_id", Value: d.ID},
		{Name: "attempts", Value: int64(d.Attempts)},
		{Name: "error", Value: code},
	}
	if d.Reason != Malformed {
		details = append(details, event.Member{Name: "n", Value: int64(d.N)})
	}
	return append(details, event.Member{Name: "reason", Value: string(d.Reason)}, event.Member{Name: "sink", Value: d.Sink})
}

func droppedEntry(e entry, why Reason) Dropped {
	return Dropped{
		ID: e.Alert.ID, Sink: e.Sink, Reason: why, N: e.Alert.N,
		Attempts: e.Attempts, Error: e.Error, Created: e.Created.Time,
	}
}
