package event_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"kai/internal/audit/event"
)

// whole is a line that has every member of src and ctx, and each kind of value in d.
const whole = `{"n":17,"t":"2026-11-22T04:36:27.169927Z","sev":"medium","type":"authentication","act":"vault_unlock_failed","out":"fail",` +
	`"src":{"agent":"kai1ab","uid":0,"pid":4711,"ppexe":"0123456789abcdef","tty":"pts/1","host":"build","ver":"1.2.3"},` +
	`"ctx":{"cmd":"vault get","ref":0,"sid":"s1","role":"owner","ci":true,"sandbox":"web","cfg":"0a1b2c3d","skew_ms":250},` +
	`"d":{"a":"","b":-5,"c":true,"d0":false,"e":["x",1,false],"f":[]},` +
	`"p":"AAECAwQFBgcICQoLDA0ODw","m":"8PHy8_T19vf4-fr7_P3-_w"}`

func TestScanReadsEveryMember(t *testing.T) {
	e, err := event.Parse([]byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%+v", e)
	const want = "{N:17 Time:2026-11-22 04:36:27.169927 +0000 UTC Severity:medium Type:authentication Act:vault_unlock_failed Outcome:fail " +
		"Source:{Agent:kai1ab UID:0 HasUID:true PID:4711 Parent:0123456789abcdef TTY:pts/1 Host:build Ver:1.2.3} " +
		"Context:{Cmd:vault get Ref:0 HasRef:true Session:s1 Role:owner CI:true Sandbox:web Config:0a1b2c3d SkewMS:250} " +
		"Details:[{Name:a Value:} {Name:b Value:-5} {Name:c Value:true} {Name:d0 Value:false} {Name:e Value:[x 1 false]} {Name:f Value:[]}] " +
		"Prev:[0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15] MAC:[240 241 242 243 244 245 246 247 248 249 250 251 252 253 254 255]}"
	if got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if back, err := e.AppendLine(nil); err != nil || string(back) != whole {
		t.Errorf("%v\n got %s\nwant %s", err, back, whole)
	}
}

// Each row changes one place of a good line.
func TestScanRefuses(t *testing.T) {
	for _, test := range []struct{ name, old, replacement string }{
		// The frame.
		{"white space before", `{"n"`, ` {"n"`},
		{"white space inside", `"n":17`, `"n": 17`},
		{"white space behind", `_w"}`, `_w"} `},
		{"line feed behind", `_w"}`, "_w\"}\n"},
		{"carriage return behind", `_w"}`, "_w\"}\r"},
		{"a second event", `_w"}`, `_w"}{}`},
		{"a cut end", `_w"}`, `_w"`},
		{"n missing", `"n":17,`, ``},
		{"n twice", `"n":17,`, `"n":17,"n":17,`},
		{"t before n", `"n":17,"t":"2026-11-22T04:36:27.169927Z",`, `"t":"2026-11-22T04:36:27.169927Z","n":17,`},
		{"sev missing", `"sev":"medium",`, ``},
		{"out missing", `,"out":"fail"`, ``},
		{"an unknown member", `,"src":`, `,"x":1,"src":`},
		{"ctx before src", `"src":{"agent"`, `"ctx":{},"src":{"agent"`},
		{"p missing", `"p":"AAECAwQFBgcICQoLDA0ODw",`, ``},
		{"m before p", `"p":"AAECAwQFBgcICQoLDA0ODw","m":"8PHy8_T19vf4-fr7_P3-_w"`, `"m":"8PHy8_T19vf4-fr7_P3-_w","p":"AAECAwQFBgcICQoLDA0ODw"`},
		{"m missing", `,"m":"8PHy8_T19vf4-fr7_P3-_w"`, ``},
		{"a member behind m", `_w"}`, `_w","z":1}`},
		{"an escaped member name", `"n":17`, `"\u006e":17`},
		{"a member name in upper case", `"n":17`, `"N":17`},
		{"src that is a string", `"ctx":{"cmd":"vault get","ref":0,"sid":"s1","role":"owner","ci":true,"sandbox":"web","cfg":"0a1b2c3d","skew_ms":250}`, `"ctx":"x"`},
		{"src that is null", `"d":{"a":"","b":-5,"c":true,"d0":false,"e":["x",1,false],"f":[]}`, `"d":null`},

		// Numbers.
		{"n with a leading zero", `"n":17`, `"n":017`},
		{"n that is zeros", `"n":17`, `"n":00`},
		{"n with a sign", `"n":17`, `"n":+17`},
		{"n below zero", `"n":17`, `"n":-17`},
		{"n that is minus zero", `"n":17`, `"n":-0`},
		{"n with a fraction", `"n":17`, `"n":17.0`},
		{"n with an exponent", `"n":17`, `"n":17e0`},
		{"n of 2^53", `"n":17`, `"n":9007199254740992`},
		{"n of 17 digits", `"n":17`, `"n":10000000000000000`},
		{"n of 20 digits, 17 mod 2^64", `"n":17`, `"n":18446744073709551633`},
		{"n in quotation marks", `"n":17`, `"n":"17"`},
		{"n that is empty", `"n":17`, `"n":`},
		{"n in hexadecimal", `"n":17`, `"n":0x11`},
		{"an integer of 2^53", `"b":-5`, `"b":9007199254740992`},
		{"an integer of -2^53", `"b":-5`, `"b":-9007199254740992`},
		{"an integer with a leading zero", `"b":-5`, `"b":-05`},
		{"minus zero in d", `"b":-5`, `"b":-0`},
		{"minus alone", `"b":-5`, `"b":-`},
		{"two signs", `"b":-5`, `"b":--5`},
		{"a fraction in d", `"b":-5`, `"b":5.5`},
		{"a float in an array", `["x",1,false]`, `["x",1.0,false]`},

		// Words.
		{"an unknown severity", `"medium"`, `"middle"`},
		{"a severity in upper case", `"medium"`, `"Medium"`},
		{"an empty severity", `"medium"`, `""`},
		{"a longer severity", `"medium"`, `"mediums"`},
		{"a shorter severity", `"medium"`, `"mediu"`},
		{"an unknown type", `"authentication"`, `"auth"`},
		{"an empty type", `"authentication"`, `""`},
		{"an unknown outcome", `"fail"`, `"failed"`},
		{"an empty outcome", `"fail"`, `""`},
		{"an escaped word", `"fail"`, `"f\u0061il"`},

		// The act.
		{"an empty act", `vault_unlock_failed`, ``},
		{"an act in upper case", `vault_unlock_failed`, `Vault_unlock_failed`},
		{"an act with a hyphen", `vault_unlock_failed`, `vault-unlock`},
		{"an act with a digit first", `vault_unlock_failed`, `1vault`},
		{"an act with _ first", `vault_unlock_failed`, `_vault`},
		{"an act that is a dot", `vault_unlock_failed`, `.`},
		{"an act with a dot first", `vault_unlock_failed`, `.vault`},
		{"an act with a dot last", `vault_unlock_failed`, `vault.`},
		{"an act with two dots", `vault_unlock_failed`, `a.b.c`},
		{"an act with two dots together", `vault_unlock_failed`, `a..b`},
		{"an act with a digit behind its dot", `vault_unlock_failed`, `a.1`},
		{"an act with an escape", `vault_unlock_failed`, `vault\u005funlock`},
		{"an act with a space", `vault_unlock_failed`, `vault unlock`},
		{"an act of 65 bytes", `vault_unlock_failed`, strings.Repeat("a", 65)},

		// src and ctx.
		{"an empty agent", `"agent":"kai1ab"`, `"agent":""`},
		{"an agent that is a number", `"agent":"kai1ab"`, `"agent":1`},
		{"uid before agent", `"agent":"kai1ab","uid":0`, `"uid":0,"agent":"kai1ab"`},
		{"uid twice", `"uid":0`, `"uid":0,"uid":0`},
		{"uid of 2^32", `"uid":0`, `"uid":4294967296`},
		{"uid below zero", `"uid":0`, `"uid":-1`},
		{"uid as a string", `"uid":0`, `"uid":"0"`},
		{"pid zero", `"pid":4711`, `"pid":0`},
		{"pid below zero", `"pid":4711`, `"pid":-1`},
		{"ppexe of 8 digits", `0123456789abcdef`, `01234567`},
		{"ppexe of 17 digits", `0123456789abcdef`, `0123456789abcdef0`},
		{"ppexe in upper case", `0123456789abcdef`, `0123456789ABCDEF`},
		{"ppexe that is empty", `0123456789abcdef`, ``},
		{"an unknown member of src", `"tty":`, `"ttx":`},
		{"a member of ctx in src", `"ver":"1.2.3"`, `"ver":"1.2.3","cmd":"x"`},
		{"a comma before the first", `{"agent"`, `{,"agent"`},
		{"a comma behind the last", `"1.2.3"}`, `"1.2.3",}`},
		{"no comma", `"uid":0,"pid"`, `"uid":0"pid"`},
		{"ref before cmd", `"cmd":"vault get","ref":0`, `"ref":0,"cmd":"vault get"`},
		{"ref below zero", `"ref":0`, `"ref":-1`},
		{"ref of 2^53", `"ref":0`, `"ref":9007199254740992`},
		{"ci false", `"ci":true`, `"ci":false`},
		{"ci as a number", `"ci":true`, `"ci":1`},
		{"cfg of 16 digits", `0a1b2c3d`, `0a1b2c3d0a1b2c3d`},
		{"cfg of 7 digits", `0a1b2c3d`, `0a1b2c3`},
		{"cfg in upper case", `0a1b2c3d`, `0A1B2C3D`},
		{"skew zero", `"skew_ms":250`, `"skew_ms":0`},
		{"skew below zero", `"skew_ms":250`, `"skew_ms":-250`},

		// d.
		{"members out of order", `"a":"","b":-5`, `"b":-5,"a":""`},
		{"a member twice", `"b":-5`, `"b":-5,"b":-5`},
		{"a shorter name behind a longer", `"d0":false`, `"cc":false,"c":false`},
		{"an empty name", `"a":""`, `"":""`},
		{"a name with a digit first", `"a":""`, `"0a":""`},
		{"a name with _ first", `"a":""`, `"_a":""`},
		{"a name in upper case", `"a":""`, `"A":""`},
		{"a name with a hyphen", `"a":""`, `"a-b":""`},
		{"a name of 33 bytes", `"a":""`, `"` + strings.Repeat("a", 33) + `":""`},
		{"an escaped name", `"a":""`, `"\u0061":""`},
		{"null", `"c":true`, `"c":null`},
		{"True", `"c":true`, `"c":True`},
		{"tru", `"c":true`, `"c":tru`},
		{"an object in d", `"c":true`, `"c":{}`},
		{"an array in an array", `["x",1,false]`, `["x",[1],false]`},
		{"an object in an array", `["x",1,false]`, `["x",{},false]`},
		{"null in an array", `["x",1,false]`, `["x",null]`},
		{"a comma at the end of an array", `["x",1,false]`, `["x",1,]`},
		{"a comma alone in an array", `"f":[]`, `"f":[,]`},
		{"an array without its end", `"f":[]`, `"f":[`},
		{"white space in an array", `"f":[]`, `"f":[ ]`},

		// Strings.
		{"a raw line feed", `"tty":"pts/1"`, "\"tty\":\"pts\n1\""},
		{"a raw tab", `"tty":"pts/1"`, "\"tty\":\"pts\t1\""},
		{"a raw NUL", `"tty":"pts/1"`, "\"tty\":\"pts\x001\""},
		{"a raw ESC", `"tty":"pts/1"`, "\"tty\":\"pts\x1b[31m\""},
		{"a raw DEL", `"tty":"pts/1"`, "\"tty\":\"pts\x7f\""},
		{"a raw NEL of C1", `"tty":"pts/1"`, "\"tty\":\"pts\u0085\""},
		{"a raw CSI of C1", `"tty":"pts/1"`, "\"tty\":\"pts\u009b\""},
		{"a raw line separator", `"tty":"pts/1"`, "\"tty\":\"pts\u2028\""},
		{"a raw paragraph separator", `"tty":"pts/1"`, "\"tty\":\"pts\u2029\""},
		{"a raw right-to-left override", `"tty":"pts/1"`, "\"tty\":\"pts\u202e\""},
		{"a raw right-to-left mark", `"tty":"pts/1"`, "\"tty\":\"pts\u200f\""},
		{"a raw Arabic letter mark", `"tty":"pts/1"`, "\"tty\":\"pts\u061c\""},
		{"a raw isolate", `"tty":"pts/1"`, "\"tty\":\"pts\u2066\""},
		{"a raw pop of isolates in d", `"a":""`, "\"a\":\"\u2069\""},
		{"an escape in upper case", `"a":""`, `"a":"\u001B"`},
		{"an escape with U", `"a":""`, `"a":"\U001b"`},
		{"an escape that is not needed", `"a":""`, `"a":"\u0041"`},
		{"an escaped quotation mark by number", `"a":""`, `"a":"\u0022"`},
		{"an escaped backslash by number", `"a":""`, `"a":"\u005c"`},
		{"a letter with an accent by number", `"a":""`, `"a":"\u00e9"`},
		{`\n`, `"a":""`, `"a":"\n"`},
		{`\t`, `"a":""`, `"a":"\t"`},
		{`\b`, `"a":""`, `"a":"\b"`},
		{`\/`, `"a":""`, `"a":"\/"`},
		{`\x`, `"a":""`, `"a":"\x1b"`},
		{"an escape of 3 digits", `"a":""`, `"a":"\u001"`},
		{"an escape that is no number", `"a":""`, `"a":"\u00g1"`},
		{"a pair of surrogates", `"a":""`, `"a":"\ud83d\ude02"`},
		{"a lone surrogate", `"a":""`, `"a":"\ud83d"`},
		{"a surrogate in UTF-8", `"a":""`, "\"a\":\"\xed\xa0\xbd\""},
		{"a byte that is not UTF-8", `"a":""`, "\"a\":\"\xff\""},
		{"a cut character", `"a":""`, "\"a\":\"\xe2\x82\""},
		{"an overlong slash", `"a":""`, "\"a\":\"\xc0\xaf\""},
		{"a character above U+10FFFF", `"a":""`, "\"a\":\"\xf4\x90\x80\x80\""},
		{"no end", `"a":""`, `"a":"`},
		{"a backslash at the end", `"a":""`, `"a":"\"`},

		// p and m.
		{"p of 21 characters", `DA0ODw"`, `DA0OD"`},
		{"p of 23 characters", `DA0ODw"`, `DA0ODwA"`},
		{"p with padding", `DA0ODw"`, `DA0ODw=="`},
		{"p in plain base64", `"8PHy8_T19vf4-fr7_P3-_w"`, `"8PHy8/T19vf4+fr7/P3+/w"`},
		{"p with a bit behind its end", `DA0ODw"`, `DA0ODx"`},
		{"p with the other bits behind its end", `DA0ODw"`, `DA0OD3"`},
		{"m with a bit behind its end", `-_w"`, `-_z"`},
		{"m with line feeds", `"8PHy8_T19vf4-fr7_P3-_w"`, "\"8PHy8_T19vf4-fr7_P\n\n_w\""},
		{"m with a character outside", `8PHy8_`, `8PHy8*`},
		{"m with a byte above ASCII", `8PHy8_`, "8PHy8\xff"},

		// Times.
		{"a month 13", `2026-11-22`, `2026-13-22`},
		{"a month 0", `2026-11-22`, `2026-00-22`},
		{"a day 0", `2026-11-22`, `2026-11-00`},
		{"31 November", `2026-11-22`, `2026-11-31`},
		{"32 December", `2026-11-22`, `2026-12-32`},
		{"29 February of no leap year", `2026-11-22`, `2026-02-29`},
		{"29 February 1900", `2026-11-22`, `1900-02-29`},
		{"30 February 2000", `2026-11-22`, `2000-02-30`},
		{"an hour 24", `T04:`, `T24:`},
		{"a minute 60", `:36:`, `:60:`},
		{"a leap second", `:27.`, `:60.`},
		{"5 decimals", `.169927Z`, `.16992Z`},
		{"7 decimals", `.169927Z`, `.1699270Z`},
		{"no decimals", `.169927Z`, `Z`},
		{"a comma", `.169927Z`, `,169927Z`},
		{"an offset", `.169927Z`, `.169927+00:00`},
		{"a small z", `.169927Z`, `.169927z`},
		{"a small t", `22T04`, `22t04`},
		{"a space for T", `22T04`, `22 04`},
		{"a year of 5 digits", `"2026-`, `"12026-`},
		{"a year below zero", `"2026-`, `"-026-`},
		{"a sign for a digit", `T04:`, `T+4:`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if strings.Count(whole, test.old) == 0 {
				t.Fatalf("%q is not in the line", test.old)
			}
			line := strings.Replace(whole, test.old, test.replacement, 1)
			refuse(t, line)
		})
	}
}

