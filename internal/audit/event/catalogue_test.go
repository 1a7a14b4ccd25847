package event_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"kai/internal/audit/event"
)

// documented is the catalogue of kai-audit(5), an act a line: type, then severity of begin, ok,
// fail, deny by letter.
const documented = `
	key_generation_started          EN i---
	key_generation_completed        EN -l--
	key_generation_failed           EN --mm
	key_stored                      EN ilmm
	key_imported                    EN ilmm
	key_attested                    EN ilmm
	key_retrieved                   DA ilmh
	key_rotated                     EN immh
	key_deletion_scheduled          EN immh
	key_deleted                     EN immh
	key_exported                    DA ihmh
	identity_created                TC immh
	identity_rotated                TC immh
	identity_attested               TC ilmh
	identity_revoked                TC ihhh
	identity_verification_started   AU i---
	identity_verification_completed AU -l--
	identity_verification_failed    AU --mm
	signature_created               EN ilmm
	signature_verified              AU iihm
	trust_established               TC ilmh
	trust_statement_imported        TC ilmh
	truststore_updated              TC ilmh
	certificate_issued              TC ilmh
	certificate_validated           AU iimm
	trust_revoked                   TC ihhh
	revocation_list_imported        TC ihhh
	trust_root_added                TC ihhh
	trust_root_removed              TC ihhh
	truststore_tampered             SV --c-
	policy_created                  CC ihmh
	policy_updated                  CC ihmh
	policy_removed                  CC ihmh
	policy_decision                 AZ iimm
	vault_unlock_attempt            AU i---
	vault_unlocked                  AU -l--
	vault_unlock_failed             AU --mm
	vault_locked                    AU iim-
	session_expired                 AU iim-
	role_granted                    AZ ihmh
	role_revoked                    AZ ihmh
	vault_access_denied             AZ i--m
	secret_retrieved                DA ilm-
	secret_listed                   DA ilm-
	vault_committed                 DA ilm-
	secret_injected                 DA imm-
	secret_expired_access           DA imm-
	vault_imported                  DA imm-
	vault_backup_created            DA imm-
	vault_exported                  DA ihm-
	secret_revealed_to_agent        DA ihm-
	secret_stored                   EN ilm-
	secret_rotated                  EN ilm-
	secret_deleted                  EN imh-
	vault_rekeyed                   EN imh-
	vault_synced                    CC ilm-
	vault_compacted                 CC ilm-
	vault_conflict_resolved         CC ilm-
	vault_initialized               CC ihm-
	slot_added                      CC ihm-
	slot_removed                    CC ihm-
	slot_changed                    CC ihm-
	device_added                    CC ihm-
	device_removed                  CC ihm-
	vault_restored                  CC ihm-
	vault_rollback_detected         SV --c-
	vault_fork_detected             SV --c-
	vault_tampered                  SV --c-
	secure_message_sent             EN ilmm
	secure_message_received         EN ilmm
	message_rejected                EN i-mm
	message_replay_rejected         SV ---h
	secure_channel_establishment_started AU i---
	secure_channel_established           AU -l--
	secure_channel_establishment_failed  AU --mm
	secure_channel_rekeyed          EN iim-
	secure_channel_closed           EN iim-
	sandbox_started                 SY ilmm
	sandbox_finished                SY ilmm
	sandbox_failed                  SY ilmm
	sandbox_degraded                SY ilmm
	sandbox_secret_released         DA immh
	sandbox_denial                  AZ i--m
	sandbox_policy_changed          CC ihmh
	sandbox_limit_reached           SV ---h
	sandbox_escape_attempt          SV ---h
	backend_added                   CC immh
	backend_removed                 CC immh
	backend_login                   AU ilmm
	backend_error                   SY i-m-
	config_changed                  CC immh
	recovery_share_created          AU ihhh
	recovery_started                AU ihhh
	recovery_completed              AU ihhh
	recovery_failed                 AU ihhh
	threshold_key_generated         EN immm
	threshold_signature_created     EN immm
	home_created                    SY ilmh
	home_permissions_fixed          SY ilmh
	audit.created                   SY -im-
	audit.epoch                     SY -im-
	audit.checkpoint                SY -im-
	audit.cosigned                  SY -im-
	audit.anchor                    SY -im-
	audit.recovered                 SY -im-
	audit.archived                  SY -im-
	audit.alert_failed              SY -im-
	audit.exported                  DA -mmh
	audit.pruned                    CC -hmh
	audit.redacted                  CC -hmh
	audit.acknowledged              CC -hmh
	audit.gap                       SV -ccc
	audit.disk_full                 SV -ccc
	audit.tamper                    SV -ccc
	audit.rollback                  SV -ccc
	audit.repaired                  SV -ccc
	audit.state_lost                SV -ccc
	audit.violation                 SV -***
`

