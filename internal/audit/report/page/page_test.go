package page_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html"
	"iter"
	"regexp"
	"strings"
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

// hostile are names that must stay names.
var hostile = []string{
	"line\nfeed", `quotes "double" 'single'`, "a|b=c,d", "\x1b[31mred\x1b[0m", "evil\u202egnp.exe", "<script>alert(1)</script>",
	"</style><style>*{display:none}</style>", "javascript:alert(1)", "</title><img src=x onerror=alert(1)>", "zero\u200bwidth", "{{.}}", "&lt;b&gt;",
}

func events(list []event.Event) iter.Seq2[*event.View, error] {
	return func(yield func(*event.View, error) bool) {
		var v event.View
		for i := range list {
			list[i].N = uint64(i)
			line, err := list[i].AppendLine(nil)
			if err == nil {
				err = event.Scan(line, &v)
			}
			if !yield(&v, err) {
				return
			}
		}
	}
}

func write(t *testing.T, o report.Options, list []event.Event) string {
	t.Helper()
	o.LogID, o.Range, o.Now = "01JGK3F0Q0000000000000000A", all, now
	if o.Integrity.Verdict == "" {
		o.Integrity.Verdict = report.Intact
	}
	r, err := report.New(o, events(list))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := page.Write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestEmpty(t *testing.T) {
	got := write(t, report.Options{}, nil)
	for _, want := range []string{"The log is intact", "No violations.", "Nothing to recommend.", "<!DOCTYPE html>"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q", want)
		}
	}
}

// The policy allows the style sheet that is there, and there is nothing that it would forbid.
func TestPolicy(t *testing.T) {
	got := write(t, report.Options{}, nil)
	_, rest, _ := strings.Cut(got, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	policy := regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(got)
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
	if policy == nil || html.UnescapeString(policy[1]) != want {
		t.Errorf("policy %q, want %q", policy, want)
	}
	for _, bad := range []string{"<script", "style=", "src=", "href=", "javascript:", "@import", "http:", "https:", "<link", "<iframe", "ZgotmplZ"} {
		if strings.Contains(got, bad) {
			t.Errorf("%q in the page", bad)
		}
	}
	if handler := regexp.MustCompile(`\son[a-z]+=`).FindString(got); handler != "" {
		t.Errorf("%q in the page", handler)
	}
}

func TestHostileNames(t *testing.T) {
	var list []event.Event
	for i, name := range hostile {
		at := now.Add(-time.Duration(100-i) * time.Hour)
		list = append(list,
			event.Event{Time: at, Severity: event.Low, Type: event.DataAccess, Act: "secret_retrieved", Outcome: event.OK,
				Source: event.Source{Agent: name, TTY: name}, Details: event.Details{{Name: "key_id", Value: name}, {Name: "ns", Value: name}}},
			event.Event{Time: at, Severity: event.High, Type: event.SecurityViolation, Act: "audit.violation", Outcome: event.OK,
				Source: event.Source{Agent: name}, Details: event.Details{{Name: "group", Value: name}, {Name: "pattern", Value: name}, {Name: "title", Value: name}}})
	}
	one := uint64(1)
	got := write(t, report.Options{
		Filters:   []report.Filter{{Name: "agent", Value: "</style><script>1</script>"}},
		Integrity: report.Integrity{Verdict: report.Tampered, Findings: []report.Finding{{N: &one, Check: "<mac>", Text: "<script>"}}},
	}, list)
	for _, bad := range []string{"<script", "<img", "\x1b", "\u202e", "\u200b", "<mac>", "onerror=alert(1)>"} {
		if strings.Contains(got, bad) {
			t.Errorf("%q in the page", bad)
		}
	}
	if strings.Count(got, "<style>") != 1 || strings.Count(got, "</style>") != 1 {
		t.Error("another style sheet")
	}
	for _, name := range hostile {
		if !strings.Contains(html.UnescapeString(got), report.Visible(name)) {
			t.Errorf("%q is not shown", name)
		}
	}
}

// 600 violations give 500 and a count.
func TestManyViolations(t *testing.T) {
	var list []event.Event
	for i := range 600 {
		list = append(list, event.Event{
			Time: now.Add(-time.Duration(600-i) * time.Minute), Severity: event.High, Type: event.SecurityViolation, Act: "audit.violation",
			Outcome: event.OK, Details: event.Details{{Name: "events", Value: []any{int64(1), int64(2), int64(3)}}, {Name: "pattern", Value: "p"}},
		})
	}
	got := write(t, report.Options{}, list)
	if n := strings.Count(got, "<h3>p</h3>"); n != 500 {
		t.Errorf("%d violations shown", n)
	}
	if !strings.Contains(got, "And 100 more violations") {
		t.Error("no count of the others")
	}
	if len(got) > 1<<20 {
		t.Errorf("page of %d bytes", len(got))
	}
}

// The largest page there can be: every list full, every bucket used, ids of agents long.
func TestSize(t *testing.T) {
	var list []event.Event
	span := all.Length() / 40_000
	for i := range 40_000 {
		name := "kai1" + strings.Repeat("q", 50) + string(rune('a'+i%26)) + string(rune('a'+i/26%26))
		e := event.Event{
			Time: all.From.Add(time.Duration(i) * span).Truncate(time.Microsecond), Severity: event.Severities()[i%5], Type: event.Types()[i%8], Act: "secret_retrieved",
			Outcome: event.Outcomes()[i%4], Source: event.Source{Agent: name, UID: uint32(i % 999), HasUID: true, TTY: name},
			Details: event.Details{{Name: "key_id", Value: name}, {Name: "path", Value: "h:" + name}},
		}
		if i%40 == 0 {
			e.Type, e.Act, e.Outcome = event.SecurityViolation, "audit.violation", event.OK
			e.Details = event.Details{
				{Name: "events", Value: []any{int64(i), int64(i + 1), int64(i + 2), int64(i + 3), int64(i + 4), int64(i + 5), int64(i + 6)}},
				{Name: "group", Value: "src.agent=" + name}, {Name: "pattern", Value: strings.Repeat("p", 60)}, {Name: "title", Value: strings.Repeat("t", 250)},
			}
		}
		list = append(list, e)
	}
	got := write(t, report.Options{}, list)
	t.Logf("page of %d bytes", len(got))
	if len(got) > 1<<20 {
		t.Errorf("page of %d bytes", len(got))
	}
}
