package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"kai/internal/audit/event"
	"kai/internal/audit/report"
	"kai/internal/vectortest"
)

// hostile are names that must stay names, in every form.
var hostile = []string{
	"line\nfeed", "tab\there", `"double" 'single'`, "a|b", "k=v", "one, two", "\x1b[31mred\x1b[0m\x07", "evil\u202egnp.exe",
	"<script>alert(1)</script>", "</style>", "javascript:alert(1)", "]]>", "&amp;", "zero\u200bwidth", "\u0085\u2028", `back\slash`, "{0}", "😀 \U000e0041",
}

// hostileLog is a log whose agents, terminals, patterns, groups and key ids are hostile names.
func hostileLog(t testing.TB) *testLog {
	l := newLog(t)
	for i, name := range hostile {
		at := ago(time.Duration(100-i) * time.Hour)
		terminal := func(e *event.Event) { e.Source.TTY = name }
		l.add(at, "key_retrieved", event.OK, event.Details{{Name: "key_id", Value: name}, {Name: "ns", Value: name}}, agent(name), terminal)
		l.add(at, "audit.violation", event.OK, event.Details{{Name: "group", Value: name}, {Name: "pattern", Value: name}, {Name: "title", Value: name}}, agent(name))
		for range 3 {
			l.add(at, "policy_decision", event.Deny, event.Details{{Name: "what", Value: name}}, agent(name))
		}
	}
	return l
}

func hostileReport(t testing.TB) *report.Report {
	n := uint64(65_536 + 41)
	return hostileLog(t).report(func(o *report.Options) {
		o.Filters = []report.Filter{{Name: "agent", Value: hostile[0] + hostile[8]}}
		o.Integrity.Verdict = report.Tampered
		o.Integrity.Findings = []report.Finding{
			{N: &n, Segment: "seg/000000065536.jsonl", Line: 42, Check: "mac", Text: "line 65577: " + hostile[6]},
			{Segment: "checkpoints/\"a b\n.note", Check: "checkpoint", Text: hostile[8]},
			{Check: "tail", Text: "state says 9 events, log has 8"},
		}
	})
}

// JSON gives every name back as it was, and has none that a terminal would act on.
func TestHostileJSON(t *testing.T) {
	r := hostileReport(t)
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	checkVisible(t, b.String(), 1)
	var back report.Report
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	names := func(counts []report.Count) (list []string) {
		for _, c := range counts {
			list = append(list, c.Name)
		}
		return list
	}
	var groups, targets []string
	for _, v := range back.Violations {
		groups = append(groups, v.Group)
		if v.Pattern != v.Group || v.Title != v.Group {
			t.Errorf("%+v", v)
		}
	}
	for _, rec := range back.Recommendations {
		if rec.ID == "R9" {
			targets = append(targets, rec.Text)
		}
	}
	for _, name := range hostile {
		for where, list := range map[string][]string{"agents": names(back.Summary.Agents.Top), "keys": names(back.Summary.Keys.Top), "groups": groups} {
			if !slices.Contains(list, name) {
				t.Errorf("%q is not among the %s", name, where)
			}
		}
	}
	if len(targets) != 5 || !strings.Contains(targets[4], fmt.Sprintf("(and %d more like this)", len(hostile)-5)) {
		t.Errorf("%q", targets)
	}
	if back.Filters[0] != r.Filters[0] {
		t.Errorf("filters %q", back.Filters)
	}
}

func TestHostileText(t *testing.T) {
	var b bytes.Buffer
	if err := hostileReport(t).WriteText(&b); err != nil {
		t.Fatal(err)
	}
	checkVisible(t, b.String(), -1)
	for _, name := range hostile {
		if !strings.Contains(b.String(), report.Visible(name)) {
			t.Errorf("%q is not shown", name)
		}
	}
	for _, command := range hostileReport(t).Recommendations {
		if strings.ContainsFunc(command.Command, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("command %q", command.Command)
		}
	}
}

// checkVisible refuses what cannot be seen, and another number of lines.
func checkVisible(t *testing.T, s string, lines int) {
	t.Helper()
	for i, r := range s {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("%U at %d, in %q", r, i, s[max(0, i-30):min(len(s), i+30)])
		}
	}
	if n := strings.Count(s, "\n"); lines >= 0 && n != lines {
		t.Errorf("%d lines, want %d", n, lines)
	}
}

