package export

import (
	"strconv"

	"kai/internal/audit/event"
)

// AppendOCSF writes an event as one object of the Open Cybersecurity Schema Framework 1.6.0,
// without a line feed. Classes are, by type:
//
//	authentication 3002         trust_change         3004      system_access      1007
//	authorization  3003         configuration_change 5019      security_violation 2004
//	data_access    6005         encryption           6003
//
// and 3005 for role_granted and role_revoked. activity_id is one that the class defines where one
// fits, else 99 with activity_name; type_uid is class·100 + activity_id. severity_id is 1 for info
// to 5 for critical; status_id 1 for ok, 2 for fail and deny, 0 for begin. metadata.uid is the id.
// What has no place in the schema is in unmapped: act, outcome, n, leaf, source, context, details.
func AppendOCSF(b []byte, logID string, v *event.View, leaf [32]byte) []byte {
	class := ocsfClass(v)
	activity := ocsfActivity(class, string(v.Act))
	b = strconv.AppendInt(append(b, `{"class_uid":`...), class, 10)
	b = strconv.AppendInt(append(b, `,"category_uid":`...), class/1000, 10)
	b = strconv.AppendInt(append(b, `,"activity_id":`...), activity, 10)
	b = append(append(append(b, `,"activity_name":"`...), v.Act...), '"')
	b = strconv.AppendInt(append(b, `,"type_uid":`...), class*100+activity, 10)
	b = strconv.AppendInt(append(b, `,"severity_id":`...), int64(v.Severity), 10)
	b = strconv.AppendInt(append(b, `,"status_id":`...), [...]int64{0, 0, 1, 2, 2}[v.Outcome], 10)
	b = strconv.AppendInt(append(b, `,"time":`...), floorMillis(v.Micros), 10)
	b = appendID(append(b, `,"metadata":{"version":"1.6.0","uid":"`...), logID, v.N)
	b = append(b, `","product":{"name":"kai","vendor_name":"kai"`...)
	b = appendMember(b, `,"version":`, v.Source, "ver")
	b = append(b, `}}`...)
	b = append(b, `,"actor":`...)
	b = appendActor(b, v)
	if class != 2004 {
		b = append(b, `,"user":`...)
		b = appendUser(b, v)
	}
	b = append(b, `,"device":{"type_id":0`...)
	b = appendMember(b, `,"hostname":`, v.Source, "host")
	b = append(b, '}')
	b = appendOwn(b, class, logID, v)
	b = strconv.AppendUint(append(b, `,"unmapped":{"n":`...), v.N, 10)
	b = append(append(b, `,"act":"`...), v.Act...)
	b = append(append(b, `","outcome":"`...), v.Outcome.String()...)
	b = appendHex(append(b, `","leaf":"`...), leaf)
	b = append(append(b, `","source":`...), v.Source...)
	b = append(append(b, `,"context":`...), v.Context...)
	b = append(append(b, `,"details":`...), v.Details...)
	return append(b, `}}`...)
}

// appendOwn writes what a class requires beyond what all have.
func appendOwn(b []byte, class int64, logID string, v *event.View) []byte {
	act := func(b []byte, before string) []byte { return append(append(append(b, before...), v.Act...), '"') }
	switch class {
	case 1007:
		b = append(append(b, `,"process":{"name":"kai"`...), appendMember(nil, `,"pid":`, v.Source, "pid")...)
		return append(b, '}')
	case 2004:
		b = act(b, `,"finding_info":{"title":"`)
		b = appendID(append(b, `,"uid":"`...), logID, v.N)
		return append(b, `"}`...)
	case 3004:
		return append(act(b, `,"entity":{"type":"trust","name":"`), '}')
	case 3005:
		return append(act(b, `,"privileges":["`), ']')
	case 6003:
		return append(act(b, `,"api":{"operation":"`), `},"src_endpoint":{"name":"local"}`...)
	case 6005:
		return append(b, `,"src_endpoint":{"name":"local"},"database":{"name":"vault","type_id":99}`...)
	}
	return b
}

// ocsfClass is the class of an event.
func ocsfClass(v *event.View) int64 {
	switch string(v.Act) {
	case "role_granted", "role_revoked":
		return 3005
	}
	return [...]int64{
		event.Authentication: 3002, event.Authorization: 3003, event.Encryption: 6003, event.TrustChange: 3004,
		event.SecurityViolation: 2004, event.SystemAccess: 1007, event.DataAccess: 6005, event.ConfigurationChange: 5019,
	}[v.Type]
}

// ocsfActivity is an activity that the class defines, or 99.
func ocsfActivity(class int64, act string) int64 {
	activity, ok := map[int64]map[string]int64{
		1007: {"sandbox_started": 1, "sandbox_finished": 2, "sandbox_failed": 2},
		2004: {"audit.violation": 1},
		3002: {"vault_unlock_attempt": 1, "vault_unlocked": 1, "vault_unlock_failed": 1, "vault_locked": 2, "session_expired": 2},
		3004: {
			"identity_created": 1, "trust_established": 1, "certificate_issued": 1, "trust_root_added": 1,
			"identity_rotated": 3, "truststore_updated": 3, "trust_statement_imported": 3, "revocation_list_imported": 3,
			"identity_revoked": 4, "trust_revoked": 4, "trust_root_removed": 4, "certificate_validated": 2,
		},
		3005: {"role_granted": 1, "role_revoked": 2},
		6003: {
			"key_generation_started": 1, "key_generation_completed": 1, "key_generation_failed": 1, "key_imported": 1, "key_stored": 1,
			"signature_created": 1, "secret_stored": 1, "secret_rotated": 3, "key_rotated": 3, "vault_rekeyed": 3, "key_deleted": 4, "secret_deleted": 4,
		},
		6005: {
			"secret_retrieved": 1, "secret_listed": 1, "secret_injected": 1, "key_retrieved": 1, "sandbox_secret_released": 1,
			"vault_exported": 1, "key_exported": 1, "audit.exported": 1, "vault_imported": 2, "vault_committed": 2,
		},
	}[class][act]
	if !ok {
		return 99
	}
	return activity
}

// appendActor writes who did it.
func appendActor(b []byte, v *event.View) []byte {
	b = appendUser(append(b, `{"user":`...), v)
	b = append(b, `,"process":{"name":"kai"`...)
	b = appendMember(b, `,"pid":`, v.Source, "pid")
	return append(b, `}}`...)
}

func appendUser(b []byte, v *event.View) []byte {
	b = append(b, `{"type_id":0`...)
	b = appendMember(b, `,"name":`, v.Source, "agent")
	if uid := event.RawMember(v.Source, "uid"); uid != nil {
		b = append(append(append(b, `,"uid":"`...), uid...), '"')
	}
	return append(b, '}')
}

// appendMember writes a member of an object under another name, if it is there.
func appendMember(b []byte, before string, object []byte, name string) []byte {
	for n, value := range event.RawMembers(object) {
		if string(n) == name {
			return append(append(b, before...), value...)
		}
	}
	return b
}
