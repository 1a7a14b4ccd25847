package report

import (
	"time"

	"kai/internal/audit/event"
)

// Options say what a report is of.
type Options struct {
	LogID   string
	Range   Range
	Now     time.Time
	Filters []Filter // echoed

	// Match picks the events that the summary, violations, trends and recommendations are
	// about; nil picks all. Others only show who was seen before, end what had begun, and
	// acknowledge.
	Match func(*event.View) bool

	Integrity   Integrity
	Environment Environment

	// FailOn is the severity from which on an open violation makes the report not ok; zero: none.
	FailOn event.Severity
}

// Filter is one filter as it was asked for.
type Filter struct {
	Name  string `json:"name"` // type, act, since
	Value string `json:"value"`
}

// Environment are the facts about the home that recommendations need and events do not tell. The
// zero value gives no recommendation.
type Environment struct {
	OutboxPending int
	OutboxOldest  time.Time // when the oldest alert that waits was written; zero: none waits
	Disk          *Disk     // nil: not known
	Overdue       []Overdue
	Roles         []Role
}

// Disk is the space of the log's file system.
type Disk struct {
	FreeBytes    int64
	GrowthPerDay int64 // in bytes; 0: as the events of the range grew
}

// Overdue is a key or secret that its class wants rotated.
type Overdue struct {
	Kind  OverdueKind
	Name  string // what kai key rotate or kai vault rotate takes
	Class string // root, agent, API
	Age   time.Duration
	Limit time.Duration
}

// OverdueKind says what is overdue.
type OverdueKind uint8

// The kinds. The zero value is none of them.
const (
	OverdueKey OverdueKind = iota + 1
	OverdueSecret
)

// Role is a role of the vault. LastUsed may be zero; New looks for later uses in the events.
type Role struct {
	Name     string
	Granted  time.Time
	LastUsed time.Time
}