var typeOf = map[string]event.Type{
	"AU": event.Authentication, "AZ": event.Authorization, "EN": event.Encryption, "TC": event.TrustChange,
	"SV": event.SecurityViolation, "SY": event.SystemAccess, "DA": event.DataAccess, "CC": event.ConfigurationChange,
}

var severityOf = map[byte]event.Severity{'i': event.Info, 'l': event.Low, 'm': event.Medium, 'h': event.High, 'c': event.Critical}

// Each act with each outcome and each severity is accepted exactly when the document says so.
func TestCatalogue(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(documented), "\n")
	var acts []string
	for _, line := range lines {
		columns := strings.Fields(line)
		act, typ, by := columns[0], typeOf[columns[1]], columns[2]
		if typ == 0 || len(by) != 4 {
			t.Fatalf("line %q", line)
		}
		acts = append(acts, act)
		for i, outcome := range event.Outcomes() {
			for _, severity := range event.Severities() {
				e := event.Event{Act: act, Type: typ, Outcome: outcome, Severity: severity}
				want := by[i] == '*' || by[i] != '-' && severityOf[by[i]] == severity
				if act == "key_retrieved" && outcome == event.OK && severity == event.Medium {
					want = true // of kind signingKeys
				}
				if err := e.Check(); (err == nil) != want || err != nil && !errors.Is(err, event.ErrCatalogue) {
					t.Errorf("%s %s %s: %v, documented %v", act, outcome, severity, err, want)
				}
				for _, other := range event.Types() {
					if e.Type = other; other != typ && e.Check() == nil {
						t.Errorf("%s is accepted as %s", act, other)
					}
				}
			}
		}
	}
	var listed []string
	for _, row := range event.Acts() {
		listed = append(listed, row.Act)
		if again, ok := event.Lookup(row.Act); !ok || again != row {
			t.Errorf("Lookup(%s) is %+v", row.Act, again)
		}
		if len(row.Act) > event.MaxAct {
			t.Errorf("%s is too long", row.Act)
		}
	}
	if slices.Sort(acts); len(slices.Compact(slices.Clone(acts))) != len(acts) {
		t.Error("the document has an act twice")
	}
	if slices.Sort(listed); !slices.Equal(listed, acts) {
		t.Errorf("the catalogue has %v\ndocumented are %v", listed, acts)
	}
}

