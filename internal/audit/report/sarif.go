package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"kai/internal/audit/event"
)

const (
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	sarifBase   = "AUDIT" // the directory of the log
)

// The parts of SARIF 2.1.0 that a report uses.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool               sarifTool               `json:"tool"`
		OriginalURIBaseIDs map[string]sarifBaseDir `json:"originalUriBaseIds"`
		AutomationDetails  sarifAutomation         `json:"automationDetails"`
		Results            []sarifResult           `json:"results"`
		ColumnKind         string                  `json:"columnKind"`
	}
	sarifBaseDir struct {
		Description sarifText `json:"description"`
	}
	sarifAutomation struct {
		ID string `json:"id"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name            string      `json:"name"`
		FullName        string      `json:"fullName"`
		SemanticVersion string      `json:"semanticVersion"`
		Rules           []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string               `json:"id"`
		Name             string               `json:"name,omitempty"`
		ShortDescription sarifText            `json:"shortDescription"`
		FullDescription  sarifText            `json:"fullDescription"`
		Help             sarifText            `json:"help"`
		MessageStrings   map[string]sarifText `json:"messageStrings"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifMessage struct {
		ID        string   `json:"id"`
		Arguments []string `json:"arguments"`
		Text      string   `json:"text"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifMessage       `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Fingerprints map[string]string  `json:"partialFingerprints,omitempty"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Status        string `json:"status"`
		Justification string `json:"justification"`
	}
	sarifLocation struct {
		PhysicalLocation sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		ArtifactLocation sarifArtifact `json:"artifactLocation"`
		Region           sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI       string `json:"uri"`
		URIBaseID string `json:"uriBaseId"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
)

// sarifWriter numbers the rules.
type sarifWriter struct {
	run   sarifRun
	rules map[string]int
}

// WriteSARIF writes the findings about the log and the violations as SARIF 2.1.0. A rule is a
// check or a pattern; places are lines of segment files below the log's directory. version is
// that of kai.
func (r *Report) WriteSARIF(w io.Writer, version string) error {
	s := sarifWriter{rules: make(map[string]int), run: sarifRun{
		Tool: sarifTool{sarifDriver{
			Name: "kai", FullName: "kai audit report", SemanticVersion: semantic(version), Rules: []sarifRule{},
		}},
		OriginalURIBaseIDs: map[string]sarifBaseDir{sarifBase: {sarifText{"The directory of the log, audit in kai's home."}}},
		AutomationDetails:  sarifAutomation{"kai-audit/" + r.LogID + "/"},
		Results:            []sarifResult{},
		ColumnKind:         "unicodeCodePoints",
	}}
	for i := range r.Integrity.Findings {
		s.finding(&r.Integrity.Findings[i])
	}
	for i := range r.Violations {
		s.violation(&r.Violations[i])
	}
	data, err := json.MarshalIndent(sarifLog{sarifSchema, "2.1.0", []sarifRun{s.run}}, "", " ")
	if err != nil {
		return fmt.Errorf("report as SARIF: %w", err)
	}
	_, err = w.Write(append(escapeHidden(data), '\n'))
	return err
}

// semantic leaves out what is not a semantic version.
func semantic(version string) string {
	version = strings.TrimPrefix(version, "v")
	if strings.Count(strings.SplitN(version, "-", 2)[0], ".") != 2 {
		return "0.0.0"
	}
	return version
}

func (s *sarifWriter) finding(f *Finding) {
	at := sarifPhysical{sarifArtifact{"log.json", sarifBase}, sarifRegion{1}}
	switch {
	case f.N != nil:
		at = sarifEvent(*f.N)
	case f.Segment != "":
		at.ArtifactLocation.URI = sarifPath(f.Segment)
		if f.Line > 0 {
			at.Region.StartLine = f.Line
		}
	}
	s.add("integrity/"+f.Check, "Integrity "+f.Check, "The log failed a check of its integrity.", "error", at, f.Check+": "+f.Text, nil, "")
}

func (s *sarifWriter) violation(v *Violation) {
	level := "note"
	switch v.severity {
	case event.Critical, event.High:
		level = "error"
	case event.Medium:
		level = "warning"
	}
	text := fmt.Sprintf("%s, %s in %d s", v.Pattern, times(v.Count), v.WindowS)
	if v.Group != "" {
		text += " by " + v.Group
	}
	var suppressions []sarifSuppression
	if v.State == Acknowledged {
		suppressions = []sarifSuppression{{"external", "accepted", "acknowledged in the log"}}
	}
	s.add(v.Pattern, v.Pattern, "Events of the log violate a pattern.", level, sarifEvent(v.N), text, suppressions, v.ID)
}

func (s *sarifWriter) add(rule, name, description, level string, at sarifPhysical, text string, suppressions []sarifSuppression, id string) {
	rule = strings.TrimPrefix(Visible(rule), "integrity/")
	index, known := s.rules[rule]
	if !known {
		index = len(s.rules)
		s.rules[rule] = index
		driver := &s.run.Tool.Driver
		driver.Rules = append(driver.Rules, sarifRule{
			ID: rule, Name: pascal(name), ShortDescription: sarifText{Visible(name) + "."}, FullDescription: sarifText{description},
			Help:           sarifText{"See kai-audit(1)."},
			MessageStrings: map[string]sarifText{"default": {"{0}."}},
		})
	}
	text = Visible(text)
	result := sarifResult{
		RuleID: rule, RuleIndex: index, Level: level, Message: sarifMessage{"default", []string{text}, text + "."},
		Locations: []sarifLocation{{at}}, Suppressions: suppressions,
	}
	if id != "" {
		result.Fingerprints = map[string]string{"event/v1": id}
	}
	s.run.Results = append(s.run.Results, result)
}

// pascal writes a name as SARIF viewers expect those of rules: RepeatedFailedAuthentication.
func pascal(name string) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	}) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// sarifEvent is the place of an event.
func sarifEvent(n uint64) sarifPhysical {
	return sarifPhysical{
		ArtifactLocation: sarifArtifact{fmt.Sprintf("seg/%012d.jsonl", n-n%segmentEvents), sarifBase},
		Region:           sarifRegion{int(n%segmentEvents) + 1},
	}
}

// sarifPath makes a path fit for a URI.
func sarifPath(path string) string {
	var b strings.Builder
	for _, c := range []byte(path) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("/._-", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
