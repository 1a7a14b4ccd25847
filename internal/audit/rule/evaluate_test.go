package rule_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"kai/internal/audit/event"
	"kai/internal/audit/rule"
)

// counting is a correlation over secret_listed; the placeholders are its last members.
const counting = `
title: Listed
logsource: {product: kai}
detection:
  s: {action: secret_listed}
  condition: s
---
title: Often
id: often
level: low
correlation:
  rules: [Listed]
`

func TestTruncation(t *testing.T) {
	for _, extra := range []int{0, 1} {
		log := newLog(t, parse(t, counting+"  type: event_count\n  timespan: 7d\n  condition: {gte: 2}\n"))
		quiet := made("vault_locked", event.OK)
		quiet.Time = start
		log.events = append(log.events, made("secret_listed", event.OK))
		log.events[0].Time = start
		for range rule.MaxScan - 1 + extra {
			quiet.N = uint64(len(log.events))
			log.events = append(log.events, quiet)
		}
		// With extra events the first is out of reach.
		got := log.append(time.Second, made("secret_listed", event.OK))
		if extra == 0 {
			same(t, "within reach", got, "often/low [] 2")
			if last := log.events[len(log.events)-1]; last.Details.Get("truncated") != nil {
				t.Error("truncated, although all was read")
			}
		} else {
			same(t, "out of reach", got)
		}
		got = log.append(time.Second, made("secret_listed", event.OK))
		if extra == 0 {
			same(t, "again", got)
			continue
		}
		same(t, "two within reach", got, "often/low [] 2")
		if last := log.events[len(log.events)-1]; last.Details.Get("truncated") != true {
			t.Error("not truncated")
		}
		if log.reads != rule.MaxScan+1 {
			t.Errorf("%d events read", log.reads)
		}
	}
}

func TestTruncationOnlyWithinTheTimespan(t *testing.T) {
	log := newLog(t, parse(t, counting+"  type: event_count\n  timespan: 1m\n  condition: {gte: 1}\n"))
	old := made("vault_locked", event.OK)
	old.Time = start
	for range 10 {
		log.events = append(log.events, old)
	}
	same(t, "fires", log.append(time.Hour, made("secret_listed", event.OK)), "often/low [] 1")
	if log.reads != 1 {
		t.Errorf("%d events read, where the first is too old", log.reads)
	}
	same(t, "no match", log.append(time.Hour, made("vault_locked", event.OK)))
}

