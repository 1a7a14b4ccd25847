package export

import (
	"strconv"

	"kai/internal/audit/event"
)

// AppendOCSF writes an event as one object of the Open Cybersecurity Schema Framework 1.6.0, without
// a line feed. The class follows from the type, and from the act for roles:
//
//	authentication        3002 Authentication           user service
//	authorization         3003 Authorize Session        user privileges
//	  role_granted, role_revoked  3005 User Access Management   user privileges
//	trust_change          3004 Entity Management        entity
//	configuration_change  5019 Device Config State Change  device
//	system_access         1007 Process Activity         process device
//	data_access           6005 Datastore Activity       databucket src_endpoint
//	encryption            6003 API Activity             api src_endpoint
//	security_violation    2004 Detection Finding        finding_info
//
// with the attributes that the class requires. All have activity_id and category_uid class_uid
// type_uid time severity_id status_id metadata message; activity_id is 99, with the act as
// activity_name, where the class has no activity for the act. time is in milliseconds; metadata
// has the event's id as uid, the begin event's id as correlation_uid, and the time as it is written.
// severity_id is 1 to 5. status_id is 1 for ok, 2 for fail and deny, 99 for begin; a finding is new,
// which is 1. unmapped has eventType n action outcome leaf source context details, so that nothing
// is left out.
//
// What the schema requires and an event does not have is said to be unknown: a user "unknown" of
// type 0, and the log's id for a device without a name.
func AppendOCSF(b []byte, logID string, v *event.View, leaf [32]byte) []byte {
	c := classOf(v.Type, string(v.Act))
	o := ocsf{b: append(b, '{'), logID: logID, v: v}
	o.classification(c)
	switch c {
	case 3002:
		o.raw(`,"actor":`).actor().raw(`,"user":`).subject().raw(`,"service":{"name":"kai"},"src_endpoint":`).endpoint()
	case 3003, 3005:
		o.raw(`,"user":`).subject().raw(`,"privileges":[`).first(string(v.Act), "wanted").raw(`],"src_endpoint":`).endpoint()
	case 3004:
		o.raw(`,"actor":`).actor().raw(`,"entity":{"name":`).first(string(v.Act), "trustee", "agent_id", "identity", "key_id", "digest")
		o.raw(`,"type":"`).raw(entityType(string(v.Act))).raw(`"},"src_endpoint":`).endpoint()
	case 5019:
		o.raw(`,"actor":`).actor().raw(`,"device":`).device()
	case 1007:
		o.raw(`,"actor":`).actor().raw(`,"device":`).device().raw(`,"process":`).process()
	case 6005:
		o.raw(`,"actor":`).actor().raw(`,"src_endpoint":`).endpoint()
		o.raw(`,"type_id":2,"databucket":{"name":`).first("vault", "ns").raw(`,"type_id":99,"type":"kai"}`)
	case 6003:
		o.raw(`,"actor":`).actor().raw(`,"api":{"operation":"`).raw(string(v.Act)).raw(`","service":{"name":"kai"}},"src_endpoint":`).endpoint()
	case 2004:
		o.raw(`,"finding_info":{"uid":"`).id().raw(`","title":`).first(string(v.Act), "title", "pattern")
		o.raw(`,"types":[`).first(string(v.Act), "pattern").raw(`]}`)
		if v.Severity >= event.High {
			o.raw(`,"is_alert":true`)
		}
	}
	return o.unmapped(leaf)
}

// ocsf is an object in the making.
type ocsf struct {
	b     []byte
	logID string
	v     *event.View
}

func (o *ocsf) raw(text string) *ocsf {
	o.b = append(o.b, text...)
	return o
}

func (o *ocsf) integer(name string, value int64) *ocsf {
	o.b = strconv.AppendInt(append(o.b, name...), value, 10)
	return o
}

func (o *ocsf) id() *ocsf {
	o.b = appendID(o.b, o.logID, o.v.N)
	return o
}

// classification writes what every class has.
func (o *ocsf) classification(class int64) {
	v := o.v
	act := string(v.Act)
	activity := activityOf(class, act)
	o.integer(`"activity_id":`, activity)
	if activity == otherActivity {
		o.raw(`,"activity_name":"`).raw(act).raw(`"`)
	}
	o.integer(`,"category_uid":`, class/1000).integer(`,"class_uid":`, class).integer(`,"type_uid":`, class*100+activity)
	o.integer(`,"time":`, floorMillis(v.Micros)).integer(`,"severity_id":`, int64(v.Severity))
	switch {
	case class == 2004:
		o.raw(`,"status_id":1,"status":"New"`)
	case v.Outcome == event.OK:
		o.raw(`,"status_id":1,"status":"Success"`)
	case v.Outcome == event.Begin:
		o.raw(`,"status_id":99,"status":"begin"`)
	default:
		o.raw(`,"status_id":2,"status":"Failure"`)
	}
	if code := stringOf(v.Details, "error"); len(code) > 0 {
		o.raw(`,"status_code":`).quoted(code)
	}
	o.raw(`,"metadata":{"version":"1.6.0","product":{"name":"kai","vendor_name":"kai"`)
	if ver := event.RawMember(v.Source, "ver"); ver != nil {
		o.raw(`,"version":`).quoted(ver)
	}
	o.raw(`},"uid":"`).id().raw(`","event_code":"`).raw(act).integer(`","sequence":`, int64(v.N))
	if ref := event.RawMember(v.Context, "ref"); ref != nil {
		o.raw(`,"correlation_uid":"`).raw(o.logID).raw(":").raw(string(ref)).raw(`"`)
	}
	o.raw(`,"log_name":"audit","log_provider":"kai","original_time":"`).raw(string(v.Timestamp())).raw(`"},"message":"`)
	o.b = appendMessage(o.b, v, inJSON)
	o.raw(`"`)
}

