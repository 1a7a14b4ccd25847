package export_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"kai/internal/audit/event"
	"kai/internal/audit/export"
)

// shape is what the schema of OCSF 1.6.0 says of an object, as far as it is written here: members
// that must be there, of which at least one must, and all that may be.
type shape struct{ required, oneOf, allowed string }

// shapes are the objects, by hand from the schema's files objects/NAME.json.
var shapes = map[string]shape{
	"metadata":     {"product version", "", "product version uid event_code sequence correlation_uid log_name log_provider original_time"},
	"product":      {"vendor_name", "name uid", "name vendor_name version"},
	"actor":        {"", "process user session app_name", "app_name user process session"},
	"user":         {"", "account name uid", "type_id type uid name"},
	"session":      {"", "", "uid"},
	"process":      {"", "pid uid", "pid uid"},
	"service":      {"", "name uid", "name"},
	"src_endpoint": {"", "ip uid name hostname svc_name", "name hostname svc_name"},
	"device":       {"type_id", "ip uid name hostname", "type_id name hostname uid"},
	"entity":       {"", "name uid", "name type"},
	"databucket":   {"type_id", "name uid", "type_id type name"},
	"api":          {"operation", "", "operation service"},
	"finding_info": {"title uid", "", "title uid types"},
}

const ofAllClasses = "activity_id category_uid class_uid metadata severity_id time type_uid"

// classes are events/CATEGORY/NAME.json: required beyond those of all, at least one, allowed beyond
// those of all, and the activities.
var classes = map[float64]struct {
	shape
	activities []float64
}{
	1007: {shape{"actor device process", "", ""}, []float64{1, 2, 99}},
	2004: {shape{"finding_info", "", "is_alert"}, []float64{1}},
	3002: {shape{"user", "service dst_endpoint", "actor service src_endpoint"}, []float64{1, 2, 99}},
	3003: {shape{"user", "privileges groups", "privileges src_endpoint"}, []float64{99}},
	3004: {shape{"entity", "", "actor src_endpoint"}, []float64{1, 3, 4, 99}},
	3005: {shape{"user privileges", "", "src_endpoint"}, []float64{1, 2}},
	5019: {shape{"device", "", "actor"}, []float64{1}},
	6003: {shape{"actor api src_endpoint", "", ""}, []float64{1, 2, 3, 4, 99}},
	6005: {shape{"actor src_endpoint", "database databucket table", "type_id databucket"}, []float64{1, 5, 8, 99}},
}

func hold(t *testing.T, what string, m map[string]any, s shape) {
	t.Helper()
	for _, name := range strings.Fields(s.required) {
		if _, ok := m[name]; !ok {
			t.Errorf("%s has no %s", what, name)
		}
	}
	if names := strings.Fields(s.oneOf); len(names) > 0 && !slices.ContainsFunc(names, func(name string) bool { return m[name] != nil }) {
		t.Errorf("%s has none of %v", what, names)
	}
	for name, value := range m {
		if !slices.Contains(strings.Fields(s.allowed+" "+s.required), name) {
			t.Errorf("%s has %s", what, name)
		}
		if name == "unmapped" {
			continue
		}
		if text, ok := value.(string); ok && text == "" {
			t.Errorf("%s.%s is empty", what, name)
		}
		if inner, ok := value.(map[string]any); ok {
			known, ok := shapes[name]
			if !ok {
				t.Errorf("%s of no shape", name)
			}
			hold(t, what+"."+name, inner, known)
		}
	}
}

