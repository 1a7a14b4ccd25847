package browsertest

import (
	"bytes"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kai/internal/audit/event"
	"kai/internal/audit/report"
	"kai/internal/audit/report/page"
)

var (
	now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	all = report.Range{From: now.Add(-30 * 24 * time.Hour), To: now}
)

const logID = "01JGK3F0Q0000000000000000A"

// team is a log of 60 days of a small team: by day more than by night, with failures, denials,
// violations, and names that somebody made up to harm the reader.
type team struct {
	list []event.Event
	seed uint64
}

// random is a number below n; the same in each run.
func (m *team) random(n int) int {
	m.seed = m.seed*6364136223846793005 + 1442695040888963407
	return int(m.seed >> 33 % uint64(n))
}

func (m *team) add(at time.Time, act string, out event.Outcome, agent string, d event.Details) uint64 {
	row, _ := event.Lookup(act)
	n := uint64(len(m.list))
	m.list = append(m.list, event.Event{
		N: n, Time: at.Truncate(time.Microsecond), Severity: row.By[out], Type: row.Type, Act: act, Outcome: out, Details: d,
		Source: event.Source{Agent: agent, UID: 1000 + uint32(m.random(3)), HasUID: true, TTY: "pts/1"},
	})
	return n
}

func (m *team) hour(at time.Time) {
	agents := []string{
		"release-bot", "review-agent", "deploy", "kai1qyz5q0m9x8s7d6f5g4h3j2k1l0p9o8i7u6y5t4r3e2w1q0", "ci-runner-3",
		"evil\u202egnp.exe\x1b[31m", `<script>alert(1)</script>`, "</style>{color:red}", "javascript:alert(1)", "a|b=c,\"d\"\n",
	}
	busy := 2
	if h := at.Hour(); h >= 7 && h < 19 && at.Weekday() != time.Saturday && at.Weekday() != time.Sunday {
		busy = 12
	}
	if at.After(all.To.Add(-5 * 24 * time.Hour)) {
		busy = busy * 3 / 2
	}
	for i := range busy {
		t := at.Add(time.Duration(i) * time.Hour / time.Duration(busy+1))
		who := agents[min(m.random(len(agents)), m.random(len(agents)), m.random(len(agents)))]
		path := event.Member{Name: "path", Value: fmt.Sprintf("h:%021dA", m.random(30))}
		switch k := m.random(100); {
		case k < 4:
			m.add(t, "vault_unlock_failed", event.Fail, who, event.Details{{Name: "error", Value: "credentials"}})
		case k < 6:
			m.add(t, "vault_access_denied", event.Deny, who, event.Details{path, {Name: "wanted", Value: "secret_retrieved"}})
		case k < 9:
			m.add(t, "sandbox_started", event.OK, who, nil)
		case k < 14:
			m.add(t, "signature_verified", event.OK, who, nil)
		case k < 16:
			m.add(t, "role_granted", event.OK, who, nil)
		case k < 17:
			m.add(t, "policy_updated", event.OK, who, nil)
		case k < 30:
			m.add(t, "signature_created", event.OK, who, event.Details{{Name: "key_id", Value: fmt.Sprintf("SHA256:key%d", m.random(5))}})
		case k < 34:
			m.add(t, "trust_established", event.OK, who, nil)
		default:
			n := m.add(t, "secret_retrieved", event.Begin, who, event.Details{path})
			m.add(t, "secret_retrieved", event.OK, who, event.Details{{Name: "ns", Value: "ci"}, path})
			m.list[n+1].Context = event.Context{Cmd: "vault get", Ref: n, HasRef: true, Role: "owner"}
		}
	}
}

func (m *team) violation(at time.Time, pattern, title, group string, severity event.Severity, events ...any) uint64 {
	n := m.add(at, "audit.violation", event.OK, "release-bot", event.Details{
		{Name: "count", Value: int64(len(events))}, {Name: "events", Value: events}, {Name: "group", Value: group},
		{Name: "pattern", Value: pattern}, {Name: "rule", Value: "kai-" + pattern}, {Name: "title", Value: title}, {Name: "window_s", Value: int64(300)},
	})
	m.list[n].Severity = severity
	return n
}