// quoted writes a string of the line, whose escapes are JSON's.
func (o *ocsf) quoted(raw []byte) *ocsf {
	o.b = append(append(append(o.b, '"'), raw...), '"')
	return o
}

// first writes the first of the members of d that is a string and not empty, or the text.
func (o *ocsf) first(otherwise string, names ...string) *ocsf {
	for _, name := range names {
		if text := stringOf(o.v.Details, name); len(text) > 0 {
			return o.quoted(text)
		}
	}
	return o.quoted([]byte(otherwise))
}

// actor is who did it.
func (o *ocsf) actor() *ocsf {
	o.raw(`{"app_name":"kai","user":`).user()
	if pid := event.RawMember(o.v.Source, "pid"); pid != nil {
		o.raw(`,"process":{"pid":`).raw(string(pid)).raw(`}`)
	}
	if sid := event.RawMember(o.v.Context, "sid"); sid != nil {
		o.raw(`,"session":{"uid":`).quoted(sid).raw(`}`)
	}
	return o.raw(`}`)
}

func (o *ocsf) user() *ocsf {
	agent, uid := event.RawMember(o.v.Source, "agent"), event.RawMember(o.v.Source, "uid")
	switch {
	case string(uid) == "0":
		o.raw(`{"type_id":2`) // an administrator
	case uid != nil:
		o.raw(`{"type_id":1`)
	default:
		o.raw(`{"type_id":0`)
	}
	if uid != nil {
		o.raw(`,"uid":"`).raw(string(uid)).raw(`"`)
	}
	if agent != nil {
		o.raw(`,"name":`).quoted(agent)
	} else if uid == nil {
		o.raw(`,"name":"unknown"`)
	}
	return o.raw(`}`)
}

// subject is whom an authentication or a right is about: the identity that d names, or the user.
func (o *ocsf) subject() *ocsf {
	for _, name := range [...]string{"agent_id", "identity", "remote_agent", "trustee"} {
		if id := stringOf(o.v.Details, name); len(id) > 0 {
			return o.raw(`{"type_id":99,"type":"identity","name":`).quoted(id).raw(`}`)
		}
	}
	return o.user()
}

// endpoint is a network_endpoint.
func (o *ocsf) endpoint() *ocsf {
	if host := event.RawMember(o.v.Source, "host"); host != nil {
		return o.raw(`{"`).raw(hostAttribute(host)).raw(`":`).quoted(host).raw(`}`)
	}
	return o.raw(`{"svc_name":"kai"}`)
}

func (o *ocsf) device() *ocsf {
	o.raw(`{"type_id":0`)
	if host := event.RawMember(o.v.Source, "host"); host != nil {
		return o.raw(`,"`).raw(hostAttribute(host)).raw(`":`).quoted(host).raw(`}`)
	}
	return o.raw(`,"uid":"`).raw(o.logID).raw(`"}`)
}

func (o *ocsf) process() *ocsf {
	if pid := event.RawMember(o.v.Source, "pid"); pid != nil {
		return o.raw(`{"pid":`).raw(string(pid)).raw(`}`)
	}
	return o.raw(`{"uid":"`).id().raw(`"}`)
}

// hostAttribute is hostname for what the schema's hostname_t may be, else name.
func hostAttribute(host []byte) string {
	for i, c := range host {
		alphanumeric := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !alphanumeric && (i == 0 || i == len(host)-1 || c != '-' && c != '.') {
			return "name"
		}
	}
	return "hostname"
}

// unmapped writes the rest and ends the object.
func (o *ocsf) unmapped(leaf [32]byte) []byte {
	v := o.v
	o.raw(`,"unmapped":{"eventType":"`).raw(v.Type.String()).integer(`","n":`, int64(v.N)).raw(`,"action":"`).raw(string(v.Act))
	o.raw(`","outcome":"`).raw(v.Outcome.String()).raw(`","leaf":"`)
	o.b = appendHex(o.b, leaf)
	o.raw(`","source":`)
	o.b = append(o.b, v.Source...)
	o.raw(`,"context":`)
	o.b = append(o.b, v.Context...)
	o.raw(`,"details":`)
	o.b = append(o.b, v.Details...)
	return append(o.b, '}', '}')
}