func TestNothingIsReadWithoutAMatch(t *testing.T) {
	set, err := rule.NewSet(rule.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []event.Event{made("vault_locked", event.OK), made("audit.violation", event.Fail), made("trust_root_added", event.OK)} {
		if v, err := rule.Evaluate(set, e, nil); err != nil || v != nil { // calling back would panic
			t.Errorf("%s: %v, %v", e.Act, v, err)
		}
	}
}

func TestViolationsMatchNothing(t *testing.T) {
	rules := parse(t, "title: All\nlevel: low\nlogsource: {product: kai}\ndetection:\n  s: {n|gte: 0}\n  condition: s\n")
	violation, other := made("audit.violation", event.OK), made("audit.tamper", event.OK)
	if rule.Matches(rules[0], &violation) || !rule.Matches(rules[0], &other) {
		t.Error("a violation matches, or something else does not")
	}
}

func TestGroups(t *testing.T) {
	log := newLog(t, parse(t, counting+"  type: event_count\n  group-by: [src.agent, src.tty, d.ns]\n  timespan: 1m\n  condition: {gte: 1}\n"))
	for _, c := range []struct {
		agent, tty string
		ns         any
		want       string
	}{
		{"a", "", nil, "src.agent=a, src.tty=, d.ns="},
		{"a", "", "", `src.agent=a, src.tty=, d.ns=""`},
		{"a, src.tty=b", "", nil, `src.agent="a, src.tty=b", src.tty=, d.ns=`},
		{"a", "b", "c d", "src.agent=a, src.tty=b, d.ns=c d"},
		{"a\x1b[2J", "é", `"`, `src.agent="a\x1b[2J", src.tty=é, d.ns="\""`},
		{"a", "", []any{"x", int64(1), true}, "src.agent=a, src.tty=, d.ns=[x 1 true]"},
	} {
		e := made("secret_listed", event.OK)
		e.Source.Agent, e.Source.TTY = c.agent, c.tty
		if c.ns != nil {
			e.Details = event.Details{d("ns", c.ns)}
		}
		same(t, c.want, log.append(0, e), "often/low ["+c.want+"] 1")
		same(t, "again "+c.want, log.append(0, e))
	}
	long := made("secret_listed", event.OK)
	long.Source.Agent = strings.Repeat("x", 300)
	got := log.append(0, long)
	if len(got) != 1 || len(got[0]) > 300 {
		t.Errorf("long group: %q", got)
	}
	same(t, "long group again", log.append(0, long))
}

func TestValueCountOfLists(t *testing.T) {
	log := newLog(t, parse(t, counting+"  type: value_count\n  timespan: 1m\n  condition: {gte: 4, field: d.ns}\n"))
	list := func(values ...any) event.Event { return made("secret_listed", event.OK, d("ns", values)) }
	same(t, "three", log.append(0, list("a", "b", "c")))
	same(t, "the same", log.append(0, list("c", "b")))
	same(t, "four", log.append(0, list("d")), "often/low [] 4")
}

// A temporal correlation names the event of each rule, however many others there are.
func TestTemporalNamesBoth(t *testing.T) {
	log := newLog(t, rule.Builtin())
	log.append(0, made("vault_exported", event.OK))
	failed := made("vault_unlock_failed", event.Fail)
	for i := range 60 {
		failed.N, failed.Time = uint64(i+1), start
		log.events = append(log.events, failed)
	}
	log.append(time.Second, failed)
	for _, e := range log.events {
		if e.Details.Text("rule") != "kai-suspicious-export" {
			continue
		}
		numbers := e.Details.Get("events").([]any)
		if len(numbers) != rule.MaxEvents || numbers[0] != int64(0) || numbers[rule.MaxEvents-1] != int64(61) {
			t.Errorf("events %v", numbers)
		}
		if e.Details.Int("count") != 62 || e.Details.Int("window_s") != 600 {
			t.Errorf("details %v", e.Details)
		}
		return
	}
	t.Error("no violation")
}

func TestNewSet(t *testing.T) {
	one := parse(t, "title: A\nid: a\nlevel: low\nlogsource: {product: kai}\ndetection:\n  s: {n: 1}\n  condition: s\n")
	if _, err := rule.NewSet(one, rule.Builtin(), one); err == nil || !strings.Contains(err.Error(), `"a"`) {
		t.Errorf("two of one id: %v", err)
	}
	var many []rule.Rule
	for i := range rule.MaxRules + 1 {
		r := one[0]
		r.ID = fmt.Sprint(i)
		many = append(many, r)
	}
	if _, err := rule.NewSet(many); err == nil {
		t.Error("too many rules accepted")
	}
	if set, err := rule.NewSet(many[1:]); err != nil || len(set.Rules()) != rule.MaxRules {
		t.Errorf("%d rules: %v", len(many)-1, err)
	}
}

// BenchmarkEvaluate is the dearest ordinary case: a rule that looks back over its whole reach.
func BenchmarkEvaluate(b *testing.B) {
	log := newLog(b, rule.Builtin())
	for range rule.MaxScan {
		e := made("vault_unlock_failed", event.Fail)
		e.Time, e.Source.UID = start, 1
		log.events = append(log.events, e)
	}
	latest := made("vault_unlock_failed", event.Fail)
	latest.Time = start
	log.events = append(log.events, latest)
	for b.Loop() {
		if _, err := rule.Evaluate(log.set, latest, log.back); err != nil {
			b.Fatal(err)
		}
	}
}
