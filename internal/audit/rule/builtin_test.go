package rule_test

import (
	"fmt"
	"testing"
	"time"

	"kai/internal/audit/event"
	"kai/internal/audit/rule"
)

func TestRepeatedFailedAuthentication(t *testing.T) {
	log := newLog(t, rule.Builtin())
	failed := made("vault_unlock_failed", event.Fail, d("error", "passphrase"))
	other := failed
	other.Source.UID = 0
	for i := range 4 {
		same(t, fmt.Sprint("failure ", i+1), log.append(time.Duration(i)*time.Minute, failed))
		same(t, "other user", log.append(time.Duration(i)*time.Minute, other))
	}
	same(t, "success", log.append(4*time.Minute, made("vault_unlocked", event.OK)))
	same(t, "fifth, at the edge of the window", log.append(5*time.Minute, failed),
		"repeated_failed_authentication/high [src.uid=1000] 5")
	same(t, "sixth, in the same window", log.append(5*time.Minute, failed))
	same(t, "fifth of the other user", log.append(5*time.Minute, other),
		"repeated_failed_authentication/high [src.uid=0] 5")
}

func TestRepeatedFailedAuthenticationTooSlow(t *testing.T) {
	log := newLog(t, rule.Builtin())
	failed := made("identity_verification_failed", event.Fail)
	for i := range 4 {
		same(t, "failure", log.append(time.Duration(i)*time.Minute, failed))
	}
	same(t, "fifth, a microsecond after the window", log.append(5*time.Minute+time.Microsecond, failed))
	same(t, "sixth, and five are in its window", log.append(6*time.Minute, failed),
		"repeated_failed_authentication/high [src.uid=1000] 5")
}

func TestOneViolationATimespan(t *testing.T) {
	log := newLog(t, rule.Builtin())
	fired := 0
	for i := range 61 { // ten minutes of a failure every ten seconds
		got := log.append(time.Duration(i)*10*time.Second, made("vault_unlock_failed", event.Fail))
		fired += len(got)
	}
	// At 40 s, then as soon as that violation is older than 5 m: at 5 m 50 s.
	if fired != 2 {
		t.Errorf("%d violations in ten minutes, want 2", fired)
	}
}

func TestUnauthorizedAccess(t *testing.T) {
	log := newLog(t, rule.Builtin())
	denied := made("vault_access_denied", event.Deny, d("wanted", "secret_retrieved"))
	policy := made("policy_decision", event.Deny)
	other := denied
	other.Source.Agent = ""
	const single = "unauthorized_access_attempt/medium [action=vault_access_denied, src.agent=bot] 1"
	same(t, "first", log.append(0, denied), single)
	same(t, "in a sandbox", log.append(0, made("sandbox_denial", event.Deny, d("class", "file"))))
	same(t, "second", log.append(5*time.Minute, policy), "unauthorized_access_attempt/medium [action=policy_decision, src.agent=bot] 1")
	same(t, "no agent", log.append(6*time.Minute, other), "unauthorized_access_attempt/medium [action=vault_access_denied, src.agent=] 1")
	same(t, "third", log.append(10*time.Minute, denied), single, "unauthorized_access_attempt/high [src.agent=bot] 3")
	same(t, "fourth", log.append(10*time.Minute, denied), single)
	same(t, "denied key", log.append(10*time.Minute, made("key_exported", event.Deny)),
		"unauthorized_access_attempt/medium [action=key_exported, src.agent=bot] 1")
}

func TestUnauthorizedAccessTooSlow(t *testing.T) {
	log := newLog(t, rule.Builtin())
	denied := made("vault_access_denied", event.Deny)
	log.append(0, denied)
	log.append(5*time.Minute, denied)
	if got := log.append(10*time.Minute+time.Microsecond, denied); len(got) != 1 {
		t.Errorf("third after the window: %q", got)
	}
}

