package rule_test

import (
	"fmt"
	"testing"
	"time"

	"kai/internal/audit/event"
	"kai/internal/audit/rule"
)

// What is passed over because too little happened before fires no rule: however the secrets are spread.
func TestBuiltinMayMatchCounts(t *testing.T) {
	fired, passed := 0, 0
	for _, gap := range []time.Duration{0, time.Second, 1224 * time.Millisecond, 1225 * time.Millisecond, 2 * time.Second} {
		log, after := newLog(t, rule.Builtin()), time.Duration(0)
		for i := range 120 {
			if after += gap; i == 60 {
				after += 6 * gap
			}
			n := len(log.events)
			found := log.append(after, made("secret_retrieved", event.OK, d("path", fmt.Sprintf("h:%022d", i))))
			may := rule.BuiltinMayMatch(&log.events[n], func(before uint64) (time.Time, bool) {
				if int(before) > n {
					return time.Time{}, false
				}
				return log.events[n-int(before)].Time, true
			})
			if !may {
				passed++
			}
			if len(found) > 0 {
				fired++
				if !may {
					t.Errorf("gap %v, event %d: %v", gap, i, found)
				}
			}
		}
	}
	if fired == 0 || passed == 0 {
		t.Errorf("%d fired, %d passed over: the test is blind", fired, passed)
	}
}

// No event that a built-in rule is about is passed over.
func TestBuiltinMayMatch(t *testing.T) {
	matched, passed := 0, 0
	for _, row := range event.Acts() {
		for _, outcome := range event.Outcomes() {
			if row.By[outcome] == 0 {
				continue
			}
			for _, role := range []string{"", "none", "owner", "ci"} {
				for _, d := range []event.Details{
					nil, {{Name: "error", Value: "revoked"}}, {{Name: "path", Value: "h:AAAAAAAAAAAAAAAAAAAAAA"}}, {{Name: "class", Value: "ptrace"}},
				} {
					e := event.Event{
						Time: time.Unix(0, 0).UTC(), Severity: row.By[outcome], Type: row.Type, Act: row.Act, Outcome: outcome,
						Context: event.Context{Role: role}, Details: d,
					}
					may := rule.BuiltinMayMatch(&e, func(uint64) (time.Time, bool) { return e.Time, true })
					if !may {
						passed++
					}
					for _, r := range rule.Builtin() {
						if rule.Matches(r, &e) {
							matched++
							if !may {
								t.Errorf("%s %s, role %q, %v: %s is about it", row.Act, outcome, role, d, r.ID)
							}
						}
					}
				}
			}
		}
	}
	if matched == 0 || passed == 0 {
		t.Errorf("%d matches, %d passed over: the test is blind", matched, passed)
	}
}
