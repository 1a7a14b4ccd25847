package event_test

import (
	"testing"
	"time"

	"kai/internal/audit/event"
)

func TestLineOfTheVector(t *testing.T) {
	e := event.Event{
		Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Severity: event.Info, Type: event.SystemAccess,
		Act: "audit.created", Outcome: event.OK, Source: event.Source{UID: 1000, HasUID: true},
	}
	const want = `{"n":0,"t":"2026-01-02T03:04:05.000000Z","sev":"info","type":"system_access","act":"audit.created","out":"ok",` +
		`"src":{"uid":1000},"ctx":{},"d":{},"p":"AAAAAAAAAAAAAAAAAAAAAA","m":"AAAAAAAAAAAAAAAAAAAAAA"}`
	got, err := e.AppendLine(nil)
	if err != nil || string(got) != want {
		t.Fatalf("%v\n got %s\nwant %s", err, got, want)
	}
	back, err := event.Parse(got)
	if err != nil || back.Time != e.Time || back.Source != e.Source {
		t.Errorf("came back as %+v, %v", back, err)
	}
	if err := e.Check(); err != nil {
		t.Error(err)
	}
}
