package report

import "time"

// Schema is the name of the report's format. It only grows.
const Schema = "kai.audit.report/1"

// Report is kai.audit.report/1.
type Report struct {
	Schema          string           `json:"schema"`
	OK              bool             `json:"ok"` // Exit(Options.FailOn) is 0
	LogID           string           `json:"log_id"`
	Created         time.Time        `json:"created"` // when the report was made
	Range           Range            `json:"range"`
	Filters         []Filter         `json:"filters"`
	Integrity       Integrity        `json:"integrity"`
	Summary         Summary          `json:"summary"`
	Violations      []Violation      `json:"violations"`
	Trends          Trends           `json:"trends"`
	Recommendations []Recommendation `json:"recommendations"`
	Metrics         Metrics          `json:"metrics"`
}

// Summary counts the events of the range.
type Summary struct {
	Events     uint64          `json:"events"`
	Bytes      uint64          `json:"bytes"`     // of their lines
	Malformed  uint64          `json:"malformed"` // lines that are no events, anywhere in what was read
	Types      []Count         `json:"types"`
	Severities []Count         `json:"severities"`
	Outcomes   []Count         `json:"outcomes"`
	Acts       Tally           `json:"acts"`
	Agents     Tally           `json:"agents"`
	UIDs       Tally           `json:"uids"`
	Hours      [24]uint64      `json:"hours"`   // of the day, UTC
	Secrets    Tally           `json:"secrets"` // h: values of paths, in events that went well
	Keys       Tally           `json:"keys"`    // key ids, in events that went well
	Unfinished Unfinished      `json:"unfinished"`
	Gaps       []Reference     `json:"gaps"` // events audit.gap
	First      *Reference      `json:"first,omitempty"`
	Last       *Reference      `json:"last,omitempty"`
	Violations ViolationCounts `json:"violations"`
}

// Count is a name and how many events have it.
type Count struct {
	Name  string `json:"name"`
	Count uint64 `json:"count"`
}

// Tally is the names of one kind, the most frequent first.
type Tally struct {
	Distinct int     `json:"distinct"`
	Top      []Count `json:"top"`
	Other    uint64  `json:"other"` // events whose names are not in Top
}

// Reference points to an event.
type Reference struct {
	ID    string    `json:"id"`
	Time  time.Time `json:"t"`
	Act   string    `json:"act"`
	Agent string    `json:"agent,omitempty"`
	UID   string    `json:"uid,omitempty"`
	Count int64     `json:"count,omitempty"` // of a gap: acts that were not recorded
}

// Unfinished are begun acts without an outcome: still running, or killed.
type Unfinished struct {
	Count  uint64      `json:"count"`
	Events []Reference `json:"events"` // the newest
}

// ViolationCounts counts the violations, those too that are not listed.
type ViolationCounts struct {
	Open         int `json:"open"`
	Acknowledged int `json:"acknowledged"`
}

// Metrics are single numbers for a dashboard.
type Metrics struct {
	EventsPerDay     float64 `json:"events_per_day"`
	BytesPerDay      float64 `json:"bytes_per_day"`
	Failed           uint64  `json:"failed"`
	Denied           uint64  `json:"denied"`
	HighOrAbove      uint64  `json:"high_or_above"`
	Unfinished       uint64  `json:"unfinished"`
	ViolationsOpen   int     `json:"violations_open"`
	SizeEvents       uint64  `json:"size_events"`
	UnsignedEvents   uint64  `json:"unsigned_events"`
	UnanchoredEvents uint64  `json:"unanchored_events"`
	OutboxPending    int     `json:"outbox_pending"`
	LastEvent        int64   `json:"last_event_timestamp_seconds,omitempty"`
	LastCheckpoint   int64   `json:"last_checkpoint_timestamp_seconds,omitempty"`
	LastVerify       int64   `json:"last_verify_timestamp_seconds,omitempty"`
	VerifyOK         bool    `json:"verify_ok"`
}
