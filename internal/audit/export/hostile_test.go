package export_test

import (
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"kai/internal/audit/event"
	"kai/internal/audit/export"
)

// readers assert, each with a parser that is not ours, that a record says all that e says. text is
// one line.
var readers = map[export.Format]func(t testing.TB, text string, e event.Event){
	export.JSONL:   readJSONL,
	export.Events:  readEvents,
	export.OCSF:    readOCSF,
	export.CEF:     readCEF,
	export.RFC5424: readRFC5424,
	export.CSV:     readCSV,
}

func readJSONL(t testing.TB, text string, e event.Event) {
	v, _ := view(t, e)
	if text != string(v.Line) {
		t.Errorf("not the stored bytes: %s", text)
	}
}

func readEvents(t testing.TB, text string, e event.Event) {
	_, leaf := view(t, e)
	source, context, details := objectsOf(t, e)
	same(t, "event", object(t, text), map[string]any{
		"id": fmt.Sprintf("%s:%d", logID, e.N), "timestamp": e.Time.Format("2006-01-02T15:04:05.000000Z"), "eventType": e.Type.String(),
		"severity": e.Severity.String(), "source": source, "details": details, "context": context,
		"n": float64(e.N), "action": e.Act, "outcome": e.Outcome.String(), "leaf": hex.EncodeToString(leaf[:]),
	})
}

func readOCSF(t testing.TB, text string, e event.Event) {
	_, leaf := view(t, e)
	source, context, details := objectsOf(t, e)
	o := object(t, text)
	same(t, "unmapped", o["unmapped"], map[string]any{
		"eventType": e.Type.String(), "n": float64(e.N), "action": e.Act, "outcome": e.Outcome.String(),
		"leaf": hex.EncodeToString(leaf[:]), "source": source, "context": context, "details": details,
	})
	checkMessage(t, o["message"].(string), e)
}

func readCEF(t testing.TB, text string, e event.Event) {
	_, leaf := view(t, e)
	r, err := parseCEF(text)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	name := strings.NewReplacer("_", " ", ".", " ").Replace(e.Act)
	severity := map[event.Severity]string{event.Info: "1", event.Low: "3", event.Medium: "5", event.High: "8", event.Critical: "10"}[e.Severity]
	for i, want := range []string{"CEF:0", "kai", "kai", e.Source.Ver, e.Act, name, severity} {
		if i == 3 {
			r.header[i] = unescape(t, r.header[i])
		}
		same(t, fmt.Sprintf("header field %d", i), r.header[i], want)
	}
	source, context, details := objectsOf(t, e)
	for key, want := range map[string]any{"cs2": source, "cs3": context, "cs4": details} {
		same(t, key, object(t, r.extension[key]), want)
	}
	same(t, "labels", []string{r.extension["cn1Label"], r.extension["cs1Label"], r.extension["cs2Label"], r.extension["cs3Label"], r.extension["cs4Label"], r.extension["cs5Label"]},
		[]string{"n", "leaf", "source", "context", "details", "time"})
	checkMessage(t, r.extension["msg"], e)
	number := func(n int64, present bool) string {
		if !present {
			return ""
		}
		return fmt.Sprint(n)
	}
	for key, want := range map[string]string{
		"externalId": fmt.Sprintf("%s:%d", logID, e.N), "rt": fmt.Sprint(e.Time.UnixMilli()), "cat": e.Type.String(), "act": e.Act,
		"outcome": e.Outcome.String(), "reason": e.Details.Text("error"), "suser": e.Source.Agent, "shost": e.Source.Host,
		"suid": number(int64(e.Source.UID), e.Source.HasUID), "spid": number(e.Source.PID, e.Source.PID != 0),
		"cn1": fmt.Sprint(e.N), "cs1": hex.EncodeToString(leaf[:]), "cs5": e.Time.Format("2006-01-02T15:04:05.000000Z"),
	} {
		same(t, key, unescape(t, r.extension[key]), want)
	}
}

func readRFC5424(t testing.TB, text string, e event.Event) {
	_, leaf := view(t, e)
	m, err := parseSyslog(text)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	pri := map[event.Severity]int{event.Info: 86, event.Low: 85, event.Medium: 84, event.High: 83, event.Critical: 82}[e.Severity]
	same(t, "PRI", m.pri, pri)
	same(t, "TIMESTAMP", m.timestamp, e.Time.Format("2006-01-02T15:04:05.000000Z"))
	same(t, "APP-NAME", m.app, "kai")
	same(t, "MSGID", m.msgid, e.Act[:min(32, len(e.Act))])
	if m.hostname != "-" {
		same(t, "HOSTNAME", m.hostname, e.Source.Host)
	}
	if m.procid != "-" || e.Source.PID != 0 {
		same(t, "PROCID", m.procid, fmt.Sprint(e.Source.PID))
	}
	same(t, "structured data", m.structured, map[string]map[string]string{"kai@32473": {
		"n": fmt.Sprint(e.N), "type": e.Type.String(), "act": e.Act, "out": e.Outcome.String(), "leaf": hex.EncodeToString(leaf[:]),
	}})
	checkMessage(t, m.msg, e)
}

