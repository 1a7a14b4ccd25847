package metrics

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Snapshot is what the text says.
type Snapshot struct {
	*Counters
	OutboxPending  int
	SizeEvents     uint64
	SizeBytes      int64
	Epoch          uint32
	Unsigned       uint64
	Unanchored     uint64
	LastEvent      time.Time // zero: not known
	LastCheckpoint time.Time
	LastVerify     time.Time
	VerifyOK       bool // of LastVerify
}

// Write writes the text of a snapshot. The error is that of w.
func Write(w io.Writer, s *Snapshot) error {
	t := &text{}
	t.counters("events_total", "Events recorded, by type, severity and outcome.", s.Events, "type", "severity", "outcome")
	t.counters("violations_total", "Violations of the audit rules, by pattern.", s.Violations, "pattern")
	t.counters("alerts_total", "Alerts given to sinks, by sink and result.", s.Alerts, "sink", "result")
	t.one("counter", "recoveries_total", "Appends that had to finish what a killed process had left.", float64(s.Recoveries))
	t.one("gauge", "outbox_pending", "Alerts that wait to be sent.", float64(s.OutboxPending))
	t.one("gauge", "size_events", "Events in the log.", float64(s.SizeEvents))
	t.one("gauge", "size_bytes", "Bytes of the segments of the log.", float64(s.SizeBytes))
	t.one("gauge", "epoch", "The epoch of the key of the next event.", float64(s.Epoch))
	t.one("gauge", "unsigned_events", "Events that no checkpoint covers.", float64(s.Unsigned))
	t.one("gauge", "unanchored_events", "Events that nothing outside of the home covers.", float64(s.Unanchored))
	t.time("last_event_timestamp_seconds", "When the last event was recorded.", s.LastEvent)
	t.time("last_checkpoint_timestamp_seconds", "When the newest checkpoint was signed.", s.LastCheckpoint)
	t.time("last_verify_timestamp_seconds", "When all of the log was verified last.", s.LastVerify)
	if !s.LastVerify.IsZero() {
		ok := 0.0
		if s.VerifyOK {
			ok = 1
		}
		t.one("gauge", "verify_ok", "Whether that verification found the log as it was written.", ok)
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

type text struct{ b strings.Builder }

func (t *text) head(kind, name, help string) {
	fmt.Fprintf(&t.b, "# HELP kai_audit_%s %s\n# TYPE kai_audit_%s %s\n", name, help, name, kind)
}

func (t *text) one(kind, name, help string, value float64) {
	t.head(kind, name, help)
	fmt.Fprintf(&t.b, "kai_audit_%s %s\n", name, number(value))
}

func (t *text) time(name, help string, at time.Time) {
	if !at.IsZero() {
		t.one("gauge", name, help, float64(at.UnixMicro())/1e6)
	}
}

// counters writes a line a key, whose words are the labels' values.
func (t *text) counters(name, help string, values map[string]int64, labels ...string) {
	t.head("counter", name, help)
	for _, key := range slices.Sorted(maps.Keys(values)) {
		words := strings.SplitN(key, " ", len(labels))
		fmt.Fprintf(&t.b, "kai_audit_%s{", name)
		for i, label := range labels {
			if i > 0 {
				t.b.WriteByte(',')
			}
			fmt.Fprintf(&t.b, `%s="%s"`, label, escape(words[i]))
		}
		fmt.Fprintf(&t.b, "} %d\n", values[key])
	}
}

// escape writes a label's value as the format wants it.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s)
}

// number has as many digits as it takes.
func number(f float64) string {
	if f == float64(int64(f)) {
		return fmt.Sprintf("%d", int64(f))
	}
	return fmt.Sprintf("%.6f", f)
}
