package metrics_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"kai/internal/audit/event"
	"kai/internal/audit/metrics"
	"kai/internal/vectortest"
)

// randomView is an event that the catalogue has.
func randomView(t *testing.T, r *rand.Rand, n uint64) *event.View {
	rows := event.Acts()
	for {
		row, outcome := rows[r.IntN(len(rows))], event.Outcomes()[r.IntN(4)]
		if row.By[outcome] == 0 {
			continue
		}
		var details event.Details
		if row.Act == "audit.violation" {
			details = event.Details{{Name: "pattern", Value: []string{"a", "b c", `q"uo\te`, "é\n"}[r.IntN(4)]}}
		}
		return view(t, n, row.Act, outcome, details)
	}
}

// Counting on from the file, with stops anywhere, is counting at once.
func TestCountingOnIsCountingAtOnce(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	once, onward := metrics.New("A"), metrics.New("A")
	total := int64(0)
	for n := range uint64(2000) {
		v := randomView(t, r, n)
		if !once.Add(v) || !onward.Add(v) {
			t.Fatalf("seed %d: event %d not counted", seed, n)
		}
		if r.IntN(10) > 0 {
			continue
		}
		data, err := onward.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if onward, err = metrics.Unmarshal(data, "A"); err != nil {
			t.Fatalf("seed %d: %v: %s", seed, err, data)
		}
	}
	if !reflect.DeepEqual(once, onward) {
		t.Errorf("seed %d:\n got %+v\nwant %+v", seed, onward, once)
	}
	for _, count := range once.Events {
		total += count
	}
	if total != 2000 || once.N != 2000 {
		t.Errorf("%d counted, n is %d", total, once.N)
	}
	again := write(t, &metrics.Snapshot{Counters: once})
	if again != write(t, &metrics.Snapshot{Counters: onward}) {
		t.Error("the order of the text is not stable")
	}
}

func write(t *testing.T, s *metrics.Snapshot) string {
	t.Helper()
	var out bytes.Buffer
	if err := metrics.Write(&out, s); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// samples reads the text format of Prometheus, version 0.0.4, as its document has it: the label
// values' escapes are \\, \" and \n.
func samples(t *testing.T, text string) map[string]float64 {
	t.Helper()
	found := make(map[string]float64)
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "# HELP kai_audit_") || strings.HasPrefix(line, "# TYPE kai_audit_") {
			continue
		}
		end := strings.IndexAny(line, "{ ")
		key, rest := line[:end], line[end:]
		for strings.HasPrefix(rest, "{") || strings.HasPrefix(rest, ",") {
			name, after, ok := strings.Cut(rest[1:], `="`)
			if !ok {
				t.Fatalf("line %q", line)
			}
			var value strings.Builder
			for after[0] != '"' {
				if after[0] == '\\' {
					c, ok := map[byte]byte{'\\': '\\', '"': '"', 'n': '\n'}[after[1]]
					if !ok {
						t.Fatalf("escape in %q", line)
					}
					value.WriteByte(c)
					after = after[2:]
					continue
				}
				value.WriteByte(after[0])
				after = after[1:]
			}
			key += fmt.Sprintf(" %s=%q", name, value.String())
			rest = after[1:]
		}
		number, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimPrefix(rest, "}"), " "), 64)
		if err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		if _, twice := found[key]; twice {
			t.Errorf("%s twice", key)
		}
		found[key] = number
	}
	return found
}

// All series there can be, and labels that try to be more, read back and pass promtool.
func TestEverySeries(t *testing.T) {
	c := metrics.New("A")
	want := map[string]float64{}
	count := int64(0)
	for _, typ := range event.Types() {
		for _, severity := range event.Severities() {
			for _, outcome := range event.Outcomes() {
				count++
				c.Events[fmt.Sprintf("%s %s %s", typ, severity, outcome)] = count
				want[fmt.Sprintf("kai_audit_events_total type=%q severity=%q outcome=%q", typ, severity, outcome)] = float64(count)
			}
		}
	}
	for i, pattern := range []string{"", "a", `"`, `\`, `\n`, `"} 1`, "a,b=\"c\"", "é 😀", "# HELP x", "{", " "} {
		c.Violations[pattern] = int64(i + 1)
		want[fmt.Sprintf("kai_audit_violations_total pattern=%q", pattern)] = float64(i + 1)
	}
	c.Alerted("pager", "delivered")
	c.Alerted("pager", "failed")
	c.Alerted("pager", "failed")
	c.Recoveries = 3
	for key, value := range map[string]float64{
		`alerts_total sink="pager" result="delivered"`: 1, `alerts_total sink="pager" result="failed"`: 2, "recoveries_total": 3,
		"outbox_pending": 4, "size_events": 9007199254740991, "size_bytes": 6, "epoch": 4294967295, "unsigned_events": 8, "unanchored_events": 9,
		"last_event_timestamp_seconds": 1780000000.169927, "last_checkpoint_timestamp_seconds": 1780000001, "last_verify_timestamp_seconds": 1780000002,
		"verify_ok": 0,
	} {
		want["kai_audit_"+key] = value
	}
	text := write(t, &metrics.Snapshot{
		Counters: c, OutboxPending: 4, SizeEvents: 1<<53 - 1, SizeBytes: 6, Epoch: 1<<32 - 1, Unsigned: 8, Unanchored: 9,
		LastEvent: time.UnixMicro(1_780_000_000_169_927), LastCheckpoint: time.Unix(1_780_000_001, 0), LastVerify: time.Unix(1_780_000_002, 0),
	})
	got := samples(t, text)
	for key, value := range want {
		if got[key] != value {
			t.Errorf("%s is %v, want %v", key, got[key], value)
		}
		delete(got, key)
	}
	for key := range got {
		t.Errorf("%s was not asked for", key)
	}
	promtool := vectortest.Peer(t, "promtool")
	vectortest.Run(t, []byte(text), promtool, "check", "metrics")
	vectortest.Run(t, []byte(write(t, &metrics.Snapshot{Counters: metrics.New("A")})), promtool, "check", "metrics")
}

func TestPatternsAreBounded(t *testing.T) {
	c := metrics.New("A")
	const all = metrics.MaxPatterns + 50
	for n := range uint64(all) {
		if !c.Add(view(t, n, "audit.violation", event.OK, event.Details{{Name: "pattern", Value: fmt.Sprint("p", n)}})) {
			t.Fatal(n)
		}
	}
	if !c.Add(view(t, all, "audit.violation", event.OK, event.Details{{Name: "pattern", Value: "p0"}})) {
		t.Fatal("not counted")
	}
	if len(c.Violations) != metrics.MaxPatterns+1 || c.Violations["other"] != 50 || c.Violations["p0"] != 2 {
		t.Errorf("%d patterns, %d others", len(c.Violations), c.Violations["other"])
	}
}

func FuzzUnmarshal(f *testing.F) {
	const file = `{"alerts":{"pager delivered":2},"events":{"authentication medium fail":3},"log_id":"A","n":42,"recoveries":0,"v":1,"violations":{"x":1}}`
	for _, seed := range []string{
		file, `{"alerts":{},"events":{},"log_id":"A","n":0,"recoveries":0,"v":1,"violations":{}}`, strings.Replace(file, "42", "1e3", 1), `{}`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := metrics.Unmarshal(data, "A")
		if err != nil {
			if !errors.Is(err, metrics.ErrMalformed) {
				t.Error(err)
			}
			return
		}
		again, err := c.Marshal()
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("%q came back as %q, %v", data, again, err)
		}
		samples(t, write(t, &metrics.Snapshot{Counters: c}))
	})
}
