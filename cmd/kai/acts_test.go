package main

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"kai/internal/audit/event"
)

// laterActs are the acts whose verbs do not exist yet, by the verb that brings them. When one does,
// its acts move from here into the scenario of TestActs.
var laterActs = map[string]string{
	"the life of keys": `key_attested key_rotated key_deletion_scheduled key_deleted
		identity_rotated identity_attested identity_revoked
		identity_verification_started identity_verification_completed identity_verification_failed`,
	"trust": `trust_established trust_statement_imported certificate_issued certificate_validated
		trust_revoked revocation_list_imported trust_root_added trust_root_removed`,
	"policy":        "policy_created policy_updated policy_removed policy_decision",
	"vault":         "slot_changed",
	"seal and open": "secure_message_sent secure_message_received message_rejected message_replay_rejected",
	"channel": `secure_channel_establishment_started secure_channel_established secure_channel_establishment_failed
		secure_channel_rekeyed secure_channel_closed`,
	"sandbox": `sandbox_started sandbox_finished sandbox_failed sandbox_degraded sandbox_secret_released sandbox_denial
		sandbox_policy_changed sandbox_limit_reached sandbox_escape_attempt`,
	"backend":             "backend_added backend_removed backend_login backend_error",
	"recovery":            "recovery_share_created recovery_started recovery_completed recovery_failed",
	"threshold":           "threshold_key_generated threshold_signature_created",
	"doctor that repairs": "home_permissions_fixed",

	// These are shown where they can be made to happen.
	"internal/audit, crash and fault tests": "audit.recovered audit.disk_full audit.tamper",
	"TestOnFailureWarn":                     "audit.gap",
	"TestRedact":                            "audit.redacted",
	"the alert scripts":                     "audit.alert_failed",
	"the archive script":                    "audit.archived audit.pruned",
	"the witness script":                    "audit.cosigned",
	"the anchor script":                     "audit.anchor",
	"the scripts of inject and sync":        "secret_revealed_to_agent vault_fork_detected",
	"the scripts of identities":             "key_stored key_imported identity_created truststore_updated truststore_tampered",
}

// TestActs runs what there is of kai and holds every event against the catalogue: each act is
// emitted here, with its type and severity, or stands above with its reason.
func TestActs(t *testing.T) {
	w := newLoggedWorld(t)
	w.put(t, "f", []byte("text\n"))
	key := "file:" + filepath.Join(w.workDir, "k")
	w.must(t, exitDone, "keygen", "-o", "k", "--no-passphrase")
	w.must(t, exitConflict, "keygen", "-o", "k", "--no-passphrase")
	w.must(t, exitDone, "id", "export", "k", "--private", "--no-passphrase", "-o", "k2")
	w.must(t, exitDone, "sign", "f", "--key", key)
	w.must(t, exitDone, "attest", "f", "--predicate-type", "slsa-provenance", "--builder-id", "https://example.org/ci", "--build-type", "https://example.org/make", "--key", key)
	w.must(t, exitDone, "verify", "f", "--signer", "k.pub")
	w.put(t, "f", []byte("changed\n"))
	for range 5 {
		w.must(t, exitBad, "verify", "f", "--signer", "k.pub") // audit.violation
	}
	w.config(t, "no-input = true\n") // config_changed
	w.must(t, exitDone, "keygen", "-o", "a", "--no-passphrase")
	audit := "file:" + filepath.Join(w.workDir, "a")
	w.must(t, exitDone, "audit", "checkpoint", "--key", audit, "--new-epoch")
	w.must(t, exitDone, "audit", "export", "--format", "jsonl", "-o", "log.jsonl")
	w.vaultActs(t)
	w.loseState(t)
	w.must(t, exitUndecidable, "verify", "log.jsonl") // audit.state_lost
	w.must(t, exitBad, "audit", "verify")
	at := slices.IndexFunc(w.events(t, 0), func(e event.Event) bool { return e.Act == "audit.state_lost" })
	w.must(t, exitDone, "audit", "checkpoint", "--key", audit, "--acknowledge", strconv.Itoa(at), "--reason", "a test")
	old := filepath.Join(t.TempDir(), "audit")
	if err := os.CopyFS(old, os.DirFS(w.auditDir(t))); err != nil {
		t.Fatal(err)
	}
	w.must(t, exitUndecidable, "verify", "log.jsonl")
	w.restore(t, old)
	w.must(t, exitBad, "keygen", "-o", "never", "--no-passphrase")
	w.must(t, exitDone, "audit", "verify", "--accept-rollback", "a test")
	w.loseState(t)
	w.must(t, exitUndecidable, "audit", "verify", "--repair")

	seen := map[string]bool{}
	for _, e := range w.events(t, 0) {
		seen[e.Act] = true
		if err := e.Check(); err != nil {
			t.Errorf("event %d: %v", e.N, err)
		}
	}
	later := map[string]bool{}
	for verb, acts := range laterActs {
		for _, act := range strings.Fields(acts) {
			if later[act] {
				t.Errorf("%s stands twice in the table", act)
			}
			later[act] = true
			if seen[act] && !strings.HasPrefix(act, "audit.") {
				t.Errorf("%s is emitted: it need not wait for %s", act, verb)
			}
		}
	}
	for _, row := range event.Acts() {
		if !seen[row.Act] && !later[row.Act] {
			t.Errorf("%s is not emitted, and the table does not say why", row.Act)
		}
		delete(later, row.Act)
	}
	for act := range later {
		t.Errorf("%s is in the table, and the catalogue does not have it", act)
	}
}

// config writes config.toml.
func (w *world) config(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(filepath.Dir(w.auditDir(t)), "config.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// loseState removes the state of the log.
func (w *world) loseState(t *testing.T) {
	t.Helper()
	if err := os.Remove(filepath.Join(w.auditDir(t), "state")); err != nil {
		t.Fatal(err)
	}
}

// restore puts an old copy of the log in its place.
func (w *world) restore(t *testing.T, old string) {
	t.Helper()
	dir := w.auditDir(t)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	err := os.CopyFS(dir, os.DirFS(old))
	if err == nil {
		err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				return os.Chmod(path, 0o700)
			}
			if err == nil {
				return os.Chmod(path, 0o600)
			}
			return err
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}
