package alert_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"kai/internal/audit/alert"
	"kai/internal/audit/event"
	"kai/internal/audit/ulid"
	"kai/internal/durable"
)

const logID = "01JGK3F0Q0000000000000000A"

var start = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

// security writes a SecurityEvent as package export does.
func security(t testing.TB, e *event.Event) json.RawMessage {
	t.Helper()
	line, err := e.AppendLine(nil)
	if err != nil {
		t.Fatal(err)
	}
	var v event.View
	if err := event.Scan(bytes.TrimSuffix(line, []byte("\n")), &v); err != nil {
		t.Fatal(err)
	}
	object, err := json.Marshal(map[string]any{
		"id": logID + ":17", "timestamp": e.Time.Format(event.TimeLayout), "eventType": e.Type.String(),
		"severity": e.Severity.String(), "source": json.RawMessage(v.Source), "details": json.RawMessage(v.Details),
		"context": json.RawMessage(v.Context), "n": e.N, "action": e.Act, "outcome": e.Outcome.String(),
		"leaf": "3206cb89a5a99fd2",
	})
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// violation is an alert about a violation of a pattern by a group.
func violation(t testing.TB, n uint64, pattern, group string) alert.Alert {
	t.Helper()
	return made(t, &event.Event{
		N: n, Time: start, Severity: event.High, Type: event.SecurityViolation, Act: "audit.violation", Outcome: event.OK,
		Source: event.Source{UID: 1000, HasUID: true, Agent: "bot", Host: "build", PID: 4711},
		Details: event.Details{
			{Name: "count", Value: int64(5)}, {Name: "events", Value: []any{int64(1), int64(2)}}, {Name: "group", Value: group},
			{Name: "pattern", Value: pattern}, {Name: "rule", Value: "rule-of-" + pattern}, {Name: "title", Value: "Title"},
			{Name: "window_s", Value: int64(300)},
		},
	})
}

// exported is an alert about an export of the vault.
func exported(t testing.TB, n uint64) alert.Alert {
	t.Helper()
	return made(t, &event.Event{
		N: n, Time: start, Severity: event.High, Type: event.DataAccess, Act: "vault_exported", Outcome: event.OK,
		Source: event.Source{UID: 1000, HasUID: true, Agent: "bot"},
	})
}

func made(t testing.TB, e *event.Event) alert.Alert {
	t.Helper()
	id, err := ulid.New(start.Add(time.Duration(e.N)*time.Millisecond), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a, err := alert.New(id, e, security(t, e), logID, "jZENs/Wir77dFpoSGyvXAeH1ELT9nvwlJI+gwD3xmXU=")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func open(t testing.TB, path string) *alert.Outbox {
	t.Helper()
	root, err := os.OpenRoot(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	o, err := alert.Open(durable.NewDir(root))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func put(t testing.TB, o *alert.Outbox, a alert.Alert, now time.Time, sinks ...string) alert.Fate {
	t.Helper()
	fate, dropped, err := o.Put(context.Background(), a, sinks, now)
	if err != nil || len(dropped) > 0 {
		t.Fatalf("dropped %v, %v", dropped, err)
	}
	return fate
}

func flush(t testing.TB, o *alert.Outbox, now time.Time, sinks ...alert.Sink) alert.Report {
	t.Helper()
	report, err := o.Flush(context.Background(), sinks, func() time.Time { return now }, 30*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func pending(t testing.TB, o *alert.Outbox) []alert.Pending {
	t.Helper()
	list, err := o.List()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// mailbox is a sink that can be down.
type mailbox struct {
	name string
	min  event.Severity
	send func(ctx context.Context) error // nil accepts

	mu  sync.Mutex
	got []string // ids
}

func (m *mailbox) Name() string                { return m.name }
func (m *mailbox) MinSeverity() event.Severity { return m.min }

func (m *mailbox) Send(ctx context.Context, a alert.Alert) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.send != nil {
		if err := m.send(ctx); err != nil {
			return err
		}
	}
	m.got = append(m.got, a.ID)
	return nil
}

func (m *mailbox) ids() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.got)
}

var errDown = errors.New("down")

func down(context.Context) error { return errors.Join(alert.ErrUnreachable, errDown) }
