package report_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"kai/internal/audit/event"
	"kai/internal/audit/report"
)

func ids(r *report.Report) []string {
	var list []string
	for _, rec := range r.Recommendations {
		list = append(list, rec.ID)
	}
	return slices.Compact(list)
}

func find(r *report.Report, id string) *report.Recommendation {
	for i := range r.Recommendations {
		if r.Recommendations[i].ID == id {
			return &r.Recommendations[i]
		}
	}
	return nil
}

// A log in which all is well: begun acts end, denials are few, agents read what they read before.
func cleanLog(t testing.TB) *testLog {
	l := newLog(t)
	n := l.add(ago(50*time.Hour), "vault_unlock_attempt", event.Begin, nil)
	l.add(ago(50*time.Hour), "vault_unlocked", event.OK, nil, ref(n), role("ci"))
	l.add(ago(49*time.Hour), "secret_retrieved", event.OK, event.Details{{Name: "ns", Value: "n1"}, {Name: "path", Value: "h:AAAAAAAAAAAAAAAAAAAAAA"}})
	l.add(ago(48*time.Hour), "vault_access_denied", event.Deny, event.Details{{Name: "wanted", Value: "secret_retrieved"}})
	l.add(ago(47*time.Hour), "vault_access_denied", event.Deny, event.Details{{Name: "wanted", Value: "secret_retrieved"}})
	return l
}

func TestNothingToRecommend(t *testing.T) {
	r := cleanLog(t).report(func(o *report.Options) {
		o.Environment = report.Environment{
			OutboxPending: 1, OutboxOldest: ago(time.Hour), Disk: &report.Disk{FreeBytes: 1 << 40},
			Roles: []report.Role{{Name: "ci", Granted: ago(200 * 24 * time.Hour)}, {Name: "new", Granted: ago(90 * 24 * time.Hour)}},
		}
	})
	if len(r.Recommendations) != 0 {
		t.Errorf("recommended: %+v", r.Recommendations)
	}
	var text strings.Builder
	if err := r.WriteText(&text); err != nil || !strings.Contains(text.String(), "nothing to recommend") {
		t.Errorf("%v\n%s", err, text.String())
	}
}

