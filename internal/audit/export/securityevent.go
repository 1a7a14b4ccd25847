package export

import (
	"strconv"

	"kai/internal/audit/event"
)

// AppendSecurityEvent writes an event as one object of JSON, without a line feed:
//
//	{"id":"01JGK3F0Q0000000000000000A:17","timestamp":"2026-11-22T04:36:27.169927Z",
//	 "eventType":"authentication","severity":"medium","source":{…},"details":{…},"context":{…},
//	 "n":17,"action":"vault_unlock_failed","outcome":"fail","leaf":"3206cb89a5a99fd2…"}
//
// (here broken in three). logID is a ULID. Members may be added behind these, never taken away.
func AppendSecurityEvent(b []byte, logID string, v *event.View, leaf [32]byte) []byte {
	b = appendID(append(b, `{"id":"`...), logID, v.N)
	b = append(append(b, `","timestamp":"`...), v.Timestamp()...)
	b = append(append(b, `","eventType":"`...), v.Type.String()...)
	b = append(append(b, `","severity":"`...), v.Severity.String()...)
	b = append(append(b, `","source":`...), v.Source...)
	b = append(append(b, `,"details":`...), v.Details...)
	b = append(append(b, `,"context":`...), v.Context...)
	b = strconv.AppendUint(append(b, `,"n":`...), v.N, 10)
	b = append(append(b, `,"action":"`...), v.Act...)
	b = append(append(b, `","outcome":"`...), v.Outcome.String()...)
	b = appendHex(append(b, `","leaf":"`...), leaf)
	return append(b, `"}`...)
}
