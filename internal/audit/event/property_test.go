package event_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"kai/internal/audit/event"
)

// characters are those that strings of random events are made of: plain, quoted and escaped ones.
var characters = []rune("abcXYZ019 .,:;=|/-_{}[]'\"\\\x00\t\n\r\x1b\x1f\x7f\u0080\u0085\u009b\u00a0é߿\u061cࠀ\u200d\u200e\u200f\u2028\u2029\u202e\u2066\u2069\ufeff\ufffd\uffff😀\U0010ffff")

func randomText(r *rand.Rand, least int) string {
	var b strings.Builder
	for range least + r.IntN(12) {
		b.WriteRune(characters[r.IntN(len(characters))])
	}
	return b.String()
}

func randomInteger(r *rand.Rand) int64 {
	i := r.Int64N(1<<53) >> r.IntN(53)
	if r.IntN(2) == 0 {
		return -i
	}
	return i
}

func randomScalar(r *rand.Rand) any {
	switch r.IntN(3) {
	case 0:
		return randomText(r, 0)
	case 1:
		return randomInteger(r)
	}
	return r.IntN(2) == 0
}

func randomName(r *rand.Rand) string {
	const first, other = "abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyz0123456789_"
	b := []byte{first[r.IntN(len(first))]}
	for range r.IntN(32) {
		b = append(b, other[r.IntN(len(other))])
	}
	return string(b)
}

func maybe[T any](r *rand.Rand, value T) (zero T) {
	if r.IntN(2) == 0 {
		return value
	}
	return zero
}

func randomEvent(r *rand.Rand) event.Event {
	from := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	to := time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	acts := event.Acts()
	e := event.Event{
		N: uint64(r.Int64N(1<<53) >> r.IntN(53)), Time: time.UnixMicro(from + r.Int64N(to-from)).UTC(),
		Severity: event.Severities()[r.IntN(5)], Type: event.Types()[r.IntN(8)],
		Act: acts[r.IntN(len(acts))].Act, Outcome: event.Outcomes()[r.IntN(4)],
		Source: event.Source{
			Agent: maybe(r, randomText(r, 1)), PID: maybe(r, r.Int64N(1<<53)), Parent: maybe(r, fmt.Sprintf("%016x", r.Uint64())),
			TTY: maybe(r, randomText(r, 1)), Host: maybe(r, randomText(r, 1)), Ver: maybe(r, randomText(r, 1)),
		},
		Context: event.Context{
			Cmd: maybe(r, randomText(r, 1)), Session: maybe(r, randomText(r, 1)), Role: maybe(r, randomText(r, 1)),
			CI: maybe(r, true), Sandbox: maybe(r, randomText(r, 1)), Config: maybe(r, fmt.Sprintf("%08x", r.Uint32())),
			SkewMS: maybe(r, r.Int64N(1<<53)),
		},
	}
	if r.IntN(2) == 0 {
		e.Source.UID, e.Source.HasUID = r.Uint32()>>r.IntN(33), true
	}
	if r.IntN(2) == 0 {
		e.Context.Ref, e.Context.HasRef = uint64(r.Int64N(1<<53)>>r.IntN(53)), true
	}
	for range r.IntN(6) {
		value := randomScalar(r)
		if r.IntN(4) == 0 {
			list := []any{}
			for range r.IntN(4) {
				list = append(list, randomScalar(r))
			}
			value = list
		}
		e.Details = e.Details.With(randomName(r), value)
	}
	for i := range 16 {
		e.Prev[i], e.MAC[i] = byte(r.Uint32()), byte(r.Uint32())
	}
	return e
}

func TestRandomEventsComeBack(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	for range 20_000 {
		e := randomEvent(r)
		line, err := e.AppendLine(nil)
		if err != nil {
			t.Fatalf("seed %d: %v: %+v", seed, err, e)
		}
		if bytes.ContainsFunc(line, func(c rune) bool { return c < 0x20 || c >= 0x7f && c < 0xa0 || c == '\u2028' || c == '\u202e' }) {
			t.Fatalf("seed %d: a control character in %q", seed, line)
		}
		back, err := event.Parse(line)
		if err != nil {
			t.Fatalf("seed %d: %v: %s", seed, err, line)
		}
		if !reflect.DeepEqual(back, e) {
			t.Fatalf("seed %d:\n got %+v\nwant %+v", seed, back, e)
		}
		agreesWithJSON(t, line, back)
	}
}

