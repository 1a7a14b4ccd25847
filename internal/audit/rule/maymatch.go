package rule

import (
	"time"

	"kai/internal/audit/event"
)

// What kai-suspicious-data-access counts: so many different secrets in that time.
const (
	manySecrets = 50
	shortTime   = 60 * time.Second
)

// BuiltinMayMatch reports whether one of the built-in rules can fire at an event. It is quick and may be
// wrong in one direction only: where it is false no built-in rule fires, so that a command whose events
// are all like that need not read the rules.
//
// at gives the time of the event that many before, or ok false where there are not so many.
func BuiltinMayMatch(e *event.Event, at func(before uint64) (t time.Time, ok bool)) bool {
	if e.Outcome == event.Fail || e.Outcome == event.Deny {
		return true
	}
	switch e.Act {
	case "role_granted", "slot_added", "policy_created", "policy_updated", "policy_removed", "trust_root_added",
		"vault_exported", "vault_unlock_failed", "sandbox_denial":
		return true
	}
	if e.Type != event.DataAccess || e.Details.Get("path") == nil {
		return false
	}
	t, ok := at(manySecrets - 1)
	return ok && e.Time.Sub(t) <= shortTime
}
