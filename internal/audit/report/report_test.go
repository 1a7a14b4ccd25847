package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"kai/internal/audit/event"
	"kai/internal/audit/report"
)

// violation appends an audit.violation of earlier events and returns its n.
func violation(l *testLog, at time.Time, pattern, group string, events ...int64) uint64 {
	var list []any
	for _, n := range events {
		list = append(list, n)
	}
	return l.add(at, "audit.violation", event.OK, event.Details{
		{Name: "count", Value: int64(len(events))}, {Name: "events", Value: list}, {Name: "group", Value: group},
		{Name: "pattern", Value: pattern}, {Name: "rule", Value: "kai-" + pattern}, {Name: "window_s", Value: int64(300)},
	})
}

func TestSummary(t *testing.T) {
	r := cleanLog(t).report()
	s := r.Summary
	if s.Events != 5 || s.First.ID != logID+":2" || s.Last.ID != logID+":6" || s.Last.UID != "1000" {
		t.Errorf("%+v", s)
	}
	if want := (report.Tally{Distinct: 1, Top: []report.Count{{Name: "h:AAAAAAAAAAAAAAAAAAAAAA", Count: 1}}}); s.Secrets.Distinct != want.Distinct || !slices.Equal(s.Secrets.Top, want.Top) {
		t.Errorf("secrets %+v", s.Secrets)
	}
	if i := slices.Index(s.Types, report.Count{Name: "authorization", Count: 2}); i < 0 {
		t.Errorf("types %+v", s.Types)
	}
	if s.Hours[10] != 2 || s.Hours[11] != 1 || s.Hours[12] != 1 || s.Hours[13] != 1 {
		t.Errorf("hours %v", s.Hours)
	}
	// 2026-11-23, 12:00 and 13:00 UTC, was a Monday.
	if r.Trends.Failures[0][12] != 1 || r.Trends.Failures[0][13] != 1 {
		t.Errorf("failures %v", r.Trends.Failures)
	}
	if !r.OK || r.Exit(event.Info) != 0 {
		t.Error("not ok")
	}
}

func TestViolations(t *testing.T) {
	l := cleanLog(t)
	acknowledged := violation(l, ago(40*time.Hour), "repeated_failed_authentication", "src.uid=1000", 5, 6)
	open := violation(l, ago(39*time.Hour), "my_pattern", "src.agent=bot", 2, 4)
	replay := l.add(ago(38*time.Hour), "message_replay_rejected", event.Deny, event.Details{{Name: "pattern", Value: "trust_violation"}})
	covered := violation(l, ago(38*time.Hour), "trust_violation", "src.agent=bot", int64(replay))
	l.add(ago(37*time.Hour), "vault_tampered", event.Fail, nil)
	tampered := l.add(ago(36*time.Hour), "vault_tampered", event.Fail, nil)
	l.add(ago(35*time.Hour), "audit.acknowledged", event.OK, event.Details{{Name: "at", Value: int64(acknowledged)}})

	r := l.report(func(o *report.Options) { o.Integrity.Acknowledged = []uint64{covered} })
	var got []string
	for _, v := range r.Violations {
		got = append(got, v.Pattern+" "+string(v.State)+" "+v.Severity)
	}
	want := []string{"vault_tampered open critical", "my_pattern open high", "trust_violation acknowledged high", "repeated_failed_authentication acknowledged high"}
	if !slices.Equal(got, want) {
		t.Fatalf("violations %q", got)
	}
	v := r.Violations[1]
	if v.N != open || v.Count != 2 || v.WindowS != 300 || !v.First.Equal(ago(50*time.Hour)) || !v.Last.Equal(ago(49*time.Hour)) ||
		!slices.Equal(v.Events, []string{logID + ":2", logID + ":4"}) || v.Group != "src.agent=bot" {
		t.Errorf("%+v", v)
	}
	if v := r.Violations[0]; v.N != tampered || v.Count != 2 || v.WindowS != 3600 || v.Group != "bot" {
		t.Errorf("%+v", v)
	}
	if r.Summary.Violations != (report.ViolationCounts{Open: 2, Acknowledged: 2}) {
		t.Errorf("%+v", r.Summary.Violations)
	}
	if r.Exit(event.Critical) != 8 || r.Exit(0) != 0 {
		t.Errorf("exit %d, %d", r.Exit(event.Critical), r.Exit(0))
	}
	if got := ids(r); !slices.Equal(got, []string{"R1"}) || len(r.Recommendations) != 2 {
		t.Errorf("%+v", r.Recommendations)
	}
}

func TestExit(t *testing.T) {
	for _, tt := range []struct {
		name     string
		verdict  report.Verdict
		severity event.Severity
		state    bool // acknowledged
		failOn   event.Severity
		want     int
	}{
		{"clean", report.Intact, 0, false, event.Info, 0},
		{"reached", report.Intact, event.High, false, event.High, 8},
		{"passed", report.Intact, event.Critical, false, event.High, 8},
		{"not reached", report.Intact, event.Medium, false, event.High, 0},
		{"not asked", report.Intact, event.Critical, false, 0, 0},
		{"acknowledged", report.Intact, event.Critical, true, event.Info, 0},
		{"tampered", report.Tampered, 0, false, 0, 3},
		{"tampered and reached", report.Tampered, event.Critical, false, event.Info, 3},
		{"incomplete", report.Incomplete, 0, false, 0, 0},
		{"locked", report.Locked, 0, false, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLog(t)
			if tt.severity != 0 {
				l.add(ago(time.Hour), "audit.violation", event.OK, event.Details{{Name: "pattern", Value: "p"}}, level(tt.severity))
			}
			r := l.report(func(o *report.Options) {
				o.Integrity.Verdict, o.FailOn = tt.verdict, tt.failOn
				if tt.state {
					o.Integrity.Acknowledged = []uint64{2}
				}
			})
			if got := r.Exit(tt.failOn); got != tt.want || r.OK != (tt.want == 0) {
				t.Errorf("exit %d ok %v, want %d", got, r.OK, tt.want)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	l := newLog(t)
	o := clean(l)
	o.Range.To = o.Range.From
	if _, err := report.New(o, l.events()); !errors.Is(err, report.ErrRange) {
		t.Error(err)
	}
	o = clean(l)
	o.Integrity.Verdict = "fine"
	if _, err := report.New(o, l.events()); !errors.Is(err, report.ErrVerdict) {
		t.Error(err)
	}
	broken := func(yield func(*event.View, error) bool) { yield(nil, io.ErrUnexpectedEOF) }
	if _, err := report.New(clean(l), broken); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	l.lines = append(l.lines, []byte(`{"n":9}`))
	if r := l.report(); r.Summary.Malformed != 1 {
		t.Errorf("%d malformed lines", r.Summary.Malformed)
	}
}

// An empty log gives a whole report.
func TestEmpty(t *testing.T) {
	l := &testLog{t: t}
	r := l.report()
	if r.Summary.Events != 0 || r.Summary.First != nil || len(r.Recommendations) != 0 {
		t.Errorf("%+v", r)
	}
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "null") {
		t.Errorf("null in %s", b.String())
	}
}

func TestMembers(t *testing.T) {
	var b bytes.Buffer
	if err := cleanLog(t).report().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b.Bytes(), &members); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"schema", "ok", "range", "filters", "integrity", "summary", "violations", "trends", "recommendations", "metrics"} {
		if members[name] == nil {
			t.Errorf("no member %s", name)
		}
	}
	if string(members["schema"]) != `"kai.audit.report/1"` || strings.Count(b.String(), "\n") != 1 {
		t.Errorf("%s", b.String())
	}
}
