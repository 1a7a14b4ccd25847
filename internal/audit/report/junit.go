package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// BuiltIn are the patterns that kai looks for without any rule file.
func BuiltIn() []string {
	return []string{
		"repeated_failed_authentication", "unauthorized_access_attempt", "privilege_escalation", "suspicious_data_access", "trust_violation",
	}
}

// The parts of JUnit's XML that a report uses, in the order that its schema wants.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name      string      `xml:"name,attr"`
		Tests     int         `xml:"tests,attr"`
		Failures  int         `xml:"failures,attr"`
		Errors    int         `xml:"errors,attr"`
		Skipped   int         `xml:"skipped,attr"`
		Time      string      `xml:"time,attr"`
		Timestamp string      `xml:"timestamp,attr"`
		Hostname  string      `xml:"hostname,attr"`
		Cases     []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Time    string        `xml:"time,attr"`
		Skipped *junitSkipped `xml:"skipped"`
		Failure *junitFailure `xml:"failure"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes the report as results of tests: the suites integrity, with a test for each
// check; patterns, with one for each pattern; and freshness.
func (r *Report) WriteJUnit(w io.Writer) error {
	all := junitSuites{Name: "kai audit report", Time: "0", Suites: []junitSuite{r.integritySuite(), r.patternSuite(), r.freshnessSuite()}}
	for i := range all.Suites {
		s := &all.Suites[i]
		s.Tests, s.Time, s.Timestamp, s.Hostname = len(s.Cases), "0", r.Created.Format("2006-01-02T15:04:05"), "localhost"
		for k := range s.Cases {
			c := &s.Cases[k]
			c.Class, c.Time = "kai.audit."+s.Name, "0"
			if c.Failure != nil {
				s.Failures++
			}
			if c.Skipped != nil {
				s.Skipped++
			}
		}
		all.Tests += s.Tests
		all.Failures += s.Failures
	}
	data, err := xml.MarshalIndent(all, "", " ")
	if err != nil {
		return fmt.Errorf("report as JUnit: %w", err)
	}
	_, err = w.Write(append(append([]byte(xml.Header), data...), '\n'))
	return err
}

func failure(kind string, lines []string) *junitFailure {
	if len(lines) == 0 {
		return nil
	}
	for i, line := range lines {
		lines[i] = Visible(line)
	}
	return &junitFailure{Message: lines[0], Type: kind, Text: strings.Join(lines, "\n")}
}

func (r *Report) integritySuite() junitSuite {
	s := junitSuite{Name: "integrity"}
	names := slices.Clone(checks[:])
	found := make(map[string][]string)
	for _, f := range r.Integrity.Findings {
		if !slices.Contains(names, f.Check) {
			names = append(names, f.Check)
		}
		found[f.Check] = append(found[f.Check], strings.TrimPrefix(f.place()+": "+f.Text, ": "))
	}
	for _, name := range names {
		c := junitCase{Name: Visible(name), Failure: failure("finding", found[name])}
		if name == "mac" && r.Integrity.Verdict == Locked && c.Failure == nil {
			c.Skipped = &junitSkipped{"needs the owner's or an auditor's key"}
		}
		s.Cases = append(s.Cases, c)
	}
	verdict := junitCase{Name: "verdict"}
	if r.Integrity.Verdict == Tampered {
		verdict.Failure = failure("tampered", []string{r.Integrity.Headline()})
	} else if r.Integrity.Verdict != Intact {
		verdict.Skipped = &junitSkipped{r.Integrity.Headline()}
	}
	s.Cases = append(s.Cases, verdict)
	return s
}

func (r *Report) patternSuite() junitSuite {
	s := junitSuite{Name: "patterns"}
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
		s.Cases = append(s.Cases, junitCase{Name: Visible(name), Failure: failure("violation", open[name])})
	}
	return s
}

// freshness are the recommendations that say that something was not done for too long.
var freshness = [...]struct{ id, name string }{
	{"R2", "checkpoint"}, {"R3", "anchor"}, {"R4", "verify"}, {"R11", "outbox"},
}

func (r *Report) freshnessSuite() junitSuite {
	s := junitSuite{Name: "freshness"}
	for _, f := range freshness {
		c := junitCase{Name: f.name}
		for _, rec := range r.Recommendations {
			if rec.ID == f.id {
				c.Failure = failure("stale", []string{rec.Text, rec.Command})
			}
		}
		s.Cases = append(s.Cases, c)
	}
	return s
}
