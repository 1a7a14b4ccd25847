package alert

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"kai/internal/audit/event"
	"kai/internal/audit/ulid"
	"kai/internal/canon"
)

// entrySchema is that of the file of an entry.
const entrySchema = "kai.audit.outbox/1"

// interrupted is the error of an entry whose attempt has begun: it stays when the process ends.
const interrupted = "interrupted"

// entry is one alert on its way to one sink.
type entry struct {
	Schema    string    `json:"schema"`
	Sink      string    `json:"sink"`
	Created   timestamp `json:"created"`
	Attempts  int       `json:"attempts"`
	NotBefore timestamp `json:"not_before"`      // of the next attempt
	Error     string    `json:"error,omitempty"` // of the last attempt: a code
	Alert     Alert     `json:"alert"`
}

// timestamp is a time in the form that events have.
type timestamp struct{ time.Time }

// MarshalJSON stands before that of time.Time, which leaves zeros out.
func (t timestamp) MarshalJSON() ([]byte, error) {
	return t.UTC().AppendFormat(nil, `"`+event.TimeLayout+`"`), nil
}

func (t *timestamp) UnmarshalJSON(text []byte) (err error) {
	t.Time, err = time.Parse(`"`+event.TimeLayout+`"`, string(text))
	return err
}

func at(t time.Time) timestamp { return timestamp{t.UTC().Truncate(event.Precision)} }

// fileName is the name of an entry's file in the outbox.
func fileName(id, sink string) string { return id + "." + sink + ".json" }

// cutName undoes fileName. Other files in the directory are none of ours.
func cutName(name string) (id, sink string, ok bool) {
	rest, isJSON := strings.CutSuffix(name, ".json")
	id, sink, hasSink := strings.Cut(rest, ".")
	return id, sink, isJSON && hasSink && ulid.Valid(id) && ValidName(sink)
}

// decodeEntry reads a file. It must be what encode writes for the result, and lie under its name.
func decodeEntry(name string, file []byte) (entry, error) {
	id, sink, ok := cutName(name)
	if !ok {
		return entry{}, fmt.Errorf("%w: name", ErrMalformed)
	}
	if err := canon.Check(file); err != nil {
		return entry{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	var e entry
	if err := json.Unmarshal(file, &e); err != nil {
		return entry{}, fmt.Errorf("%w: %s", ErrMalformed, "not of its schema")
	}
	if e.Schema != entrySchema || e.Sink != sink || e.Alert.ID != id || e.Attempts < 0 {
		return entry{}, fmt.Errorf("%w: schema, sink or id", ErrMalformed)
	}
	if _, err := e.Alert.subject(); err != nil {
		return entry{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if back, err := encode(e); err != nil || !bytes.Equal(back, file) {
		return entry{}, fmt.Errorf("%w: not as it is written", ErrMalformed)
	}
	return e, nil
}

// due reports whether the next attempt may be made. A clock that was ahead when the entry was
// written must not keep it for years.
func (e *entry) due(now time.Time) bool {
	wait := e.NotBefore.Sub(now)
	return wait <= 0 || wait > MaxRetry
}

func (e *entry) expired(now time.Time) bool { return now.Sub(e.Created.Time) >= MaxAge }

// begin counts an attempt and says when the next may be made should this one fail.
func (e *entry) begin(now time.Time) {
	delay := MaxRetry
	if e.Attempts < 16 { // 1 m · 2^9 is above MaxRetry already
		delay = min(FirstRetry<<e.Attempts, MaxRetry)
	}
	e.Attempts++
	e.NotBefore = at(now.Add(delay))
	e.Error = interrupted
	if e.Created.After(now) {
		e.Created = at(now) // else a clock that was ahead would put off MaxAge
	}
}
