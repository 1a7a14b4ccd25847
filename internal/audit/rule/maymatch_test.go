package rule_test

import (
	"testing"
	"time"

	"kai/internal/audit/event"
	"kai/internal/audit/rule"
)

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
					may := rule.BuiltinMayMatch(&e)
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
