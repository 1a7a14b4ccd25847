package export

import (
	"strconv"

	"kai/internal/audit/event"
)

// sourceColumns and contextColumns are members of src and ctx; an absent one is an empty cell.
var (
	sourceColumns  = [...]string{"agent", "uid", "pid", "ppexe", "tty", "host", "ver"}
	contextColumns = [...]string{"cmd", "ref", "sid", "role", "ci", "sandbox", "cfg", "skew_ms"}
)

// appendCSVHeadings writes the first row: the names that rules use for the fields.
func appendCSVHeadings(b []byte) []byte {
	b = append(b, "id,n,timestamp,eventType,severity,action,outcome"...)
	for _, name := range sourceColumns {
		b = append(append(b, ",src."...), name...)
	}
	for _, name := range contextColumns {
		b = append(append(b, ",ctx."...), name...)
	}
	return append(b, ",details,leaf\r\n"...)
}

// appendCSV writes a row. Texts are in quotation marks even where RFC 4180 does not ask for them: a
// program that splits at semicolons must not see one of theirs. details is JSON.
func appendCSV(b []byte, logID string, v *event.View, leaf [32]byte) []byte {
	b = appendID(b, logID, v.N)
	b = strconv.AppendUint(append(b, ','), v.N, 10)
	b = append(append(b, ','), v.Timestamp()...)
	b = append(append(b, ','), v.Type.String()...)
	b = append(append(b, ','), v.Severity.String()...)
	b = append(append(b, ','), v.Act...)
	b = append(append(b, ','), v.Outcome.String()...)
	for _, name := range sourceColumns {
		b = appendCell(append(b, ','), event.RawMember(v.Source, name))
	}
	for _, name := range contextColumns {
		b = appendCell(append(b, ','), event.RawMember(v.Context, name))
	}
	b = append(b, ',', '"')
	b = appendAll(b, v.Details, inCSV)
	b = append(b, '"', ',')
	b = appendHex(b, leaf)
	return append(b, '\r', '\n')
}

// appendCell writes a text. A spreadsheet takes a cell that begins with = + - @, a tab or a line
// break, or with the wide forms of those, for a formula; an apostrophe before it says that it is
// none. An apostrophe that a text begins with gets another one, so that a reader who takes one away
// always has the text.
func appendCell(b, raw []byte) []byte {
	if raw == nil {
		return b
	}
	b = append(b, '"')
	if beginsFormula(raw) {
		b = append(b, '\'')
	}
	return append(appendText(b, raw, inCSV), '"')
}

func beginsFormula(raw []byte) bool {
	for _, start := range [...]string{"=", "+", "-", "@", "'", `\u0009`, `\u000a`, `\u000d`, "＝", "＋", "－", "＠"} {
		if len(raw) >= len(start) && string(raw[:len(start)]) == start {
			return true
		}
	}
	return false
}

func inCSV(b []byte, c byte) []byte {
	if c == '"' {
		b = append(b, c)
	}
	return append(b, c)
}
