package report

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// BuiltIn are the patterns that kai looks for without any rule file.
func BuiltIn() []string {
	return []string{
		"repeated_failed_authentication", "unauthorized_access_attempt", "privilege_escalation", "suspicious_data_access", "trust_violation",
	}
}

type (
	junitSuite struct {
		name  string
		cases []junitCase
	}
	junitCase struct {
		name    string
		skipped string // why; "" when it was not
		failure *junitFailure
	}
	junitFailure struct {
		kind, message, text string
	}
)

// WriteJUnit writes the report as results of tests: the suites integrity, with a test for each
// check; patterns, with one for each pattern; and freshness.
func (r *Report) WriteJUnit(w io.Writer) error {
	x := xmlWriter{bufio.NewWriter(w)}
	suites := []junitSuite{r.integritySuite(), r.patternSuite(), r.freshnessSuite()}
	tests, failures := 0, 0
	for _, s := range suites {
		failed, _ := s.counts()
		tests, failures = tests+len(s.cases), failures+failed
	}
	fmt.Fprintln(x.w, `<?xml version="1.0" encoding="UTF-8"?>`)
	x.open("testsuites", "name", "kai audit report", "tests", strconv.Itoa(tests), "failures", strconv.Itoa(failures), "errors", "0", "time", "0")
	for _, s := range suites {
		x.suite(s, r.Created)
	}
	x.end("testsuites")
	return x.w.Flush()
}

func (s *junitSuite) counts() (failed, skipped int) {
	for _, c := range s.cases {
		if c.failure != nil {
			failed++
		} else if c.skipped != "" {
			skipped++
		}
	}
	return failed, skipped
}

func (x xmlWriter) suite(s junitSuite, made time.Time) {
	failed, skipped := s.counts()
	x.open("testsuite", "name", s.name, "tests", strconv.Itoa(len(s.cases)), "failures", strconv.Itoa(failed), "errors", "0",
		"skipped", strconv.Itoa(skipped), "time", "0", "timestamp", made.Format("2006-01-02T15:04:05"), "hostname", "localhost")
	for _, c := range s.cases {
		x.open("testcase", "name", c.name, "classname", "kai.audit."+s.name, "time", "0")
		switch f := c.failure; {
		case f != nil:
			x.open("failure", "message", f.message, "type", f.kind)
			x.text(f.text)
			x.end("failure")
		case c.skipped != "":
			x.open("skipped", "message", c.skipped)
			x.end("skipped")
		}
		x.end("testcase")
	}
	x.end("testsuite")
}

// xmlWriter writes elements. It is here because encoding/xml fills tables at every start of every
// command. bufio.Writer keeps the first error.
type xmlWriter struct{ w *bufio.Writer }

// open begins an element; attributes are names and values.
func (x xmlWriter) open(name string, attributes ...string) {
	fmt.Fprint(x.w, "<", name)
	for i := 0; i < len(attributes); i += 2 {
		fmt.Fprintf(x.w, ` %s="%s"`, attributes[i], html.EscapeString(Visible(attributes[i+1])))
	}
	fmt.Fprintln(x.w, ">")
}

// text writes lines that are visible already. Visible leaves only characters that XML has, and
// what html escapes are references that XML has.
func (x xmlWriter) text(s string) { fmt.Fprintln(x.w, html.EscapeString(s)) }

func (x xmlWriter) end(name string) { fmt.Fprintf(x.w, "</%s>\n", name) }

func failure(kind string, lines []string) *junitFailure {
	if len(lines) == 0 {
		return nil
	}
	for i, line := range lines {
		lines[i] = Visible(line)
	}
	return &junitFailure{kind, lines[0], strings.Join(lines, "\n")}
}

func (r *Report) integritySuite() junitSuite {
	s := junitSuite{name: "integrity"}
	names := slices.Clone(checks[:])
	found := make(map[string][]string)
	for _, f := range r.Integrity.Findings {
		if !slices.Contains(names, f.Check) {
			names = append(names, f.Check)
		}
		found[f.Check] = append(found[f.Check], strings.TrimPrefix(f.place()+": "+f.Text, ": "))
	}
	for _, name := range names {
		c := junitCase{name: name, failure: failure("finding", found[name])}
		if name == "mac" && r.Integrity.Verdict == Locked && c.failure == nil {
			c.skipped = "needs the owner's or an auditor's key"
		}
		s.cases = append(s.cases, c)
	}
	verdict := junitCase{name: "verdict"}
	if r.Integrity.Verdict == Tampered {
		verdict.failure = failure("tampered", []string{r.Integrity.Headline()})
	} else if r.Integrity.Verdict != Intact {
		verdict.skipped = r.Integrity.Headline()
	}
	s.cases = append(s.cases, verdict)
	return s
}

func (r *Report) patternSuite() junitSuite {
	s := junitSuite{name: "patterns"}
	names := BuiltIn()
	open := make(map[string][]string)
	for _, v := range r.Violations {
		if !slices.Contains(names, v.Pattern) {
			names = append(names, v.Pattern)
		}
		if v.State == Open && len(open[v.Pattern]) < maxTop {
			open[v.Pattern] = append(open[v.Pattern], fmt.Sprintf("%s %s %s, %s in %d s: %s",
				v.Last.Format(time.RFC3339), v.Severity, v.Group, times(v.Count), v.WindowS, v.ID))
		}
	}
	for _, name := range names {
		s.cases = append(s.cases, junitCase{name: name, failure: failure("violation", open[name])})
	}
	return s
}

// freshness are the recommendations that say that something was not done for too long.
var freshness = [...]struct{ id, name string }{
	{"R2", "checkpoint"}, {"R3", "anchor"}, {"R4", "verify"}, {"R11", "outbox"},
}

func (r *Report) freshnessSuite() junitSuite {
	s := junitSuite{name: "freshness"}
	for _, f := range freshness {
		c := junitCase{name: f.name}
		for _, rec := range r.Recommendations {
			if rec.ID == f.id {
				c.failure = failure("stale", []string{rec.Text, rec.Command})
			}
		}
		s.cases = append(s.cases, c)
	}
	return s
}
