package export_test

import (
	"bytes"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"kai/internal/audit/event"
	"kai/internal/audit/export"
)

const logID = "01JGK3F0Q0000000000000000A"

// hostile are names that would break a format that does not escape them.
func hostile() []string {
	return []string{
		"plain", "new\nline", "cr\r\nlf", `quo"te`, `back\slash`, `tail\`, "pipe|pipe", "a=b", "a,b", "a;b", "a]b", "\x1b[31mred\x1b[0m",
		"\u202eright to left", "=cmd()", "+1", "-1", "@x", "\ttab", "größe", "😀", "\u2028", `\u0041`, "<script>alert(1)</script>", "\x00",
	}
}

// scanned is an event about that name, as the log has it.
func scanned(t *testing.T, n uint64, name string) (*event.View, [32]byte) {
	t.Helper()
	e := event.Event{
		N: n, Time: time.Date(2026, 1, 2, 3, 4, 5, 678_000, time.UTC), Severity: event.High, Type: event.Authentication,
		Act: "signature_verified", Outcome: event.Fail, Source: event.Source{Agent: name, UID: 1000, HasUID: true, PID: 7, Host: name},
		Details: event.Details{{Name: "error", Value: name}},
	}
	line, err := e.AppendLine(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := new(event.View)
	if err := event.Scan(line, v); err != nil {
		t.Fatal(err)
	}
	return v, [32]byte{byte(n), 31: 0xab}
}

// written is what a format makes of an event for each hostile name.
func written(t *testing.T, f export.Format) string {
	t.Helper()
	var out bytes.Buffer
	w, err := export.New(&out, f, logID)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range hostile() {
		if err := w.Write(scanned(t, uint64(i), name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Every format has one record a line and gives each name back.
func TestHostileNames(t *testing.T) {
	readers := map[export.Format]func(t *testing.T, text string) []string{
		export.JSONL:   readJSON("src", "agent"),
		export.Events:  readJSON("source", "agent"),
		export.OCSF:    readJSON("actor", "user", "name"),
		export.CEF:     readCEF,
		export.RFC5424: readRFC5424,
		export.CSV:     readCSV,
	}
	for _, f := range export.Formats() {
		text := written(t, f)
		lines := strings.Count(text, "\n")
		want := len(hostile())
		if f == export.CSV {
			want++
		}
		if lines != want {
			t.Errorf("%s: %d lines, want %d", f, lines, want)
		}
		if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' || r == 0x7f || r == 0x202e || r == 0x2028 }); i >= 0 {
			t.Errorf("%s: control character at %d", f, i)
		}
		if got := readers[f](t, text); !slices.Equal(got, hostile()) {
			t.Errorf("%s:\n got %q\nwant %q", f, got, hostile())
		}
	}
}

// readJSON reads a member of each line.
func readJSON(path ...string) func(*testing.T, string) []string {
	return func(t *testing.T, text string) []string {
		var names []string
		for line := range strings.Lines(text) {
			var value any
			if err := json.Unmarshal([]byte(line), &value); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			for _, step := range path {
				value = value.(map[string]any)[step]
			}
			names = append(names, value.(string))
		}
		return names
	}
}

// fromLine undoes the escapes that the package comment gives to texts without a spelling of their
// own: those of JSON, with the quotation mark bare.
func fromLine(t *testing.T, text string) string {
	t.Helper()
	var s string
	quoted := strings.ReplaceAll(text, `\\`, "\x00")
	quoted = strings.ReplaceAll(quoted, `"`, `\"`)
	if err := json.Unmarshal([]byte(`"`+strings.ReplaceAll(quoted, "\x00", `\\`)+`"`), &s); err != nil {
		t.Fatalf("%v: %q", err, text)
	}
	return s
}

func readCSV(t *testing.T, text string) []string {
	r := csv.NewReader(strings.NewReader(text))
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := slices.Index(rows[0], "src.agent")
	if column < 0 {
		column = slices.Index(rows[0], "agent")
	}
	if column < 0 {
		t.Fatalf("no column of agents in %q", rows[0])
	}
	var names []string
	for _, row := range rows[1:] {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) {
				t.Errorf("a cell that a spreadsheet would compute: %q", cell)
			}
		}
		cell := row[column]
		if rest, ok := strings.CutPrefix(cell, "'"); ok {
			cell = rest
		}
		names = append(names, fromLine(t, cell))
	}
	return names
}

// readCEF reads suser, as the specification of CEF has extensions.
func readCEF(t *testing.T, text string) []string {
	var names []string
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		for range 7 { // the header's fields
			end := 0
			for end < len(line) && line[end] != '|' {
				if line[end] == '\\' {
					end++
				}
				end++
			}
			if end >= len(line) {
				t.Fatalf("short header: %q", line)
			}
			line = line[end+1:]
		}
		name := strings.NewReplacer("\n", `\u000a`, "\r", `\u000d`).Replace(cefExtension(t, line)["suser"])
		names = append(names, fromLine(t, name))
	}
	return names
}