func readCSV(t testing.TB, text string, e event.Event) {
	_, leaf := view(t, e)
	rows, err := csv.NewReader(strings.NewReader(headings + "\r\n" + text + "\r\n")).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v: %s", len(rows), err, text)
	}
	row := make(map[string]string)
	for i, name := range rows[0] {
		row[name] = rows[1][i]
	}
	for name, want := range map[string]string{
		"id": fmt.Sprintf("%s:%d", logID, e.N), "n": fmt.Sprint(e.N), "timestamp": e.Time.Format("2006-01-02T15:04:05.000000Z"),
		"eventType": e.Type.String(), "severity": e.Severity.String(), "action": e.Act, "outcome": e.Outcome.String(), "leaf": hex.EncodeToString(leaf[:]),
	} {
		same(t, name, row[name], want)
	}
	_, _, details := objectsOf(t, e)
	same(t, "details", object(t, row["details"]), details)
	for name, cell := range row {
		if !strings.HasPrefix(name, "src.") && !strings.HasPrefix(name, "ctx.") {
			continue
		}
		if strings.ContainsAny(cell[:min(1, len(cell))], "=+-@\t\r\n") {
			t.Errorf("%s begins a formula: %q", name, cell)
		}
		want := ""
		if value, ok := e.Field(name); ok {
			want = fmt.Sprint(value)
		}
		same(t, name, unescape(t, strings.TrimPrefix(cell, "'")), want)
	}
}

const headings = "id,n,timestamp,eventType,severity,action,outcome,src.agent,src.uid,src.pid,src.ppexe,src.tty,src.host,src.ver," +
	"ctx.cmd,ctx.ref,ctx.sid,ctx.role,ctx.ci,ctx.sandbox,ctx.cfg,ctx.skew_ms,details,leaf"

// lines splits an export into its records and asserts that each is one line for everybody.
func lines(t testing.TB, format export.Format, text string) []string {
	t.Helper()
	end := "\n"
	if format == export.CSV {
		end = "\r\n"
		var ok bool
		if text, ok = strings.CutPrefix(text, headings+end); !ok {
			t.Fatalf("headings %.300q", text)
		}
	}
	body, ok := strings.CutSuffix(text, end)
	if !ok {
		t.Fatalf("%s does not end in a line end", format)
	}
	records := strings.Split(body, end)
	for _, record := range records {
		if i := strings.IndexFunc(record, acts); i >= 0 {
			t.Fatalf("%s has a character that acts at byte %d: %q", format, i, record)
		}
	}
	return records
}

// acts reports whether a terminal or a reader does something at a character: controls of C0 and C1,
// line and paragraph separators, the Bidi_Control property of Unicode.
func acts(r rune) bool {
	return r < 0x20 || r >= 0x7f && r <= 0x9f || r == 0x061c || r == 0x200e || r == 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

func TestHostileNames(t *testing.T) {
	var events []event.Event
	for i, name := range hostile {
		e := sample(name)
		e.N = uint64(i)
		events = append(events, e)
	}
	for _, format := range export.Formats() {
		t.Run(string(format), func(t *testing.T) {
			records := lines(t, format, write(t, format, events...))
			if len(records) != len(events) {
				t.Fatalf("%d records of %d events", len(records), len(events))
			}
			for i, record := range records {
				readers[format](t, record, events[i])
				if t.Failed() {
					t.Fatalf("with the name %q: %s", hostile[i], record)
				}
			}
		})
	}
}

// Random strings of those characters, in random places, with members left out.
func TestRandomNames(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	alphabet := []rune("ab=|,;'\"\\][nr u0\n\r\t\x1b\u0085\u2028\u202eé＝😀+-@{}")
	text := func() string {
		var b strings.Builder
		for range r.IntN(9) {
			b.WriteRune(alphabet[r.IntN(len(alphabet))])
		}
		return b.String()
	}
	for range 3000 {
		e := sample("x")
		for _, s := range []*string{&e.Source.Agent, &e.Source.TTY, &e.Source.Host, &e.Source.Ver, &e.Context.Cmd, &e.Context.Session, &e.Context.Role, &e.Context.Sandbox} {
			*s = text()
		}
		e.Details = event.Details{{Name: "error", Value: text()}, {Name: "list", Value: []any{text(), text()}}}
		e.Source.HasUID, e.Source.PID = r.IntN(2) == 0, r.Int64N(3)
		if !e.Source.HasUID {
			e.Source.UID = 0
		}
		e.Severity = event.Severities()[r.IntN(5)]
		for format, read := range readers {
			records := lines(t, format, write(t, format, e))
			if len(records) != 1 {
				t.Fatalf("seed %d: %d records in %s", seed, len(records), format)
			}
			if read(t, records[0], e); t.Failed() {
				t.Fatalf("seed %d, %s: %s", seed, format, records[0])
			}
		}
	}
}

// FuzzExport: whatever line is accepted, every format has it in one line and reads back.
func FuzzExport(f *testing.F) {
	for _, name := range hostile {
		e := sample(name)
		line, err := e.AppendLine(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := event.Parse(line)
		if err != nil {
			return
		}
		for format, read := range readers {
			records := lines(t, format, write(t, format, e))
			if len(records) != 1 {
				t.Fatalf("%d records in %s", len(records), format)
			}
			read(t, records[0], e)
		}
		if !json.Valid(line) {
			t.Error("not JSON")
		}
	})
}