func refuse(t *testing.T, line string) {
	t.Helper()
	var v event.View
	err := event.Scan([]byte(line), &v)
	var syntax *event.SyntaxError
	if !errors.Is(err, event.ErrMalformed) || !errors.As(err, &syntax) {
		t.Fatalf("error %v for %s", err, line)
	}
	if syntax.Offset < 0 || syntax.Offset > max(len(line), event.MaxLine) || syntax.Reason == "" {
		t.Errorf("error %#v", syntax)
	}
}

// ScanHead reads the same and refuses the same, as far as it looks.
func TestScanHead(t *testing.T) {
	var v, head event.View
	if err := event.Scan([]byte(whole), &v); err != nil {
		t.Fatal(err)
	}
	end := strings.Index(whole, `","src"`)
	if err := event.ScanHead([]byte(whole[:end+1]+"anything"), &head); err != nil {
		t.Fatal(err)
	}
	if head.N != v.N || head.Micros != v.Micros || head.Severity != v.Severity || head.Type != v.Type || string(head.Act) != string(v.Act) || head.Outcome != v.Outcome {
		t.Errorf("%+v", head)
	}
	for i := range end + 1 {
		if err := event.ScanHead([]byte(whole[:i]), &head); !errors.Is(err, event.ErrMalformed) {
			t.Fatalf("%d bytes: %v", i, err)
		}
	}
}

