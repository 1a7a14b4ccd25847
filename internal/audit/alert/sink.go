package alert

import (
	"context"
	"fmt"

	"kai/internal/audit/event"
)

// Sink is where alerts go.
type Sink interface {
	// Name is that of the configuration; see ValidName.
	Name() string

	// MinSeverity is the least severity of an event that the sink is told about.
	MinSeverity() event.Severity

	// Send returns nil when the receiver has the alert. It ends soon after ctx does, and within
	// the sink's own limit. Errors are ErrRefused, ErrUnreachable, ErrKey, those of ctx, or others;
	// they contain no secret. The same alert may be sent more than once, by the same id.
	Send(ctx context.Context, a Alert) error
}

// For names the sinks that are told about an event of a severity.
func For(sinks []Sink, severity event.Severity) []string {
	var names []string
	for _, s := range sinks {
		if severity >= s.MinSeverity() {
			names = append(names, s.Name())
		}
	}
	return names
}

// ValidName reports whether text may be the name of a sink: 1 to 32 lower-case letters, digits and
// dashes, the first no dash. It becomes part of the names of files.
func ValidName(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && (c != '-' || i == 0) {
			return false
		}
	}
	return text != "" && len(text) <= maxSink
}

// label is what all sinks have.
type label struct {
	name string
	min  event.Severity
}

func newLabel(name string, min event.Severity) (label, error) {
	if !ValidName(name) || min < event.Info || min > event.Critical {
		return label{}, fmt.Errorf("%w: name or severity", ErrInvalid)
	}
	return label{name, min}, nil
}

func (l label) Name() string                { return l.name }
func (l label) MinSeverity() event.Severity { return l.min }

// priority is the severity of syslog (RFC 5424 §6.2.1): info 6, low 5, medium 4, high 3, critical 2.
func priority(s event.Severity) int { return 7 - int(s) }
