package event_test

import (
	"testing"
	"time"

	"kai/internal/audit/event"
)

// usual is an event of the length that most have.
func usual() event.Event {
	return event.Event{
		N: 123_456, Time: time.Date(2026, 11, 22, 4, 36, 27, 169_927_000, time.UTC),
		Severity: event.Low, Type: event.DataAccess, Act: "secret_retrieved", Outcome: event.OK,
		Source:  event.Source{UID: 1000, HasUID: true, PID: 48_213, TTY: "pts/3"},
		Context: event.Context{Cmd: "vault get", Ref: 123_455, HasRef: true, Role: "owner"},
		Details: event.Details{{Name: "path", Value: "h:AAECAwQFBgcICQoLDA0ODw"}},
		Prev:    [16]byte{1, 2, 3, 4, 5}, MAC: [16]byte{6, 7, 8, 9, 10},
	}
}

func BenchmarkScan(b *testing.B) {
	e := usual()
	line, err := e.AppendLine(nil)
	if err != nil {
		b.Fatal(err)
	}
	if len(line) < 300 || len(line) > 325 {
		b.Fatalf("%d bytes are not the usual line", len(line))
	}
	var v event.View
	b.SetBytes(int64(len(line)) + 1)
	b.ReportAllocs()
	for b.Loop() {
		if err := event.Scan(line, &v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendLine(b *testing.B) {
	e := usual()
	var line []byte
	b.ReportAllocs()
	for b.Loop() {
		line, _ = e.AppendLine(line[:0])
	}
	b.SetBytes(int64(len(line)) + 1)
}