// No beginning of a line is one.
func TestScanRefusesCuts(t *testing.T) {
	for i := range whole {
		refuse(t, whole[:i])
	}
}

func TestScanSaysWhere(t *testing.T) {
	line := strings.Replace(whole, `"b":-5`, `"b":-0`, 1)
	var syntax *event.SyntaxError
	if err := event.Scan([]byte(line), new(event.View)); !errors.As(err, &syntax) {
		t.Fatal(err)
	}
	if want := strings.Index(line, `-0`) + 2; syntax.Offset != want || syntax.Error() != fmt.Sprintf("malformed event: byte %d: minus zero", want) {
		t.Errorf("%v, want byte %d", syntax, want)
	}
}

func TestScanAcceptsEdges(t *testing.T) {
	for _, test := range []struct{ name, old, replacement string }{
		{"n zero", `"n":17`, `"n":0`},
		{"n of 2^53-1", `"n":17`, `"n":9007199254740991`},
		{"an integer of -2^53+1", `"b":-5`, `"b":-9007199254740991`},
		{"zero in d", `"b":-5`, `"b":0`},
		{"uid of 2^32-1", `"uid":0`, `"uid":4294967295`},
		{"an act with a dot", `vault_unlock_failed`, `audit.state_lost`},
		{"an act of 64 bytes", `vault_unlock_failed`, strings.Repeat("a", 64)},
		{"a name of 32 bytes", `"a":""`, `"` + strings.Repeat("a", 32) + `":""`},
		{"29 February 2024", `2026-11-22`, `2024-02-29`},
		{"29 February 2000", `2026-11-22`, `2000-02-29`},
		{"the first day", `2026-11-22`, `0000-01-01`},
		{"the last day", `2026-11-22`, `9999-12-31`},
		{"escapes", `"a":""`, `"a":"\"\\\u0000\u001f\u007f\u009f\u061c\u200e\u200f\u2028\u202e\u2066\u2069"`},
		{"neighbours of what is escaped", `"a":""`, "\"a\":\" ~\u00a0\u061b\u061d\u200d\u2010\u2027\u202f\u2065\u206a\ufeff\uffff\U0010ffff\""},
		{"a replacement character", `"a":""`, "\"a\":\"\ufffd\""},
	} {
		t.Run(test.name, func(t *testing.T) {
			line := strings.Replace(whole, test.old, test.replacement, 1)
			e, err := event.Parse([]byte(line))
			if err != nil {
				t.Fatal(err)
			}
			if back, err := e.AppendLine(nil); err != nil || string(back) != line {
				t.Errorf("%v\n got %s\nwant %s", err, back, line)
			}
		})
	}
}

