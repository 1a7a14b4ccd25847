package export

import (
	"strings"

	"kai/internal/audit/event"
)

// otherActivity is the activity of an act for which a class has none.
const otherActivity = 99

// classOf is the class_uid of an event.
func classOf(typ event.Type, act string) int64 {
	switch typ {
	case event.Authentication:
		return 3002
	case event.Authorization:
		if act == "role_granted" || act == "role_revoked" {
			return 3005
		}
		return 3003
	case event.Encryption:
		return 6003
	case event.TrustChange:
		return 3004
	case event.SecurityViolation:
		return 2004
	case event.SystemAccess:
		return 1007
	case event.DataAccess:
		return 6005
	}
	return 5019 // configuration_change, the last
}

// activityOf is the activity_id of an act in a class, by the enumerations of OCSF 1.6.0.
func activityOf(class int64, act string) int64 {
	switch class {
	case 2004, 5019:
		return 1 // Create a finding; Log a state
	case 3002:
		return authenticationActivity(act)
	case 3005:
		if act == "role_granted" {
			return 1 // Assign Privileges
		}
		return 2 // Revoke Privileges
	case 3004:
		return entityActivity(act)
	case 1007:
		switch act {
		case "sandbox_started":
			return 1 // Launch
		case "sandbox_finished":
			return 2 // Terminate
		}
	case 6005:
		return datastoreActivity(act)
	case 6003:
		return apiActivity(act)
	}
	return otherActivity
}

func authenticationActivity(act string) int64 {
	switch act {
	case "vault_unlock_attempt", "vault_unlocked", "vault_unlock_failed", "backend_login":
		return 1 // Logon
	case "vault_locked", "session_expired":
		return 2 // Logoff
	}
	return otherActivity
}

func entityActivity(act string) int64 {
	switch act {
	case "identity_created", "trust_established", "trust_statement_imported", "certificate_issued", "trust_root_added":
		return 1 // Create
	case "identity_rotated", "identity_attested", "truststore_updated", "revocation_list_imported":
		return 3 // Update
	case "trust_root_removed":
		return 4 // Delete
	}
	return otherActivity // a revocation deletes nothing
}

func datastoreActivity(act string) int64 {
	switch act {
	case "secret_retrieved", "secret_injected", "secret_expired_access", "secret_revealed_to_agent", "sandbox_secret_released",
		"key_retrieved", "key_exported", "vault_exported", "vault_backup_created", "audit.exported":
		return 1 // Read
	case "vault_committed", "vault_imported":
		return 5 // Write
	case "secret_listed":
		return 8 // List
	}
	return otherActivity
}

func apiActivity(act string) int64 {
	switch act {
	case "key_generation_started", "key_generation_completed", "key_generation_failed", "key_stored", "key_imported", "secret_stored",
		"signature_created", "secure_message_sent", "threshold_key_generated", "threshold_signature_created":
		return 1 // Create
	case "secure_message_received":
		return 2 // Read
	case "key_rotated", "secret_rotated", "vault_rekeyed", "secure_channel_rekeyed":
		return 3 // Update
	case "key_deleted", "secret_deleted":
		return 4 // Delete
	}
	return otherActivity
}

// entityType is the kind of thing that a trust_change is about.
func entityType(act string) string {
	switch {
	case strings.HasPrefix(act, "identity_"):
		return "identity"
	case strings.HasPrefix(act, "certificate_"):
		return "certificate"
	case strings.HasPrefix(act, "trust_root_"):
		return "trust root"
	case strings.HasPrefix(act, "truststore_"), act == "revocation_list_imported":
		return "trust store"
	}
	return "trust statement"
}