func newTeam() *team {
	m := &team{seed: 7}
	for at := all.Before().From; at.Before(all.To); at = at.Add(time.Hour) {
		m.hour(at)
		if at.Equal(all.To.Add(-9*24*time.Hour)) || at.Equal(all.To.Add(-3*24*time.Hour)) {
			n := uint64(len(m.list))
			for i := range 40 {
				m.add(at.Add(50*time.Minute+time.Duration(i)*time.Second), "vault_unlock_failed", event.Fail, "ci-runner-3", event.Details{{Name: "error", Value: "credentials"}})
			}
			m.violation(at.Add(51*time.Minute), "repeated_failed_authentication", "Five failed authentications in five minutes", "src.uid=1002", event.High,
				int64(n), int64(n+1), int64(n+2), int64(n+3), int64(n+4), int64(n+5), int64(n+6), int64(n+7))
		}
	}
	last := all.To.Add(-50 * time.Minute)
	m.violation(last, "privilege_escalation", "A role was granted by somebody who is not the owner", "src.agent=</style><script>", event.Critical, int64(len(m.list)-3))
	m.violation(last.Add(time.Second), "unauthorized_access_attempt", "", "src.agent=evil\u202egnp.exe", event.Medium, int64(len(m.list)-4))
	m.add(last.Add(2*time.Second), "audit.gap", event.Fail, "", event.Details{{Name: "count", Value: int64(3)}})
	m.add(last.Add(3*time.Second), "sandbox_degraded", event.OK, "review-agent", nil)
	m.add(last.Add(4*time.Second), "vault_unlock_attempt", event.Begin, "new-agent", nil)
	return m
}

func (m *team) events() iter.Seq2[*event.View, error] {
	return func(yield func(*event.View, error) bool) {
		var v event.View
		for i := range m.list {
			m.list[i].N = uint64(i)
			line, err := m.list[i].AppendLine(nil)
			if err == nil {
				err = event.Scan(line, &v)
			}
			if !yield(&v, err) {
				return
			}
		}
	}
}

// pages writes the pages of a busy log, of one that was tampered with, and of an empty one, and
// returns their files by name.
func pages(t *testing.T) map[string]string {
	busy := newTeam()
	size := uint64(len(busy.list))
	n := uint64(1234)
	integrity := report.Integrity{
		Verdict: report.Intact, Scope: "quick", Size: size, Root: "jZENs/Wir77dFpoSGyvXAeH1ELT9nvwlJI+gwD3xmXU=",
		SignedTo: size - 300, CosignedTo: size - 2000, AnchoredTo: size - 2000, NewestCheckpoint: now.Add(-26 * time.Hour),
		NewestAnchor: now.Add(-9 * 24 * time.Hour), NewestVerify: now.Add(-2 * 24 * time.Hour), Epoch: 12, Sealed: true, Auditors: 1,
	}
	tampered := integrity
	tampered.Verdict = report.Tampered
	tampered.Findings = []report.Finding{
		{N: &n, Segment: "seg/000000000000.jsonl", Line: 1235, Check: "mac", Text: "the line is not as it was written"},
		{Check: "tail", Text: "state says 20,000 events, log has 19,990"},
	}
	locked := report.Integrity{Verdict: report.Locked, Scope: "public"}
	files := make(map[string]string)
	for name, o := range map[string]report.Options{
		"busy":     {Integrity: integrity, Environment: report.Environment{OutboxPending: 2, OutboxOldest: now.Add(-3 * time.Hour)}},
		"tampered": {Integrity: tampered, Filters: []report.Filter{{Name: "since", Value: "30d"}, {Name: "agent", Value: "release-*"}}},
		"empty":    {Integrity: locked},
	} {
		events := busy.events()
		if name == "empty" {
			events = (&team{}).events()
		}
		o.LogID, o.Range, o.Now = logID, all, now
		r, err := report.New(o, events)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := page.Write(&b, r); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: page of %d bytes, %d events", name, b.Len(), r.Summary.Events)
		files[name] = filepath.Join(t.TempDir(), name+".html")
		if err := os.WriteFile(files[name], b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return files
}
