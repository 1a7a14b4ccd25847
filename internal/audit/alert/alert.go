package alert

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"kai/internal/audit/event"
	"kai/internal/audit/ulid"
	"kai/internal/canon"
)

// Schema is that of the JSON of an alert.
const Schema = "kai.audit.alert/1"

// violationAct is the act of events that a rule has made.
const violationAct = "audit.violation"

// Alert is what receivers are told about one event. It is made by New.
type Alert struct {
	Schema  string          `json:"schema"`
	ID      string          `json:"id"`                // ULID; the same in every attempt
	Event   json.RawMessage `json:"event"`             // SecurityEvent
	Pattern string          `json:"pattern,omitempty"` // of a violation
	Text    string          `json:"text"`              // one line for people
	LogID   string          `json:"log_id"`
	N       uint64          `json:"n"`              // of the event
	Root    string          `json:"root,omitempty"` // of the tree whose last event it is
}

// New makes an alert of an event of the log. id is a new ULID. encoded is the event as the object
// SecurityEvent, and becomes part of the alert byte for byte; root is the root of the tree of n+1
// events in base64, or empty when it is not known. The error is ErrInvalid.
func New(id string, e *event.Event, encoded json.RawMessage, logID, root string) (Alert, error) {
	a := Alert{
		Schema: Schema, ID: id, Event: encoded, Text: Text(e), LogID: logID, N: e.N, Root: root,
	}
	if e.Act == violationAct {
		a.Pattern = e.Details.Text("pattern")
	}
	if _, err := a.subject(); err != nil {
		return Alert{}, err
	}
	return a, nil
}

// subject is what sinks and the outbox need of the event inside.
type subject struct {
	severity  event.Severity
	timestamp string
	eventType string
	act       string
	outcome   string
	leaf      string
	host      string
	pid       int64
	rule      string // of a violation, as is group
	group     string
}

// subject reads the event. An alert that New has made always has one.
func (a *Alert) subject() (subject, error) {
	if !ulid.Valid(a.ID) || a.Schema != Schema {
		return subject{}, fmt.Errorf("%w: schema or id", ErrInvalid)
	}
	if err := canon.Check(a.Event); err != nil {
		return subject{}, fmt.Errorf("%w: event: %w", ErrInvalid, err)
	}
	var e struct {
		Timestamp string `json:"timestamp"`
		EventType string `json:"eventType"`
		Severity  string `json:"severity"`
		N         uint64 `json:"n"`
		Action    string `json:"action"`
		Outcome   string `json:"outcome"`
		Leaf      string `json:"leaf"`
		Source    struct {
			Host string `json:"host"`
			PID  int64  `json:"pid"`
		} `json:"source"`
		Details map[string]any `json:"details"`
	}
	if err := json.Unmarshal(a.Event, &e); err != nil {
		return subject{}, fmt.Errorf("%w: event is not a SecurityEvent", ErrInvalid)
	}
	severity, err := event.ParseSeverity(e.Severity)
	_, typeErr := event.ParseType(e.EventType)
	_, outcomeErr := event.ParseOutcome(e.Outcome)
	_, known := event.Lookup(e.Action)
	_, leafErr := hex.DecodeString(e.Leaf)
	if err := errors.Join(err, typeErr, outcomeErr, leafErr); err != nil || !known || e.N != a.N {
		return subject{}, fmt.Errorf("%w: severity, eventType, action, outcome, leaf or n of the event", ErrInvalid)
	}
	s := subject{
		severity: severity, timestamp: e.Timestamp, eventType: e.EventType, act: e.Action, outcome: e.Outcome,
		leaf: e.Leaf, host: e.Source.Host, pid: e.Source.PID,
	}
	if s.act == violationAct {
		s.rule, _ = e.Details["rule"].(string)
		s.group, _ = e.Details["group"].(string)
	}
	return s, nil
}

// JSON is the alert as every sink that takes JSON gets it: one object without a line feed, with
// the members in the order of the type.
func (a *Alert) JSON() ([]byte, error) { return encode(a) }

// encode is json.Marshal, which would also spell < > & in a way of its own.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Text is one line for people about an event, without anything that acts on a terminal:
//
//	high: repeated_failed_authentication: Repeated failed authentication (src.uid=1000; 5 in 300 s)
//	high: vault_exported ok (src.agent=bot, src.uid=1000)
func Text(e *event.Event) string {
	var b strings.Builder
	b.WriteString(e.Severity.String() + ": ")
	if e.Act != violationAct {
		b.WriteString(e.Act + " " + e.Outcome.String())
		if who := who(e); who != "" {
			b.WriteString(" (" + who + ")")
		}
		return b.String()
	}
	b.WriteString(visible(e.Details.Text("pattern")) + ": " + visible(e.Details.Text("title")))
	var facts []string
	if group := e.Details.Text("group"); group != "" {
		facts = append(facts, visible(group))
	}
	if window := e.Details.Int("window_s"); window > 0 {
		facts = append(facts, fmt.Sprintf("%d in %d s", e.Details.Int("count"), window))
	}
	if len(facts) > 0 {
		b.WriteString(" (" + strings.Join(facts, "; ") + ")")
	}
	return b.String()
}

func who(e *event.Event) string {
	var parts []string
	if e.Source.Agent != "" {
		parts = append(parts, "src.agent="+visible(event.Outside(e.Source.Agent)))
	}
	if e.Source.HasUID {
		parts = append(parts, "src.uid="+strconv.FormatUint(uint64(e.Source.UID), 10))
	}
	return strings.Join(parts, ", ")
}

// visible quotes text in which something is not printable.
func visible(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}