// cefExtension takes the extension apart: a key is what stands before a bare = and behind a space.
func cefExtension(t *testing.T, text string) map[string]string {
	t.Helper()
	fields := map[string]string{}
	key, start := "", 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '=':
			begin := strings.LastIndexByte(text[:i], ' ') + 1
			if key != "" {
				fields[key] = text[start:max(begin-1, start)]
			}
			key, start = text[begin:i], i+1
		}
	}
	fields[key] = text[start:]
	for k, v := range fields {
		fields[k] = strings.NewReplacer(`\\`, `\`, `\=`, `=`, `\n`, "\n", `\r`, "\r").Replace(v)
	}
	return fields
}

// readRFC5424 reads the structured data and then the agent out of the message.
func readRFC5424(t *testing.T, text string) []string {
	var names []string
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if !strings.HasPrefix(line, "<83>1 2026-01-02T03:04:05.000678Z ") {
			t.Fatalf("header %.60q", line)
		}
		_, rest, ok := strings.Cut(line, "[kai@32473 ")
		if !ok {
			t.Fatalf("no structured data in %q", line)
		}
		for _, want := range []string{`type="authentication"`, `act="signature_verified"`, `out="fail"`} {
			if !strings.Contains(rest, want) {
				t.Errorf("no %s in %q", want, rest)
			}
		}
		_, message, ok := strings.Cut(rest, "] ")
		if !ok {
			t.Fatalf("no message in %q", rest)
		}
		_, value, ok := strings.Cut(message, " src.agent=")
		if !ok {
			t.Fatalf("no agent in %q", message)
		}
		var s string
		if err := json.NewDecoder(strings.NewReader(value)).Decode(&s); err != nil {
			t.Fatalf("%v: %q", err, value)
		}
		names = append(names, s)
	}
	return names
}

func TestSecurityEvent(t *testing.T) {
	v, leaf := scanned(t, 17, "ci")
	var got map[string]any
	if err := json.Unmarshal(export.AppendSecurityEvent(nil, logID, v, leaf), &got); err != nil {
		t.Fatal(err)
	}
	want := []string{"action", "context", "details", "eventType", "id", "leaf", "n", "outcome", "severity", "source", "timestamp"}
	if keys := slices.Sorted(maps.Keys(got)); !slices.Equal(keys, want) {
		t.Errorf("members %q", keys)
	}
	if got["id"] != logID+":17" || got["leaf"] != hex.EncodeToString(leaf[:]) || got["timestamp"] != "2026-01-02T03:04:05.000678Z" {
		t.Errorf("%v", got)
	}
}

// The numbers of each type are those of the framework's classes.
func TestOCSFClasses(t *testing.T) {
	for _, row := range event.Acts() {
		outcome := event.OK
		for row.By[outcome] == 0 && outcome < event.Deny {
			outcome++
		}
		if row.By[outcome] == 0 {
			outcome = event.Begin
		}
		e := event.Event{Time: time.Unix(0, 0).UTC(), Severity: row.By[outcome], Type: row.Type, Act: row.Act, Outcome: outcome}
		line, err := e.AppendLine(nil)
		if err != nil {
			t.Fatal(err)
		}
		var v event.View
		if err := event.Scan(line, &v); err != nil {
			t.Fatal(err)
		}
		var got struct {
			Class    int `json:"class_uid"`
			Category int `json:"category_uid"`
			Activity int `json:"activity_id"`
			Type     int `json:"type_uid"`
			Severity int `json:"severity_id"`
		}
		if err := json.Unmarshal(export.AppendOCSF(nil, logID, &v, [32]byte{}), &got); err != nil {
			t.Fatal(err)
		}
		want := map[event.Type]int{
			event.Authentication: 3002, event.Authorization: 3003, event.DataAccess: 6005, event.Encryption: 6003,
			event.TrustChange: 3004, event.ConfigurationChange: 5019, event.SystemAccess: 1007, event.SecurityViolation: 2004,
		}[row.Type]
		if strings.HasPrefix(row.Act, "role_") {
			want = 3005
		}
		if got.Class != want || got.Category != want/1000 || got.Type != want*100+got.Activity || got.Severity != int(e.Severity) {
			t.Errorf("%s: %+v", row.Act, got)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	if _, err := export.New(io.Discard, "xml", logID); !errors.Is(err, export.ErrFormat) {
		t.Errorf("format: %v", err)
	}
	if _, err := export.New(io.Discard, export.CSV, "x"); !errors.Is(err, export.ErrLogID) {
		t.Errorf("log id: %v", err)
	}
}

// broken fails after some bytes.
type broken struct{ left int }

func (b *broken) Write(p []byte) (int, error) {
	if len(p) > b.left {
		return 0, io.ErrClosedPipe
	}
	b.left -= len(p)
	return len(p), nil
}

func TestFailuresStay(t *testing.T) {
	w, err := export.New(&broken{100_000}, export.Events, logID)
	if err != nil {
		t.Fatal(err)
	}
	v, leaf := scanned(t, 1, strconv.Itoa(1))
	for range 1000 {
		err = w.Write(v, leaf)
	}
	if !errors.Is(err, io.ErrClosedPipe) || !errors.Is(w.Close(), io.ErrClosedPipe) {
		t.Errorf("%v", err)
	}
}
