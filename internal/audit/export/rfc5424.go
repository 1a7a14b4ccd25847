package export

import (
	"strconv"

	"kai/internal/audit/event"
)

// maxHostname and maxMsgID are bounds of RFC 5424 §6.
const (
	maxHostname = 255
	maxMsgID    = 32
)

// AppendRFC5424 writes an event as one message of syslog, without a line feed:
//
//	<84>1 2026-11-22T04:36:27.169927Z build kai 4711 vault_unlock_failed
//	  [kai@32473 n="17" type="authentication" act="vault_unlock_failed" out="fail" leaf="3206…"] MESSAGE
//
// (here broken in two). The facility is 10, security and authorization messages; the severity is
// 2 (critical) for critical, then 3, 4, 5, and 6 (informational) for info. HOSTNAME is src.host
// where RFC 5424 allows it, else -; PROCID src.pid; MSGID the act, of which 32 bytes fit. 32473 is
// the enterprise number that RFC 5612 keeps for examples. MSG is UTF-8 without a byte order mark,
// which receivers would show.
func AppendRFC5424(b []byte, v *event.View, leaf [32]byte) []byte {
	b = append(b, '<')
	b = strconv.AppendUint(b, uint64(80+7-int(v.Severity)), 10)
	b = append(append(b, ">1 "...), v.Timestamp()...)
	b = append(b, ' ')
	b = appendToken(b, event.RawMember(v.Source, "host"), maxHostname)
	b = append(b, " kai "...)
	b = appendToken(b, event.RawMember(v.Source, "pid"), len("9007199254740991"))
	b = append(append(b, ' '), v.Act[:min(len(v.Act), maxMsgID)]...)
	b = append(b, " [kai@32473"...)
	b = strconv.AppendUint(append(b, ` n="`...), v.N, 10)
	b = append(b, '"')
	b = appendParam(b, "type", v.Type.String())
	b = appendParam(b, "act", string(v.Act))
	b = appendParam(b, "out", v.Outcome.String())
	b = appendHex(append(b, ` leaf="`...), leaf)
	b = append(b, `"] `...)
	return appendMessage(b, v, asItIs)
}

// appendToken writes text that is printable ASCII without a space, or - in its place.
func appendToken(b, text []byte, longest int) []byte {
	if len(text) == 0 || len(text) > longest {
		return append(b, '-')
	}
	for _, c := range text {
		if c <= ' ' || c > '~' || c == '\\' { // a backslash begins an escape of the line
			return append(b, '-')
		}
	}
	return append(b, text...)
}

// appendParam writes a SD-PARAM: RFC 5424 §6.3.3.
func appendParam(b []byte, name, value string) []byte {
	b = append(append(append(b, ' '), name...), `="`...)
	for i := range len(value) {
		if c := value[i]; c == '"' || c == '\\' || c == ']' {
			b = append(b, '\\')
		}
		b = append(b, value[i])
	}
	return append(b, '"')
}