func TestLengthOfLines(t *testing.T) {
	line := func(size int) string { // with its line feed
		return strings.Replace(whole, `"a":""`, `"a":"`+strings.Repeat("x", size-len(whole)-1)+`"`, 1)
	}
	for _, test := range []struct {
		size int
		fits bool
	}{{event.MaxLine, true}, {event.MaxLine + 1, false}} {
		if err := event.Scan([]byte(line(test.size)), new(event.View)); (err == nil) != test.fits {
			t.Errorf("a line of %d bytes: %v", test.size, err)
		}
		e, err := event.Parse([]byte(whole))
		if err != nil {
			t.Fatal(err)
		}
		e.Details = e.Details.With("a", strings.Repeat("x", test.size-len(whole)-1))
		b, err := e.AppendLine([]byte("before"))
		if test.fits != (err == nil) || !test.fits && (!errors.Is(err, event.ErrTooLarge) || string(b) != "before") {
			t.Errorf("writing %d bytes: %v", test.size, err)
		}
		if test.fits && len(b) != len("before")+event.MaxLine-1 {
			t.Errorf("%d bytes", len(b))
		}
	}
}

// The edges of February in every year, and each day of every 400th, agree with package time, which
// has its own calendar.
func TestTimesAgreeWithPackageTime(t *testing.T) {
	check := func(at time.Time) {
		t.Helper()
		text := at.Format(event.TimeLayout)
		want, err := time.Parse(event.TimeLayout, text)
		if err != nil {
			t.Fatal(err)
		}
		var v event.View
		if err := event.Scan([]byte(strings.Replace(whole, "2026-11-22T04:36:27.169927Z", text, 1)), &v); err != nil {
			t.Fatal(text, err)
		}
		if !v.Time().Equal(want) || v.Micros != want.UnixMicro() || string(v.Timestamp()) != text {
			t.Fatalf("%s is read as %v, written as %s", text, v.Time(), v.Timestamp())
		}
	}
	for day := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() <= 9999; day = day.AddDate(0, 0, 1) {
		if day.Day() == 1 && day.Month() <= 3 || day.Day() >= 28 && day.Month() == 2 || day.Year()%400 == 0 {
			check(day)
		}
	}
	check(time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC))
	check(time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC))

	// All 100 × 100 months and days, in a leap year and in one that is not.
	for _, year := range []string{"2023", "2024", "1900", "2000"} {
		for i := range 10_000 {
			text := fmt.Sprintf("%s-%02d-%02dT00:00:00.000000Z", year, i/100, i%100)
			_, want := time.Parse(event.TimeLayout, text)
			got := event.Scan([]byte(strings.Replace(whole, "2026-11-22T04:36:27.169927Z", text, 1)), new(event.View))
			if (got == nil) != (want == nil) {
				t.Fatalf("%s: %v, package time says %v", text, got, want)
			}
		}
	}
}

