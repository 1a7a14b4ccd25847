package event

import (
	"fmt"
	"strings"
	"sync"
)

// Row is what the catalogue says of an act.
type Row struct {
	Act  string
	Type Type
	// By are the severities by outcome; zero: cannot be. Begin is info where the act can begin.
	By [Deny + 1]Severity
	// Raised is the severity that ok may have instead, zero if none.
	Raised Severity
	// AnySeverity marks the act whose severity is that of the rule that fired.
	AnySeverity bool
}

// Lookup finds an act.
func Lookup(act string) (Row, bool) {
	row, ok := catalogue()[act]
	return row, ok
}

// Acts lists the catalogue in its order.
func Acts() []Row {
	var rows []Row
	for _, line := range acts {
		rows = append(rows, line.rows()...)
	}
	return rows
}

// Check holds an event against the catalogue: act, type, severity, outcome, and the name and
// class of each member of d. The error is ErrCatalogue.
func (e *Event) Check() error {
	row, ok := Lookup(e.Act)
	if !ok {
		return fmt.Errorf("%w: act %q", ErrCatalogue, e.Act)
	}
	if e.Type != row.Type {
		return fmt.Errorf("%w: %s is of type %s, not %s", ErrCatalogue, e.Act, row.Type, e.Type)
	}
	if e.Outcome > Deny || row.By[e.Outcome] == 0 {
		return fmt.Errorf("%w: %s cannot end in %s", ErrCatalogue, e.Act, e.Outcome)
	}
	want := row.By[e.Outcome]
	raised := e.Outcome == OK && row.Raised != 0 && e.Severity == row.Raised
	if e.Severity != want && !raised && !row.AnySeverity {
		return fmt.Errorf("%w: %s %s has severity %s, not %s", ErrCatalogue, e.Act, e.Outcome, want, e.Severity)
	}
	return e.Details.Check()
}

// catalogue is the table by act.
var catalogue = sync.OnceValue(func() map[string]Row {
	m := make(map[string]Row)
	for _, row := range Acts() {
		m[row.Act] = row
	}
	return m
})

// line is a group of acts that are alike.
type line struct {
	acts string // separated by spaces; one before "→" can only begin
	typ  Type
	// by is a letter for each of ok, fail, deny: i l m h c, or - for one that cannot be.
	by     string
	raised Severity
}

// rows expands a line. In "a → b c" a only begins, b only is ok, and c only is fail or deny. Every
// other act may begin too, except those that the log says of itself and violations.
func (l line) rows() []Row {
	words := strings.Fields(l.acts)
	row := func(act string) Row {
		r := Row{Act: act, Type: l.typ, Raised: l.raised, AnySeverity: act == "audit.violation"}
		for k, letter := range []byte(l.by) {
			r.By[int(OK)+k] = Severity(strings.IndexByte("-ilmhc", letter))
		}
		return r
	}
	if len(words) == 4 && words[1] == "→" {
		begin, ok, failed := row(words[0]), row(words[2]), row(words[3])
		begin.By = [Deny + 1]Severity{Begin: Info}
		ok.By[Fail], ok.By[Deny] = 0, 0
		failed.By[OK] = 0
		return []Row{begin, ok, failed}
	}
	var rows []Row
	for _, act := range words {
		r := row(act)
		if !strings.HasPrefix(act, "audit.") && l.typ != SecurityViolation {
			r.By[Begin] = Info
		}
		rows = append(rows, r)
	}
	return rows
}