// Each recommendation comes with what is made for it, alone.
func TestEachRecommendation(t *testing.T) {
	type options = *report.Options
	events := func(f func(l *testLog)) func(*testLog) { return f }
	nothing := func(*testLog) {}
	same := func(options) {}
	for _, tt := range []struct {
		id, name  string
		log       func(*testLog)
		facts     func(options)
		command   string
		evidence  int
		mentioned string
	}{
		{"R1", "a pattern is open", events(func(l *testLog) {
			violation(l, ago(time.Hour), "repeated_failed_authentication", "src.uid=1000", 2, 3)
		}), same, "kai audit query --pattern repeated_failed_authentication --since 2026-11-23T", 1, "src.uid=1000"},
		{"R2", "4,097 events unsigned", nothing, func(o options) { o.Integrity.Size = 5000; o.Integrity.SignedTo = 5000 - 4097 }, "kai audit checkpoint", 0, "4,097 events"},
		{"R2", "one event unsigned for a day", nothing, func(o options) {
			o.Integrity.SignedTo = o.Integrity.Size - 1
			o.Integrity.NewestCheckpoint = ago(24*time.Hour + time.Second)
		}, "kai audit checkpoint", 0, "1 event is"},
		{"R3", "anchor of last week", nothing, func(o options) { o.Integrity.NewestAnchor = ago(7*24*time.Hour + time.Second) }, "kai audit witness request -o req.txt", 0, "7 days"},
		{"R3", "never anchored", nothing, func(o options) { o.Integrity.NewestAnchor = time.Time{} }, "kai audit witness request -o req.txt", 0, "90 days"},
		{"R4", "verified last week", nothing, func(o options) { o.Integrity.NewestVerify = ago(8 * 24 * time.Hour) }, "kai audit verify", 0, "8 days"},
		{"R5", "a gap", events(func(l *testLog) {
			l.add(ago(time.Hour), "audit.gap", event.OK, event.Details{{Name: "count", Value: int64(3)}})
		}), same, "kai audit checkpoint --acknowledge 7 --reason 'looked into'", 1, "audit.gap"},
		{"R5", "the disk was full", events(func(l *testLog) { l.add(ago(time.Hour), "audit.disk_full", event.OK, nil) }), same, "kai audit checkpoint --acknowledge 7", 1, "disk_full"},
		{"R5", "the state was lost", events(func(l *testLog) { l.add(ago(time.Hour), "audit.state_lost", event.OK, nil) }), same, "kai audit checkpoint --acknowledge 7", 1, "state_lost"},
		{"R5", "the clock went back", events(func(l *testLog) {
			l.add(ago(time.Hour), "secret_listed", event.OK, nil, func(e *event.Event) { e.Context.SkewMS = 5000 })
		}), same, "kai audit query --grep skew_ms", 1, "clock"},
		{"R6", "another namespace is read", events(func(l *testLog) {
			l.add(ago(time.Hour), "secret_retrieved", event.OK, event.Details{{Name: "ns", Value: "n2"}})
		}), same, "kai audit query --agent bot --since 2026-11-25T11:00:00Z", 1, "bot read namespace n2"},
		{"R7", "a key is overdue", nothing, func(o options) {
			o.Environment.Overdue = []report.Overdue{{Kind: report.OverdueKey, Name: "release", Class: "agent", Age: 100 * 24 * time.Hour, Limit: 90 * 24 * time.Hour}}
		}, "kai key rotate release", 0, "100 days"},
		{"R7", "a secret is overdue", nothing, func(o options) {
			o.Environment.Overdue = []report.Overdue{{Kind: report.OverdueSecret, Name: "ci/it's", Class: "API", Age: 31 * 24 * time.Hour, Limit: 30 * 24 * time.Hour}}
		}, `kai vault rotate 'ci/it'\''s'`, 0, "31 days"},
		{"R8", "a role is unused", nothing, func(o options) {
			o.Environment.Roles = []report.Role{{Name: "deploy", Granted: ago(91 * 24 * time.Hour)}}
		}, "kai vault role show deploy", 0, "91 days"},
		{"R9", "the same is denied again", events(func(l *testLog) {
			l.add(ago(time.Hour), "vault_access_denied", event.Deny, event.Details{{Name: "wanted", Value: "secret_retrieved"}})
		}), same, "kai audit query --agent bot --out deny --since", 3, "3 times"},
		{"R10", "the sandbox ran degraded", events(func(l *testLog) { l.add(ago(time.Hour), "sandbox_degraded", event.OK, nil) }), same, "kai sandbox doctor", 1, "once"},
		{"R11", "an alert waits", nothing, func(o options) {
			o.Environment.OutboxPending, o.Environment.OutboxOldest = 2, ago(61*time.Minute)
		}, "kai audit alert flush", 0, "2 alerts"},
		{"R12", "the disk fills", nothing, func(o options) {
			o.Environment.Disk = &report.Disk{FreeBytes: 29_999, GrowthPerDay: 1000}
		}, "kai audit archive --before 2026-10-26", 0, "29 days"},
		{"R12", "the disk fills as the events grow", nothing, func(o options) {
			o.Environment.Disk = &report.Disk{FreeBytes: 100}
		}, "kai audit archive --before 2026-10-26", 0, "free"},
		{"R13", "the epoch is unsealed", nothing, func(o options) { o.Integrity.Sealed = false }, "kai audit checkpoint --new-epoch", 0, "unsealed"},
		{"R13", "there is no auditor", nothing, func(o options) { o.Integrity.Auditors = 0 }, "kai audit checkpoint --new-epoch", 0, "no auditor"},
		{"R14", "an act has no outcome", events(func(l *testLog) { l.add(ago(time.Hour), "vault_unlock_attempt", event.Begin, nil) }), same, "kai audit query --out begin --since 2026-11-25T11:00:00Z", 1, "1 act"},
	} {
		t.Run(tt.id+" "+tt.name, func(t *testing.T) {
			l := cleanLog(t)
			tt.log(l)
			r := l.report(tt.facts)
			if got := ids(r); !slices.Equal(got, []string{tt.id}) {
				t.Fatalf("recommended %v: %+v", got, r.Recommendations)
			}
			rec := find(r, tt.id)
			if !strings.HasPrefix(rec.Command, tt.command) || len(rec.Evidence) != tt.evidence || !strings.Contains(rec.Text, tt.mentioned) {
				t.Errorf("%+v", *rec)
			}
			if _, err := event.ParseSeverity(rec.Severity); err != nil {
				t.Error(err)
			}
		})
	}
}

// Just below its bound nothing is recommended.
func TestBounds(t *testing.T) {
	r := cleanLog(t).report(func(o *report.Options) {
		o.Integrity.Size, o.Integrity.SignedTo = 5000, 5000-4096
		o.Integrity.NewestCheckpoint = ago(24 * time.Hour)
		o.Integrity.NewestAnchor = ago(7 * 24 * time.Hour)
		o.Integrity.NewestVerify = ago(7 * 24 * time.Hour)
		o.Environment.OutboxOldest = ago(time.Hour)
		o.Environment.Disk = &report.Disk{FreeBytes: 30_000, GrowthPerDay: 1000}
	})
	if len(r.Recommendations) != 0 {
		t.Errorf("recommended: %+v", r.Recommendations)
	}
}

// A filter narrows what is reported, not what is known: a begun act whose outcome the filter
// hides is not unfinished, an agent seen in events it hides is not new.
func TestMatch(t *testing.T) {
	r := cleanLog(t).report(func(o *report.Options) {
		o.Match = func(v *event.View) bool { return v.Outcome == event.Begin }
	})
	if r.Summary.Events != 1 || r.Summary.Unfinished.Count != 0 || len(r.Trends.NewActors) != 0 {
		t.Errorf("%+v %+v", r.Summary, r.Trends.NewActors)
	}
}

func TestCommandsAreWords(t *testing.T) {
	for _, command := range report.Commands() {
		if !strings.HasPrefix(command, "kai ") || strings.ContainsFunc(command, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("command %q", command)
		}
	}
}