func TestRecordOfLines(t *testing.T) {
	var v event.View
	if err := event.Scan([]byte(whole), &v); err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(whole, `,"m":"8PHy8_T19vf4-fr7_P3-_w"`, "", 1)
	if got := v.Record([]byte("x")); string(got) != "x"+want {
		t.Errorf("record %s", got)
	}
	for _, test := range []struct{ object, name, want string }{
		{string(v.Source), "agent", "kai1ab"}, {string(v.Source), "uid", "0"}, {string(v.Source), "nothing", ""},
		{string(v.Context), "ci", "true"}, {string(v.Details), "b", "-5"}, {string(v.Details), "e", `["x",1,false]`},
		{string(v.Details), "f", `[]`}, {string(v.Details), "d0", "false"}, {`{"a":"x\\\"y","b":["]",2]}`, "a", `x\\\"y`},
		{`{"a":"x\\\"y","b":["]",2]}`, "b", `["]",2]`}, {`{}`, "a", ""},
	} {
		if got := event.RawMember([]byte(test.object), test.name); string(got) != test.want {
			t.Errorf("%s of %s is %q, want %q", test.name, test.object, got, test.want)
		}
	}
	var listed []string
	for name, value := range event.RawMembers(v.Details) {
		if listed = append(listed, string(name)+"="+string(value)); string(name) == "e" {
			break
		}
	}
	if got := strings.Join(listed, " "); got != `a="" b=-5 c=true d0=false e=["x",1,false]` {
		t.Errorf("members %s", got)
	}
}
