package rule

import (
	"fmt"
	"slices"
	"time"

	"kai/internal/audit/event"
)

// Rule is one rule, checked. It is made by Parse, and not to be changed.
type Rule struct {
	ID      string // as written, or the title where the file gives none
	Title   string
	Pattern string         // kai_pattern, or ID where the file gives none
	Level   event.Severity // zero only for a rule that serves correlations and has none

	// Correlation is nil for a rule about single events.
	Correlation *Correlation

	// detections are what an event is held against: the rule's own, or for a correlation those of
	// the rules it names, in its order.
	detections []*detection
	referred   bool // a correlation names it, so that it makes no violations of its own
}

// Type is what a correlation asks about the events of a group.
type Type string

// The types of correlation.
const (
	EventCount Type = "event_count" // how many there are
	ValueCount Type = "value_count" // how many different values Field has
	Temporal   Type = "temporal"    // whether each of Rules has one, in any order
)

// Correlation is the part of a rule that looks at several events.
type Correlation struct {
	Type     Type
	Rules    []string // ids or titles, of the same file
	GroupBy  []string // fields; events that agree in them are a group
	Timespan time.Duration
	GTE      int    // the least count that fires; 0 for Temporal
	Field    string // for ValueCount
}

// Fires reports whether the rule makes violations; one that a correlation names does not.
func (r *Rule) Fires() bool { return !r.referred }

// Timespan is how far back the rule looks; 0 for a rule about single events.
func (r *Rule) Timespan() time.Duration {
	if r.Correlation == nil {
		return 0
	}
	return r.Correlation.Timespan
}

// Matches reports whether an event is one that the rule is about: for a correlation, whether it
// matches one of the rules that are named there. Violations match no rule, or they would make more.
func Matches(r Rule, e *event.Event) bool {
	return e.Act != violationAct && slices.ContainsFunc(r.detections, func(d *detection) bool { return d.matches(e) })
}

// Set is rules that are evaluated together. The zero value has none.
type Set struct {
	rules []Rule
}

// NewSet puts the rules of several files together. The error is ErrSet.
func NewSet(files ...[]Rule) (Set, error) {
	var s Set
	seen := make(map[string]bool)
	for _, r := range slices.Concat(files...) {
		if seen[r.ID] {
			return Set{}, fmt.Errorf("%w: two of id %q", ErrSet, r.ID)
		}
		seen[r.ID] = true
		s.rules = append(s.rules, r)
	}
	if len(s.rules) > MaxRules {
		return Set{}, fmt.Errorf("%w: %d of them, %d at most", ErrSet, len(s.rules), MaxRules)
	}
	return s, nil
}

// Rules lists all, in the order of their files.
func (s Set) Rules() []Rule { return slices.Clone(s.rules) }