// The names that the system was first described with stay.
func TestSeedActs(t *testing.T) {
	for _, act := range strings.Fields(`
		key_generation_started key_generation_completed key_generation_failed key_stored key_retrieved key_rotated
		vault_unlock_attempt vault_unlocked vault_unlock_failed secret_stored secret_retrieved vault_exported
		identity_verification_started identity_verification_completed identity_verification_failed
		secure_channel_establishment_started secure_channel_established secure_channel_establishment_failed
		secure_message_sent secure_message_received trust_established`) {
		if _, ok := event.Lookup(act); !ok {
			t.Errorf("%s is missing", act)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	for name, change := range map[string]func(*event.Event){
		"an unknown act":      func(e *event.Event) { e.Act = "secret_read" },
		"no act":              func(e *event.Event) { e.Act = "" },
		"an act in capitals":  func(e *event.Event) { e.Act = "SECRET_RETRIEVED" },
		"no type":             func(e *event.Event) { e.Type = 0 },
		"no outcome":          func(e *event.Event) { e.Outcome = 0 },
		"an outcome above":    func(e *event.Event) { e.Outcome = 200 },
		"no severity":         func(e *event.Event) { e.Severity = 0 },
		"an unknown member":   func(e *event.Event) { e.Details = e.Details.With("password", "x") },
		"a name in plain":     func(e *event.Event) { e.Details = e.Details.With("path", "prod/db") },
		"a long plain string": func(e *event.Event) { e.Details = e.Details.With("reason", strings.Repeat("a", 269)) },
	} {
		e := usual()
		if err := e.Check(); err != nil {
			t.Fatal(err)
		}
		change(&e)
		err := e.Check()
		if !errors.Is(err, event.ErrCatalogue) {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), "prod/db") {
			t.Errorf("%s: the error has the value: %v", name, err)
		}
	}
}

func TestClasses(t *testing.T) {
	hash22 := "AAECAwQFBgcICQoLDA0ODw"
	hash43 := "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	enc := func(size int) string { return "x:" + base64.StdEncoding.EncodeToString(make([]byte, size)) }
	for _, test := range []struct {
		name  string
		value any
		fits  bool
	}{
		{"error", "wrong_passphrase", true},
		{"count", int64(3), true},
		{"valid", true, true},
		{"events", []any{int64(1), int64(2)}, true},
		{"recipients", []any{"age1a", strings.Repeat("a", 268)}, true},
		{"recipients", []any{"age1a", strings.Repeat("a", 269)}, false},

		{"path", "h:" + hash22, true},
		{"path", []any{"h:" + hash22, "h:" + hash22}, true},
		{"path", []any{}, true},
		{"path", []any{"h:" + hash22, "prod/db"}, false},
		{"path", "", false},
		{"path", "h:", false},
		{"path", hash22, false},
		{"path", "H:" + hash22, false},
		{"path", "h:" + hash22[1:], false},
		{"path", "h:" + hash22 + "A", false},
		{"path", "h:" + hash22 + "==", false},
		{"path", "h:" + hash22[:21] + "x", false},
		{"path", "h:" + hash22 + "\n", false},
		{"path", "h:\n" + hash22, false},
		{"path", "h:" + hash22[:5] + "\r\n" + hash22[5:], false},
		{"path", "h: " + hash22[1:], false},
		{"path", "h:" + hash22[:21] + "/", false},
		{"path", "c:" + hash43, false},
		{"path", int64(1), false},
		{"path", true, false},
		{"tag", "h:" + hash22, true},
		{"tag", "production", false},

		{"detail", "c:" + hash43, true},
		{"detail", "c:" + hash43[:42], false},
		{"detail", "c:" + hash43 + "A", false},
		{"detail", "c:" + hash43 + "\n", false},
		{"detail", "c:" + hash43[:42] + "9", false},
		{"detail", "h:" + hash22, false},
		{"detail", int64(7), false},

		{"sealed", "x:YWdl", true},
		{"sealed", enc(20 << 10), true},
		{"sealed", enc(20<<10 + 3), false},
		{"sealed", "x:YWdl\n", false},
		{"sealed", "x:YW\ndl", false},
		{"sealed", "x:YWd", false},
		{"sealed", "x:YQ==", true},
		{"sealed", "x:YR==", false},
		{"sealed", "x:-_-_", false},
		{"sealed", "YWdl", false},
		{"sealed", "h:" + hash22, false},
		{"sealed", int64(7), false},

		{"unheard_of", "x", false},
	} {
		err := event.Details{{test.name, test.value}}.Check()
		if (err == nil) != test.fits || err != nil && !errors.Is(err, event.ErrCatalogue) {
			t.Errorf("%s = %.60q: %v, want fits: %v", test.name, test.value, err, test.fits)
		}
	}
}

// One name has one class, and every name of the document has one.
func TestMembersHaveClasses(t *testing.T) {
	seen := make(map[event.Class]int)
	for name, class := range event.Members() {
		seen[class]++
		if !event.IsField("d." + name) {
			t.Errorf("%s cannot be the name of a member", name)
		}
	}
	for _, class := range []event.Class{event.Plain, event.HMAC, event.Commit, event.Enc} {
		if seen[class] == 0 || class.String() == "" {
			t.Errorf("class %s has no member", class)
		}
	}
	for _, name := range strings.Fields(`key_id key_type algorithm backend old_key_id new_key_id method slot identity secret_type secret_count
		ns dev gen seq chain agent_id required_level level valid trustor trustee trust_level remote_agent channel_type channel_id encryption
		message_id size error pattern rule group count window_s events wanted file withheld class`) {
		if event.Members()[name] != event.Plain {
			t.Errorf("%s is of class %s", name, event.Members()[name])
		}
	}
	for name, class := range map[string]event.Class{"path": event.HMAC, "tag": event.HMAC} {
		if event.Members()[name] != class {
			t.Errorf("%s is of class %s", name, event.Members()[name])
		}
	}
}
