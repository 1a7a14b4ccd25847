package rule

import "kai/internal/audit/event"

// BuiltinMayMatch reports whether one of the built-in rules can be about an event. It is quick and
// may be wrong in one direction only: where it is false no built-in rule matches, so that a command
// whose events are all like that need not read the rules.
func BuiltinMayMatch(e *event.Event) bool {
	if e.Outcome == event.Fail || e.Outcome == event.Deny {
		return true
	}
	switch e.Act {
	case "role_granted", "slot_added", "policy_created", "policy_updated", "policy_removed", "trust_root_added",
		"vault_exported", "vault_unlock_failed", "sandbox_denial":
		return true
	}
	return e.Type == event.DataAccess && e.Details.Get("path") != nil
}