func TestSARIF(t *testing.T) {
	l := cleanLog(t)
	violation(l, ago(2*time.Hour), "high_one", "src.uid=1000", 2, 3)
	l.add(ago(time.Hour), "audit.violation", event.OK, event.Details{{Name: "pattern", Value: "medium_one"}}, level(event.Medium))
	l.add(ago(time.Hour), "audit.violation", event.OK, event.Details{{Name: "pattern", Value: "low_one"}}, level(event.Low))
	acknowledged := l.add(ago(time.Hour), "audit.violation", event.OK, event.Details{{Name: "pattern", Value: "critical_one"}}, level(event.Critical))
	n := uint64(3*65_536 + 41)
	r := l.report(func(o *report.Options) {
		o.Integrity.Verdict = report.Tampered
		o.Integrity.Acknowledged = []uint64{acknowledged}
		o.Integrity.Findings = []report.Finding{{N: &n, Check: "mac", Text: "line 196649"}, {Check: "tail", Text: "cut"}}
	})
	var b bytes.Buffer
	if err := r.WriteSARIF(&b, "1.2.3"); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Runs []struct {
			Results []struct {
				RuleID, Level string
				Suppressions  []any
				Locations     []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, result := range doc.Runs[0].Results {
		at := result.Locations[0].PhysicalLocation
		got = append(got, fmt.Sprint(result.RuleID, " ", result.Level, " ", at.ArtifactLocation.URI, ":", at.Region.StartLine, " ", len(result.Suppressions)))
	}
	want := []string{
		"mac error seg/000000196608.jsonl:42 0", "tail error log.json:1 0", "high_one error seg/000000000000.jsonl:8 0",
		"medium_one warning seg/000000000000.jsonl:9 0", "low_one note seg/000000000000.jsonl:10 0", "critical_one error seg/000000000000.jsonl:11 1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("results %q", got)
	}
}

// The validator of SARIF's authors finds nothing wrong, and warns of nothing but one.
func TestSARIFMultitool(t *testing.T) {
	tool := nodeTool(t, "@microsoft/sarif-multitool", "sarif-multitool")
	for name, r := range map[string]*report.Report{"hostile": hostileReport(t), "clean": cleanLog(t).report()} {
		dir := t.TempDir()
		var b bytes.Buffer
		if err := r.WriteSARIF(&b, "v1.2.3"); err != nil {
			t.Fatal(err)
		}
		checkVisible(t, b.String(), -1)
		file := filepath.Join(dir, "report.sarif")
		if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(tool, "validate", file, "--output", filepath.Join(dir, "out.sarif"), "--log", "ForceOverwrite")
		cmd.Env = append(os.Environ(), "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1")
		out, err := cmd.CombinedOutput()
		if err != nil || !bytes.Contains(out, []byte("completed successfully")) {
			t.Errorf("%s: sarif-multitool: %v\n%s", name, err, out)
		}
		for _, complaint := range regexp.MustCompile(`(?m): (?:error|warning) (\w+):.*$`).FindAllSubmatch(out, -1) {
			if string(complaint[1]) != "SARIF2005" { // it misses the address of a page about kai
				t.Errorf("%s: sarif-multitool:%s", name, complaint[0])
			}
		}
	}
}

// nodeTool finds a program of an npm package.
func nodeTool(t *testing.T, pkg, program string) string {
	t.Helper()
	dir := os.Getenv("KAI_NODE_MODULES")
	if dir == "" {
		out, err := exec.Command("npm", "root", "-g").Output()
		if err != nil {
			vectortest.Missing(t, "no npm to look for "+pkg+" with, and no KAI_NODE_MODULES: "+err.Error())
		}
		dir = strings.TrimSpace(string(out))
	}
	path := filepath.Join(dir, ".bin", program)
	if _, err := os.Stat(path); err != nil {
		path = filepath.Join(dir, "..", "..", "bin", program) // of npm install -g
	}
	if _, err := os.Stat(path); err != nil {
		vectortest.Missing(t, "no "+pkg+": "+err.Error())
	}
	return path
}

func TestJUnit(t *testing.T) {
	var b bytes.Buffer
	if err := hostileReport(t).WriteJUnit(&b); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Failures int `xml:"failures,attr"`
		Suites   []struct {
			Name     string `xml:"name,attr"`
			Failures int    `xml:"failures,attr"`
			Cases    []struct {
				Name string `xml:"name,attr"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range doc.Suites {
		got = append(got, fmt.Sprint(s.Name, " ", len(s.Cases), " ", s.Failures))
	}
	want := []string{"integrity 14 4", fmt.Sprint("patterns ", 5+len(hostile), " ", len(hostile)), "freshness 4 0"}
	if !slices.Equal(got, want) || doc.Failures != 4+len(hostile) {
		t.Errorf("suites %q, %d failures", got, doc.Failures)
	}
	for i, name := range hostile {
		if !slices.ContainsFunc(doc.Suites[1].Cases, func(c struct {
			Name string `xml:"name,attr"`
		}) bool {
			return c.Name == report.Visible(name)
		}) {
			t.Errorf("%d: no test of pattern %q", i, name)
		}
	}
}

func TestJUnitSchema(t *testing.T) {
	lint := vectortest.Peer(t, "xmllint")
	stale := cleanLog(t).report(func(o *report.Options) {
		o.Integrity.Verdict = report.Locked
		o.Integrity.NewestVerify = time.Time{}
		o.Environment.OutboxOldest = ago(2 * time.Hour)
	})
	for name, r := range map[string]*report.Report{"hostile": hostileReport(t), "clean": cleanLog(t).report(), "stale": stale} {
		file := filepath.Join(t.TempDir(), "report.xml")
		var b bytes.Buffer
		if err := r.WriteJUnit(&b); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(lint, "--noout", "--schema", "testdata/junit.xsd", file).CombinedOutput(); err != nil {
			t.Errorf("%s: xmllint: %v\n%s", name, err, out)
		}
	}
}

// FuzzVisible: what comes out can be seen, and what could be seen comes out as it was.
func FuzzVisible(f *testing.F) {
	for _, name := range hostile {
		f.Add(name)
	}
	f.Add("\xff\xfe")
	f.Fuzz(func(t *testing.T, s string) {
		got := report.Visible(s)
		checkVisible(t, got, 0)
		if report.Visible(got) != got {
			t.Errorf("%q is shown as %q and then differently", s, got)
		}
	})
}
