package metrics_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"kai/internal/audit/event"
	"kai/internal/audit/metrics"
	"kai/internal/vectortest"
)

func view(t *testing.T, n uint64, act string, outcome event.Outcome, details event.Details) *event.View {
	t.Helper()
	row, ok := event.Lookup(act)
	if !ok {
		t.Fatal(act)
	}
	e := event.Event{N: n, Time: time.Unix(1_780_000_000, 0).UTC(), Severity: row.By[outcome], Type: row.Type, Act: act, Outcome: outcome, Details: details}
	line, err := e.AppendLine(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := new(event.View)
	if err := event.Scan(line, v); err != nil {
		t.Fatal(err)
	}
	return v
}

func counted(t *testing.T) *metrics.Counters {
	t.Helper()
	c := metrics.New("01JGK3F0Q0000000000000000A")
	for i, v := range []*event.View{
		view(t, 0, "audit.created", event.OK, nil),
		view(t, 1, "vault_unlock_failed", event.Fail, nil),
		view(t, 2, "vault_unlock_failed", event.Fail, nil),
		view(t, 3, "audit.recovered", event.OK, nil),
		view(t, 4, "audit.violation", event.OK, event.Details{{Name: "pattern", Value: "quo\"te\\ and\nline"}}),
	} {
		if !c.Add(v) {
			t.Fatalf("event %d not counted", i)
		}
	}
	c.Alerted("pager", "delivered")
	return c
}

func TestCounters(t *testing.T) {
	c := counted(t)
	if c.N != 5 || c.Events["authentication medium fail"] != 2 || c.Recoveries != 1 || len(c.Violations) != 1 {
		t.Errorf("%+v", c)
	}
	if !c.Add(view(t, 2, "audit.created", event.OK, nil)) || c.N != 5 || c.Add(view(t, 9, "audit.created", event.OK, nil)) || c.N != 5 {
		t.Errorf("counted twice, or over a gap: %+v", c)
	}
	data, err := c.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	back, err := metrics.Unmarshal(data, c.LogID)
	if err != nil || back.N != c.N {
		t.Errorf("%v, %v", back, err)
	}
}

func TestFile(t *testing.T) {
	c := metrics.New("A")
	c.Add(view(t, 0, "audit.created", event.OK, nil))
	data, err := c.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"alerts":{},"events":{"system_access info ok":1},"log_id":"A","n":1,"recoveries":0,"v":1,"violations":{}}`
	if string(data) != want {
		t.Errorf("got %s", data)
	}
	if back, err := metrics.Unmarshal(data, "A"); err != nil || back.Events["system_access info ok"] != 1 {
		t.Errorf("%+v, %v", back, err)
	}
	for _, bad := range []string{
		"", "{}", strings.Replace(want, `"v":1`, `"v":2`, 1), strings.Replace(want, "system_access info ok", "system_access", 1),
		strings.Replace(want, "system_access info ok", "system_access info good", 1), strings.Replace(want, "system_access info", "system info", 1),
		strings.Replace(want, "access info", "access none", 1), strings.Replace(want, "info ok", "info ok x", 1),
		strings.Replace(want, `ok":1`, `ok":0`, 1), strings.Replace(want, `ok":1`, `ok":-1`, 1), strings.Replace(want, `ok":1`, `ok":1.5`, 1),
		strings.Replace(want, `"n":1`, `"n":-1`, 1), strings.Replace(want, `"recoveries":0`, `"recoveries":-1`, 1),
		strings.Replace(want, `"alerts":{}`, `"alerts":{"x":1}`, 1), strings.Replace(want, `"alerts":{}`, `"alerts":{"x y z":1}`, 1),
		strings.Replace(want, `"alerts":{}`, `"alerts":null`, 1), strings.Replace(want, `"alerts":{},`, ``, 1),
		strings.Replace(want, `"violations":{}`, `"violations":{"x":0}`, 1), want + "\n", " " + want, strings.Replace(want, `{"alerts"`, `{"a":1,"alerts"`, 1),
	} {
		if _, err := metrics.Unmarshal([]byte(bad), "A"); !errors.Is(err, metrics.ErrMalformed) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := metrics.Unmarshal(data, "B"); !errors.Is(err, metrics.ErrMalformed) {
		t.Errorf("another log's: %v", err)
	}
}

func TestText(t *testing.T) {
	var out bytes.Buffer
	s := &metrics.Snapshot{
		Counters: counted(t), SizeEvents: 5, SizeBytes: 1500, Epoch: 2, Unsigned: 3, Unanchored: 4, OutboxPending: 1,
		LastEvent: time.UnixMicro(1_780_000_000_500_000), LastVerify: time.Unix(1_780_000_000, 0), VerifyOK: true,
	}
	if err := metrics.Write(&out, s); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\nkai_audit_events_total{type=\"authentication\",severity=\"medium\",outcome=\"fail\"} 2\n",
		"\nkai_audit_violations_total{pattern=\"quo\\\"te\\\\ and�line\"} 1\n",
		"\nkai_audit_alerts_total{sink=\"pager\",result=\"delivered\"} 1\n",
		"\nkai_audit_recoveries_total 1\n", "\nkai_audit_outbox_pending 1\n", "\nkai_audit_size_events 5\n", "\nkai_audit_size_bytes 1500\n",
		"\nkai_audit_epoch 2\n", "\nkai_audit_unsigned_events 3\n", "\nkai_audit_unanchored_events 4\n",
		"\nkai_audit_last_event_timestamp_seconds 1780000000.500000\n", "\nkai_audit_last_verify_timestamp_seconds 1780000000\n", "\nkai_audit_verify_ok 1\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "last_checkpoint") {
		t.Error("a time that is not known")
	}
	vectortest.Run(t, out.Bytes(), vectortest.Peer(t, "promtool"), "check", "metrics")
}