func TestPrivilegeEscalation(t *testing.T) {
	for _, act := range []string{"role_granted", "slot_added", "policy_created", "policy_updated", "policy_removed", "trust_root_added"} {
		for role, fires := range map[string]bool{"owner": false, "": false, "none": false, "deploy": true} {
			log := newLog(t, rule.Builtin())
			e := made(act, event.OK)
			e.Context.Role = role
			want := []string{fmt.Sprintf("privilege_escalation/critical [action=%s, src.agent=bot] 1", act)}
			if !fires {
				want = nil
			}
			same(t, act+" as "+role, log.append(0, e), want...)
			e.Outcome = event.Begin
			same(t, act+" begins as "+role, log.append(0, e))
		}
	}
	log := newLog(t, rule.Builtin())
	decision := made("policy_decision", event.OK)
	decision.Context.Role = "deploy"
	same(t, "a decision changes nothing", log.append(0, decision))
	for class, fires := range map[string]bool{"setuid": true, "userns": true, "ptrace": true, "cap": true, "file": false, "network": false, "capital": false} {
		got := log.append(0, made("sandbox_denial", event.Deny, d("class", class)))
		if fires != (len(got) == 1) {
			t.Errorf("%s: %q", class, got)
		}
	}
}

func TestSuspiciousDataAccess(t *testing.T) {
	log := newLog(t, rule.Builtin())
	read := func(i int) event.Event {
		return made("secret_retrieved", event.OK, d("path", fmt.Sprintf("h:%022d", i)))
	}
	for i := range 49 {
		same(t, fmt.Sprint("path ", i+1), log.append(time.Duration(i)*time.Second, read(i)))
		same(t, "the same again", log.append(time.Duration(i)*time.Second, read(i)))
	}
	same(t, "without a path", log.append(59*time.Second, made("secret_listed", event.OK)))
	same(t, "fiftieth", log.append(60*time.Second, read(49)), "suspicious_data_access/high [src.uid=1000] 50")
	last := log.events[len(log.events)-1]
	if numbers := last.Details.Get("events").([]any); len(numbers) != rule.MaxEvents || numbers[rule.MaxEvents-1] != int64(99) {
		t.Errorf("events named: %v", numbers)
	}
}

func TestSuspiciousDataAccessTooSlow(t *testing.T) {
	log := newLog(t, rule.Builtin())
	for i := range 50 {
		after := time.Duration(i) * time.Second
		if i == 49 {
			after = 60*time.Second + time.Microsecond
		}
		same(t, "path", log.append(after, made("secret_injected", event.OK, d("path", fmt.Sprintf("h:%022d", i)))))
	}
}

func TestSuspiciousExport(t *testing.T) {
	exported, failed := made("vault_exported", event.OK, d("secret_count", int64(9))), made("vault_unlock_failed", event.Fail)
	const fires = "suspicious_data_access/high [] 2"
	log := newLog(t, rule.Builtin())
	same(t, "failed", log.append(0, failed))
	same(t, "export after 10 m", log.append(10*time.Minute, exported), fires)
	log = newLog(t, rule.Builtin())
	same(t, "failed", log.append(0, failed))
	same(t, "export too late", log.append(10*time.Minute+time.Microsecond, exported))
	same(t, "failure after the export", log.append(11*time.Minute, failed), fires)
	log = newLog(t, rule.Builtin())
	same(t, "exports alone", append(log.append(0, exported), log.append(0, exported)...))
}

func TestTrustViolation(t *testing.T) {
	for _, act := range []string{"signature_verified", "identity_verification_failed", "identity_rotated", "message_rejected", "secure_message_received"} {
		for _, code := range []string{"revoked", "forged", "replayed", "downgraded", "split_head", "expired", ""} {
			log := newLog(t, rule.Builtin())
			e := made(act, event.Fail)
			if code != "" {
				e.Details = event.Details{d("error", code)}
			}
			want := []string{fmt.Sprintf("trust_violation/high [action=%s, src.agent=bot] 1", act)}
			if code == "" || code == "expired" {
				want = nil
			}
			same(t, act+" "+code, log.append(0, e), want...)
		}
	}
	log := newLog(t, rule.Builtin())
	same(t, "replay", log.append(0, made("message_replay_rejected", event.Deny, d("error", "replayed"))),
		"trust_violation/high [action=message_replay_rejected, src.agent=bot] 1")
	same(t, "something else revoked", log.append(0, made("backend_login", event.Fail, d("error", "revoked"))))
}

func TestBuiltinNames(t *testing.T) {
	patterns := make(map[string]bool)
	for _, r := range rule.Builtin() {
		if r.Fires() {
			patterns[r.Pattern] = true
		}
	}
	for _, p := range []string{
		"repeated_failed_authentication", "unauthorized_access_attempt", "privilege_escalation",
		"suspicious_data_access", "trust_violation",
	} {
		if !patterns[p] {
			t.Errorf("no rule of pattern %s", p)
		}
		delete(patterns, p)
	}
	for p := range patterns {
		t.Errorf("pattern %s is not in the design's table", p)
	}
}