var acts = []line{
	// keygen, id, backend
	{"key_generation_started → key_generation_completed key_generation_failed", Encryption, "lmm", 0},
	{"key_stored key_imported key_attested", Encryption, "lmm", 0},
	{"key_retrieved", DataAccess, "lmh", Medium}, // medium for signing keys of the vault
	{"key_rotated key_deletion_scheduled key_deleted", Encryption, "mmh", 0},
	{"key_exported", DataAccess, "hmh", 0},
	{"identity_created identity_rotated", TrustChange, "mmh", 0},
	{"identity_attested", TrustChange, "lmh", 0},
	{"identity_revoked", TrustChange, "hhh", 0},
	{"identity_verification_started → identity_verification_completed identity_verification_failed", Authentication, "lmm", 0},
	{"signature_created", Encryption, "lmm", 0},
	{"signature_verified", Authentication, "ihm", 0}, // fail: proven bad, deny: not trusted

	// trust, policy
	{"trust_established trust_statement_imported truststore_updated certificate_issued", TrustChange, "lmh", 0},
	{"certificate_validated", Authentication, "imm", 0},
	{"trust_revoked revocation_list_imported trust_root_added trust_root_removed", TrustChange, "hhh", 0},
	{"truststore_tampered", SecurityViolation, "-c-", 0},
	{"policy_created policy_updated policy_removed", ConfigurationChange, "hmh", 0},
	{"policy_decision", Authorization, "imm", 0},

	// vault
	{"vault_unlock_attempt → vault_unlocked vault_unlock_failed", Authentication, "lmm", 0},
	{"vault_locked session_expired", Authentication, "im-", 0},
	{"role_granted role_revoked", Authorization, "hmh", 0},
	{"vault_access_denied", Authorization, "--m", 0},
	{"secret_retrieved secret_listed vault_committed", DataAccess, "lm-", 0},
	{"secret_injected secret_expired_access vault_imported vault_backup_created", DataAccess, "mm-", 0},
	{"vault_exported secret_revealed_to_agent", DataAccess, "hm-", 0},
	{"secret_stored secret_rotated", Encryption, "lm-", 0},
	{"secret_deleted vault_rekeyed", Encryption, "mh-", 0},
	{"vault_synced vault_compacted vault_conflict_resolved", ConfigurationChange, "lm-", 0},
	{"vault_initialized slot_added slot_removed slot_changed device_added device_removed vault_restored", ConfigurationChange, "hm-", 0},
	{"vault_rollback_detected vault_fork_detected vault_tampered", SecurityViolation, "-c-", 0},

	// seal, open, channel
	{"secure_message_sent secure_message_received", Encryption, "lmm", 0},
	{"message_rejected", Encryption, "-mm", 0},
	{"message_replay_rejected", SecurityViolation, "--h", 0},
	{"secure_channel_establishment_started → secure_channel_established secure_channel_establishment_failed", Authentication, "lmm", 0},
	{"secure_channel_rekeyed secure_channel_closed", Encryption, "im-", 0},

	// sandbox
	{"sandbox_started sandbox_finished sandbox_failed sandbox_degraded", SystemAccess, "lmm", 0},
	{"sandbox_secret_released", DataAccess, "mmh", 0},
	{"sandbox_denial", Authorization, "--m", 0},
	{"sandbox_policy_changed", ConfigurationChange, "hmh", 0},
	{"sandbox_limit_reached sandbox_escape_attempt", SecurityViolation, "--h", 0},

	// backend, config, recovery, threshold, doctor, home
	{"backend_added backend_removed", ConfigurationChange, "mmh", 0},
	{"backend_login", Authentication, "lmm", 0},
	{"backend_error", SystemAccess, "-m-", 0},
	{"config_changed", ConfigurationChange, "mmh", 0},
	{"recovery_share_created recovery_started recovery_completed recovery_failed", Authentication, "hhh", 0},
	{"threshold_key_generated threshold_signature_created", Encryption, "mmm", 0},
	{"home_created home_permissions_fixed", SystemAccess, "lmh", 0},

	// what the log says of itself
	{"audit.created audit.epoch audit.checkpoint audit.cosigned audit.anchor audit.recovered audit.archived audit.alert_failed", SystemAccess, "im-", 0},
	{"audit.exported", DataAccess, "mmh", 0},
	{"audit.pruned audit.redacted audit.acknowledged", ConfigurationChange, "hmh", 0},
	{"audit.gap audit.disk_full audit.tamper audit.rollback audit.repaired audit.state_lost", SecurityViolation, "ccc", 0},
	{"audit.violation", SecurityViolation, "hhh", 0},
}