// agreesWithJSON asserts that encoding/json reads the same values from a line.
func agreesWithJSON(t *testing.T, line []byte, e event.Event) {
	t.Helper()
	var theirs struct {
		N    uint64         `json:"n"`
		T    time.Time      `json:"t"`
		Sev  string         `json:"sev"`
		Type string         `json:"type"`
		Act  string         `json:"act"`
		Out  string         `json:"out"`
		Src  map[string]any `json:"src"`
		Ctx  map[string]any `json:"ctx"`
		D    map[string]any `json:"d"`
		P, M string
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	if err := dec.Decode(&theirs); err != nil {
		t.Fatalf("encoding/json: %v: %s", err, line)
	}
	if theirs.N != e.N || !theirs.T.Equal(e.Time) || theirs.Sev != e.Severity.String() || theirs.Type != e.Type.String() ||
		theirs.Act != e.Act || theirs.Out != e.Outcome.String() {
		t.Fatalf("encoding/json reads %+v, Parse %+v", theirs, e)
	}
	for group, object := range map[string]map[string]any{"src": theirs.Src, "ctx": theirs.Ctx, "d": theirs.D} {
		for name, value := range object {
			got, ok := e.Field(group + "." + name)
			if !ok || !reflect.DeepEqual(got, ours(value)) || !event.IsField(group+"."+name) {
				t.Fatalf("%s.%s is %#v, encoding/json reads %#v in %s", group, name, got, value, line)
			}
		}
	}
	if len(theirs.D) != len(e.Details) || len(theirs.Src) != present(&e, "src", "agent uid pid ppexe tty host ver") ||
		len(theirs.Ctx) != present(&e, "ctx", "cmd ref sid role ci sandbox cfg skew_ms") {
		t.Fatalf("encoding/json sees other members in %s", line)
	}
}

// ours turns what encoding/json yields into the types of Member.
func ours(value any) any {
	switch v := value.(type) {
	case json.Number:
		i, err := v.Int64()
		if err != nil {
			return err
		}
		return i
	case []any:
		list := []any{}
		for _, element := range v {
			list = append(list, ours(element))
		}
		return list
	}
	return value
}

func present(e *event.Event, group, names string) (n int) {
	for _, name := range strings.Fields(names) {
		if _, ok := e.Field(group + "." + name); ok {
			n++
		}
	}
	return n
}

func FuzzScan(f *testing.F) {
	seeds := []string{
		whole,
		`{"n":0,"t":"2026-01-02T03:04:05.000000Z","sev":"info","type":"system_access","act":"audit.created","out":"ok",` +
			`"src":{"uid":1000},"ctx":{},"d":{},"p":"AAAAAAAAAAAAAAAAAAAAAA","m":"AAAAAAAAAAAAAAAAAAAAAA"}`,
		strings.Replace(whole, `"a":""`, `"a":"\u001b[31m\"\\\u202e,😀"`, 1),
		strings.Replace(whole, "2026-11-22", "0000-02-29", 1),
		strings.Replace(whole, `"b":-5`, `"b":9007199254740991`, 1),
		strings.Replace(whole, `"f":[]`, `"f":["[\"]",-1]`, 1),
		`{"n":`, ``,
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 8 {
		e := randomEvent(r)
		line, err := e.AppendLine(nil)
		if err != nil {
			f.Fatal(err)
		}
		seeds = append(seeds, string(line))
	}
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var v event.View
		if err := event.Scan(line, &v); err != nil {
			if !errors.Is(err, event.ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		var head event.View
		if err := event.ScanHead(line, &head); err != nil || head.N != v.N || head.Micros != v.Micros || !bytes.Equal(head.Act, v.Act) {
			t.Fatalf("the head of %q: %v", line, err)
		}
		e := v.Event()
		again, err := e.AppendLine(nil)
		if err != nil || !bytes.Equal(again, line) {
			t.Fatalf("%v\n got %q\nwant %q", err, again, line)
		}
		if !json.Valid(line) || !json.Valid(v.Record(nil)) {
			t.Fatalf("not JSON: %q", line)
		}
		agreesWithJSON(t, line, e)
	})
}

// What Parse would not accept, AppendLine does not write.
func TestAppendLineRefuses(t *testing.T) {
	for name, change := range map[string]func(*event.Event){
		"n of 2^53":          func(e *event.Event) { e.N = 1 << 53 },
		"nanoseconds":        func(e *event.Event) { e.Time = e.Time.Add(1) },
		"a time zone":        func(e *event.Event) { e.Time = e.Time.In(time.FixedZone("", 3600)) },
		"the year 10000":     func(e *event.Event) { e.Time = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"the year -1":        func(e *event.Event) { e.Time = time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC) },
		"no severity":        func(e *event.Event) { e.Severity = 0 },
		"severity 6":         func(e *event.Event) { e.Severity = 6 },
		"no type":            func(e *event.Event) { e.Type = 0 },
		"type 9":             func(e *event.Event) { e.Type = 9 },
		"no outcome":         func(e *event.Event) { e.Outcome = 0 },
		"outcome 5":          func(e *event.Event) { e.Outcome = 5 },
		"no act":             func(e *event.Event) { e.Act = "" },
		"an act in quotes":   func(e *event.Event) { e.Act = `a"` },
		"an act of two dots": func(e *event.Event) { e.Act = "a.b.c" },
		"a long act":         func(e *event.Event) { e.Act = strings.Repeat("a", 65) },
		"pid below zero":     func(e *event.Event) { e.Source.PID = -1 },
		"pid of 2^53":        func(e *event.Event) { e.Source.PID = 1 << 53 },
		"ppexe of 8":         func(e *event.Event) { e.Source.Parent = "01234567" },
		"ppexe in capitals":  func(e *event.Event) { e.Source.Parent = "0123456789ABCDEF" },
		"cfg of 16":          func(e *event.Event) { e.Context.Config = "0123456789abcdef" },
		"ref of 2^53":        func(e *event.Event) { e.Context.Ref, e.Context.HasRef = 1<<53, true },
		"skew below zero":    func(e *event.Event) { e.Context.SkewMS = -1 },
		"skew of 2^53":       func(e *event.Event) { e.Context.SkewMS = 1 << 53 },
		"agent not UTF-8":    func(e *event.Event) { e.Source.Agent = "\xff" },
		"tty not UTF-8":      func(e *event.Event) { e.Source.TTY = "\xff" },
		"host not UTF-8":     func(e *event.Event) { e.Source.Host = "\xff" },
		"ver not UTF-8":      func(e *event.Event) { e.Source.Ver = "\xff" },
		"cmd not UTF-8":      func(e *event.Event) { e.Context.Cmd = "\xff" },
		"sid not UTF-8":      func(e *event.Event) { e.Context.Session = "\xff" },
		"role not UTF-8":     func(e *event.Event) { e.Context.Role = "\xff" },
		"sandbox not UTF-8":  func(e *event.Event) { e.Context.Sandbox = "\xff" },
		"d not UTF-8":        func(e *event.Event) { e.Details = event.Details{{"a", "\xff"}} },
		"an array not UTF-8": func(e *event.Event) { e.Details = event.Details{{"a", []any{"\xff"}}} },
		"d out of order":     func(e *event.Event) { e.Details = event.Details{{"b", "x"}, {"a", "x"}} },
		"a member twice":     func(e *event.Event) { e.Details = event.Details{{"a", "x"}, {"a", "x"}} },
		"an empty name":      func(e *event.Event) { e.Details = event.Details{{"", "x"}} },
		"a name in capitals": func(e *event.Event) { e.Details = event.Details{{"A", "x"}} },
		"a long name":        func(e *event.Event) { e.Details = event.Details{{strings.Repeat("a", 33), "x"}} },
		"a float":            func(e *event.Event) { e.Details = event.Details{{"a", 1.5}} },
		"an int":             func(e *event.Event) { e.Details = event.Details{{"a", 1}} },
		"null":               func(e *event.Event) { e.Details = event.Details{{"a", nil}} },
		"an integer of 2^53": func(e *event.Event) { e.Details = event.Details{{"a", int64(1 << 53)}} },
		"an array of arrays": func(e *event.Event) { e.Details = event.Details{{"a", []any{[]any{}}}} },
		"an array of floats": func(e *event.Event) { e.Details = event.Details{{"a", []any{1.5}}} },
		"a list of strings":  func(e *event.Event) { e.Details = event.Details{{"a", []string{"x"}}} },
	} {
		e := usual()
		change(&e)
		if b, err := e.AppendLine([]byte("before")); !errors.Is(err, event.ErrMalformed) || string(b) != "before" {
			t.Errorf("%s: %v, %q", name, err, b)
		}
	}
}

func TestFieldsAndTheirNames(t *testing.T) {
	e, err := event.Parse([]byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"n": int64(17), "timestamp": "2026-11-22T04:36:27.169927Z", "eventType": "authentication", "severity": "medium",
		"action": "vault_unlock_failed", "outcome": "fail",
		"src.agent": "kai1ab", "src.uid": int64(0), "src.pid": int64(4711), "src.ppexe": "0123456789abcdef",
		"src.tty": "pts/1", "src.host": "build", "src.ver": "1.2.3",
		"ctx.cmd": "vault get", "ctx.ref": int64(0), "ctx.sid": "s1", "ctx.role": "owner", "ctx.ci": true,
		"ctx.sandbox": "web", "ctx.cfg": "0a1b2c3d", "ctx.skew_ms": int64(250),
		"d.a": "", "d.b": int64(-5), "d.c": true, "d.d0": false, "d.e": []any{"x", int64(1), false}, "d.f": []any{},
	}
	var empty event.Event
	for name, value := range want {
		if got, ok := e.Field(name); !ok || !reflect.DeepEqual(got, value) {
			t.Errorf("%s is %#v, want %#v", name, got, value)
		}
		if !event.IsField(name) {
			t.Errorf("IsField does not know %s", name)
		}
		if _, ok := empty.Field(name); ok != !strings.Contains(name, ".") {
			t.Errorf("an empty event has %s: %v", name, ok)
		}
	}
	for _, name := range []string{
		"", "id", "N", "t", "sev", "type", "act", "out", "src", "src.", "src.UID", "src.cmd", "src.uid.x", "ctx", "ctx.", "ctx.agent",
		"d", "d.", "d.A", "d.a.b", "d.1", "d." + strings.Repeat("a", 33), ".", "x.y", " n", "n.", "severity.x", "timestamp ",
	} {
		if event.IsField(name) {
			t.Errorf("IsField knows %q", name)
		}
		if value, ok := e.Field(name); ok {
			t.Errorf("%q is %v", name, value)
		}
	}
	if !event.IsField("d.not_there") {
		t.Error("a name that d could have is no field")
	}
	if value, ok := e.Field("d.not_there"); ok || value != nil {
		t.Errorf("d.not_there is %v", value)
	}
}

func TestDetails(t *testing.T) {
	d := event.Details{{"b", int64(2)}, {"c", "x"}}
	with := d.With("a", true).With("b", int64(3))
	if want := (event.Details{{"a", true}, {"b", int64(3)}, {"c", "x"}}); !reflect.DeepEqual(with, want) {
		t.Errorf("%v", with)
	}
	if !slices.Equal(d, event.Details{{"b", int64(2)}, {"c", "x"}}) {
		t.Errorf("With changed %v", d)
	}
	if d.Text("c") != "x" || d.Text("b") != "" || d.Text("z") != "" || d.Int("b") != 2 || d.Int("c") != 0 || d.Get("z") != nil {
		t.Error("Text, Int or Get")
	}
}