// Every act with every outcome, with all that a line may say and with nothing, makes an object of
// its class.
func TestOCSFHoldsToTheSchema(t *testing.T) {
	full := sample("build-1")
	full.Details = event.Details{
		{Name: "agent_id", Value: "kai1agent"}, {Name: "error", Value: "revoked"}, {Name: "ns", Value: "prod"},
		{Name: "pattern", Value: "trust_violation"}, {Name: "wanted", Value: "secret_retrieved"},
	}
	odd := sample("no host name")
	odd.Details = event.Details{ // members that are not the strings they ought to be
		{Name: "agent_id", Value: int64(1)}, {Name: "error", Value: []any{"a\"b"}}, {Name: "ns", Value: ""}, {Name: "pattern", Value: true},
		{Name: "trustee", Value: []any{}}, {Name: "wanted", Value: int64(5)},
	}
	root := event.Event{Source: event.Source{HasUID: true}}
	for _, row := range event.Acts() {
		for _, outcome := range event.Outcomes() {
			severity := row.By[outcome]
			if severity == 0 {
				continue
			}
			for _, base := range []event.Event{full, odd, root, {}} {
				e := base
				e.Time = time.UnixMicro(-1_234_567).UTC()
				e.Act, e.Type, e.Outcome, e.Severity = row.Act, row.Type, outcome, severity
				v, leaf := view(t, e)
				o := object(t, string(export.AppendOCSF(nil, logID, v, leaf)))
				class, activity := o["class_uid"].(float64), o["activity_id"].(float64)
				known, ok := classes[class]
				if !ok || !slices.Contains(known.activities, activity) {
					t.Fatalf("%s: class %v, activity %v", row.Act, class, activity)
				}
				s := known.shape
				s.required += " " + ofAllClasses
				s.allowed += " activity_name status_id status status_code message unmapped"
				hold(t, row.Act, o, s)
				if o["category_uid"] != float64(int(class)/1000) || o["type_uid"] != class*100+activity || o["time"] != float64(-1235) {
					t.Errorf("%s: %v", row.Act, o)
				}
				if name := o["activity_name"]; (activity == 99) != (name == row.Act) {
					t.Errorf("%s: activity %v is named %v", row.Act, activity, name)
				}
				status := map[event.Outcome]float64{event.OK: 1, event.Fail: 2, event.Deny: 2, event.Begin: 99}[outcome]
				if class == 2004 {
					status = 1
				}
				if o["status_id"] != status || o["severity_id"] != float64(severity) {
					t.Errorf("%s %s: status %v, severity %v", row.Act, outcome, o["status_id"], o["severity_id"])
				}
				if t.Failed() {
					t.FailNow()
				}
			}
		}
	}
}

func TestOCSFSaysWhoAndWhat(t *testing.T) {
	e := sample("build-1")
	e.Details = event.Details{{Name: "error", Value: "wrong_passphrase"}, {Name: "identity", Value: "kai1me"}}
	v, leaf := view(t, e)
	o := object(t, string(export.AppendOCSF(nil, logID, v, leaf)))
	same(t, "user", o["user"], map[string]any{"type_id": 99., "type": "identity", "name": "kai1me"})
	same(t, "actor", o["actor"], map[string]any{
		"app_name": "kai", "user": map[string]any{"type_id": 1., "uid": "1000", "name": "build-1"},
		"process": map[string]any{"pid": 4711.}, "session": map[string]any{"uid": "build-1"},
	})
	same(t, "src_endpoint", o["src_endpoint"], map[string]any{"hostname": "build-1"})
	same(t, "metadata", o["metadata"], map[string]any{
		"version": "1.6.0", "product": map[string]any{"name": "kai", "vendor_name": "kai", "version": "build-1"}, "uid": logID + ":17",
		"event_code": "vault_unlock_failed", "sequence": 17., "correlation_uid": logID + ":16", "log_name": "audit", "log_provider": "kai",
		"original_time": "2026-11-22T04:36:27.169927Z",
	})
	same(t, "numbers", []any{o["class_uid"], o["activity_id"], o["type_uid"], o["time"], o["status"], o["status_code"]},
		[]any{3002., 1., 300201., float64(e.Time.UnixMilli()), "Failure", "wrong_passphrase"})
}

// The classes are those of the design, for every act.
func TestOCSFClasses(t *testing.T) {
	byType := map[event.Type]float64{
		event.Authentication: 3002, event.Authorization: 3003, event.DataAccess: 6005, event.Encryption: 6003,
		event.TrustChange: 3004, event.ConfigurationChange: 5019, event.SystemAccess: 1007, event.SecurityViolation: 2004,
	}
	for _, row := range event.Acts() {
		v, leaf := view(t, event.Event{Severity: event.Low, Type: row.Type, Act: row.Act, Outcome: event.OK, Time: time.Unix(0, 0).UTC()})
		want := byType[row.Type]
		if row.Act == "role_granted" || row.Act == "role_revoked" {
			want = 3005
		}
		if got := object(t, string(export.AppendOCSF(nil, logID, v, leaf)))["class_uid"]; got != want {
			t.Errorf("%s: class %v, want %v", row.Act, got, want)
		}
	}
}
