package metrics

import (
	"errors"
	"strings"
	"unicode"

	"kai/internal/audit/event"
	"kai/internal/canon"
)

// ErrMalformed means that a file is not one of counters.
var ErrMalformed = errors.New("malformed counters")

// Counters are what was counted of a log. Make them with New or Unmarshal.
type Counters struct {
	Alerts     map[string]int64 `json:"alerts"`     // by "SINK RESULT"
	Events     map[string]int64 `json:"events"`     // by "TYPE SEVERITY OUTCOME"
	LogID      string           `json:"log_id"`     // whose events
	N          uint64           `json:"n"`          // how many events were counted
	Recoveries int64            `json:"recoveries"` // appends that had to finish another one
	V          int              `json:"v"`
	Violations map[string]int64 `json:"violations"` // by pattern
}

// New counts nothing yet.
func New(logID string) *Counters {
	return &Counters{Alerts: map[string]int64{}, Events: map[string]int64{}, Violations: map[string]int64{}, LogID: logID, V: 1}
}

// Add counts the next event. Events that were counted before are left out; a gap is reported as
// false, and nothing is counted.
func (c *Counters) Add(v *event.View) bool {
	if v.N < c.N {
		return true
	}
	if v.N > c.N {
		return false
	}
	c.N++
	c.Events[v.Type.String()+" "+v.Severity.String()+" "+v.Outcome.String()]++
	switch string(v.Act) {
	case "audit.recovered":
		c.Recoveries++
	case "audit.violation":
		e := v.Event()
		c.violated(label(e.Details.Text("pattern")))
	}
	return true
}

// MaxPatterns bounds the patterns that are counted apart. Rules come and go, and a label with
// ever new values costs Prometheus a series each.
const MaxPatterns = 1000

// violated counts a violation, by "other" once there are too many patterns.
func (c *Counters) violated(pattern string) {
	if _, known := c.Violations[pattern]; !known && len(c.Violations) >= MaxPatterns {
		pattern = "other"
	}
	c.Violations[pattern]++
}

// label makes text fit for a document, which holds no control characters.
func label(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// Alerted counts an alert that a sink was given, by what came of it. Neither word has a space.
func (c *Counters) Alerted(sink, result string) { c.Alerts[sink+" "+result]++ }

// Marshal is the file.
func (c *Counters) Marshal() ([]byte, error) { return canon.Marshal(c) }

// Unmarshal reads the file of a log. The error is ErrMalformed, also for another log's.
func Unmarshal(data []byte, logID string) (*Counters, error) {
	var c Counters
	if err := canon.Unmarshal(data, &c); err != nil {
		return nil, errors.Join(ErrMalformed, err)
	}
	if c.V != 1 || c.LogID != logID || c.Alerts == nil || c.Events == nil || c.Violations == nil || c.Recoveries < 0 || !c.sound() {
		return nil, ErrMalformed
	}
	return &c, nil
}

// sound reports whether the keys are words of the labels, and whether each was counted.
func (c *Counters) sound() bool {
	for key, count := range c.Events {
		words := strings.Split(key, " ")
		if len(words) != 3 || count < 1 {
			return false
		}
		_, typ := event.ParseType(words[0])
		_, severity := event.ParseSeverity(words[1])
		_, outcome := event.ParseOutcome(words[2])
		if typ != nil || severity != nil || outcome != nil {
			return false
		}
	}
	for key, count := range c.Alerts {
		if strings.Count(key, " ") != 1 || count < 1 {
			return false
		}
	}
	for _, count := range c.Violations {
		if count < 1 {
			return false
		}
	}
	return true
}
