package export

import (
	"strconv"

	"kai/internal/audit/event"
)

// AppendCEF writes an event in the Common Event Format, version 0, without a line feed:
//
//	CEF:0|kai|kai|1.2.3|vault_unlock_failed|vault unlock failed|5|externalId=01J…:17 rt=1795322187169
//	  cat=authentication act=vault_unlock_failed outcome=fail reason=wrong_passphrase suser=… …
//
// (here broken in two). The version is src.ver; the severity 1, 3, 5, 8 or 10. Keys of the dictionary
// are externalId, rt (milliseconds since 1970), cat (type), act, outcome, reason (d.error), suser and
// suid (src.agent, src.uid), spid, shost, and msg (the message). Under their labels: cn1 is n, cs1 the
// leaf, cs2 source, cs3 context and cs4 details, whole, and cs5 the time with its six decimals.
//
// In the header | and \ have a backslash before them, in values = and \, and line breaks are \n and \r.
func AppendCEF(b []byte, logID string, v *event.View, leaf [32]byte) []byte {
	b = append(b, "CEF:0|kai|kai|"...)
	b = appendText(b, event.RawMember(v.Source, "ver"), inCEFHeader)
	b = append(append(append(b, '|'), v.Act...), '|')
	for _, c := range v.Act {
		if c == '_' || c == '.' {
			c = ' '
		}
		b = append(b, c)
	}
	b = append(b, '|')
	b = strconv.AppendInt(b, [...]int64{0, 1, 3, 5, 8, 10}[v.Severity], 10)
	b = appendID(append(b, "|externalId="...), logID, v.N)
	b = strconv.AppendInt(append(b, " rt="...), floorMillis(v.Micros), 10)
	b = append(append(b, " cat="...), v.Type.String()...)
	b = append(append(b, " act="...), v.Act...)
	b = append(append(b, " outcome="...), v.Outcome.String()...)
	b = appendCEFField(b, " reason=", stringOf(v.Details, "error"))
	b = appendCEFField(b, " suser=", event.RawMember(v.Source, "agent"))
	b = appendCEFField(b, " suid=", event.RawMember(v.Source, "uid"))
	b = appendCEFField(b, " spid=", event.RawMember(v.Source, "pid"))
	b = appendCEFField(b, " shost=", event.RawMember(v.Source, "host"))
	b = strconv.AppendUint(append(b, " cn1Label=n cn1="...), v.N, 10)
	b = appendHex(append(b, " cs1Label=leaf cs1="...), leaf)
	b = appendAll(append(b, " cs2Label=source cs2="...), v.Source, inCEFValue)
	b = appendAll(append(b, " cs3Label=context cs3="...), v.Context, inCEFValue)
	b = appendAll(append(b, " cs4Label=details cs4="...), v.Details, inCEFValue)
	b = append(append(b, " cs5Label=time cs5="...), v.Timestamp()...)
	return appendMessage(append(b, " msg="...), v, inCEFValue)
}

// appendCEFField writes a string of a line, nothing if it is empty. CEF has a spelling for line
// breaks; all else that the line escapes stays so.
func appendCEFField(b []byte, key string, raw []byte) []byte {
	if len(raw) == 0 {
		return b
	}
	b = append(b, key...)
	for len(raw) > 0 {
		end := 0
		for end < len(raw) && !isLineBreak(raw[end:]) {
			if end++; raw[end-1] == '\\' {
				end++ // \\u000a is a backslash and no line break
			}
		}
		b = appendText(b, raw[:end], inCEFValue)
		if raw = raw[end:]; len(raw) > 0 {
			letter := byte('n')
			if raw[5] == 'd' {
				letter = 'r'
			}
			b = append(b, '\\', letter)
			raw = raw[6:]
		}
	}
	return b
}

func isLineBreak(raw []byte) bool {
	return len(raw) >= 6 && (string(raw[:6]) == `\u000a` || string(raw[:6]) == `\u000d`)
}

func inCEFHeader(b []byte, c byte) []byte {
	if c == '|' || c == '\\' {
		b = append(b, '\\')
	}
	return append(b, c)
}

func inCEFValue(b []byte, c byte) []byte {
	if c == '=' || c == '\\' {
		b = append(b, '\\')
	}
	return append(b, c)
}

// floorMillis is the millisecond in which a microsecond lies, before 1970 too.
func floorMillis(micros int64) int64 {
	millis := micros / 1000
	if micros%1000 < 0 {
		millis--
	}
	return millis
}
