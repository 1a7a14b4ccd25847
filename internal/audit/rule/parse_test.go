package rule_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"kai/internal/audit/event"
	"kai/internal/audit/rule"
)

// base is a good rule to which tests add what is wrong.
const base = `title: T
id: t
level: low
logsource: {product: kai}
detection:
  sel:
    action: secret_listed
  condition: sel
`

const correlated = base + `---
title: C
level: low
correlation:
  type: event_count
  rules: [t]
  timespan: 5m
  condition: {gte: 3}
`

func TestSyntaxErrors(t *testing.T) {
	cases := []struct{ file, key, reason string }{
		// Keys of Sigma that are not of the subset.
		{"@status: stable", "status", "unknown key of a rule"},
		{"@name: x", "name", "unknown key"},
		{"@description: x", "description", "unknown key"},
		{"@author: x", "author", "unknown key"},
		{"@date: '2026-01-01'", "date", "unknown key"},
		{"@modified: '2026-01-01'", "modified", "unknown key"},
		{"@references: [x]", "references", "unknown key"},
		{"@tags: [attack.t1003]", "tags", "unknown key"},
		{"@fields: [x]", "fields", "unknown key"},
		{"@falsepositives: [x]", "falsepositives", "unknown key"},
		{"@related: []", "related", "unknown key"},
		{"@license: MIT", "license", "unknown key"},
		{"@scope: []", "scope", "unknown key"},
		{"@taxonomy: kai", "taxonomy", "unknown key"},
		{"@generate: true", "generate", "unknown key"},
		{"@Title: x", "Title", "unknown key"},
		{"product: kai}>product: kai, service: vault}", "service", "unknown key of logsource"},
		{"product: kai}>product: kai, category: x}", "category", "unknown key of logsource"},
		{"product: kai}>product: windows}", "windows", "not the product kai"},
		{"condition: sel>timeframe: 5m\n  condition: sel", "timeframe", "without fields"},
		{"action:>action|base64:", "action|base64", "unknown modifier base64"},
		{"action:>action|base64offset:", "action|base64offset", "unknown modifier"},
		{"action:>action|cidr:", "action|cidr", "unknown modifier"},
		{"action:>action|cased:", "action|cased", "unknown modifier"},
		{"action:>action|windash:", "action|windash", "unknown modifier"},
		{"action:>action|wide:", "action|wide", "unknown modifier"},
		{"action:>action|fieldref:", "action|fieldref", "unknown modifier"},
		{"action:>action|expand:", "action|expand", "unknown modifier"},
		{"action:>action|neq:", "action|neq", "unknown modifier"},
		{"action:>action|re|i:", "action|re|i", "unknown modifier i"},
		{"action:>action|all|contains:", "action|all|contains", "do not go together"},
		{"action:>action|gt|all:", "action|gt|all", "do not go together"},
		{"action:>action|exists|all:", "action|exists|all", "do not go together"},
		{"action:>action|contains|startswith:", "action|contains|startswith", "do not go together"},
		{"action:>action|all|all:", "action|all|all", "do not go together"},
		{"action:>action|:", "action|", "unknown modifier"},

		// Fields and values.
		{"action:>EventID:", "EventID", "unknown field"},
		{"action:>act:", "act", "unknown field"},
		{"action:>src.ip:", "src.ip", "unknown field"},
		{"action:>d.Path:", "d.Path", "unknown field"},
		{"secret_listed>secret_*", "secret_*", "wildcards"},
		{"secret_listed>secret_liste?", "secret_liste?", "wildcards"},
		{"secret_listed>null", "action", "use |exists: false"},
		{"secret_listed>1.5", "action", "quote it"},
		{"secret_listed>2026-01-01", "action", "quote it"},
		{"secret_listed>0x10", "action", "not a decimal integer"},
		{"secret_listed>{a: b}", "action", "not a value"},
		{"secret_listed>[[a]]", "action", "not a value"},
		{"secret_listed>[]", "action", "not a list with elements"},
		{"action: secret_listed>action|gt: five", "action|gt", "not a decimal integer"},
		{"action: secret_listed>n|gt: [1, 2]", "n|gt", "takes one value"},
		{"action: secret_listed>action|exists: maybe", "action|exists", "not true or false"},
		{"action: secret_listed>action|contains: ''", "action|contains", "empty string"},
		{"action: secret_listed>action|re: '(?=x)'", "(?=x)", "not a regular expression of RE2"},
		{"action: secret_listed>action|re: '((a{100}){100})'", "((a{100}){100})", "not a regular expression"},
		{"action: secret_listed>action|re: '(a{1000}b{1000}c{1000}d{1000}e{1000})'", "(a{1000}b{1000}c{1000}d{1000}e{1000})", "too large"},
		{"action: secret_listed>action|re: " + strings.Repeat("x", 257), "action|re", "1 to 256 bytes"},

		// Searches.
		{"action: secret_listed>- keyword", "sel", "without fields"},
		{"    action: secret_listed>    keyword", "sel", "without fields"},
		{"sel:>_sel:", "_sel", "not the name of a search"},
		{"sel:>them:", "them", "not the name of a search"},
		{"  sel:>  other: {n: 1}\n  sel:", "other", "does not use"},
		{"  condition: sel>", "condition", "missing"},
		{"  sel:\n    action: secret_listed\n>", "detection", "no search"},

		// The rule as a whole.
		{"title: T\n>", "title", "missing"},
		{"level: low\n>", "level", "missing"},
		{"logsource: {product: kai}\n>", "logsource", "missing"},
		{"level: low>level: severe", "severe", "unknown level"},
		{"level: low>level: [low]", "level", "not a string"},
		{"title: T>title: ''", "title", "1 to 128 bytes"},
		{"title: T>title: \"a\\eb\"", "title", "cannot be printed"},
		{"title: T>title: " + strings.Repeat("x", 129), "title", "1 to 128 bytes"},
		{"id: t>id: a b", "id", "letters, digits"},
		{"id: t>id: .b", "id", "letters, digits"},
		{"id: t>id: aé", "id", "letters, digits"},
		{"@kai_pattern: Loud", "kai_pattern", "lower-case"},
		{"@kai_pattern: 1loud", "kai_pattern", "lower-case"},
		{"@title: again", "title", "twice in one mapping"},
		{"action: secret_listed>action: a\n    action: b", "action", "twice in one mapping"},
		{"@1: x", "1", "not a name"},
		{"@<<: {a: b}", "<<", "not a name"},
		{"id: t>id: &a t", "&a", "anchors"},
		{"detection:>detection: &d", "&d", "anchors"},
		{"secret_listed>!!binary aGk=", "!!binary", "tags"},
		{"id: t>id: !x t", "!x", "tags"},

		// Correlations.
		{"+generate: true", "generate", "unknown key of correlation"},
		{"+aliases: {}", "aliases", "unknown key of correlation"},
		{"+name: x", "name", "unknown key of correlation"},
		{"gte: 3>gt: 3", "gt", "unknown key of a correlation's condition"},
		{"gte: 3>lte: 3", "lte", "unknown key of a correlation's condition"},
		{"gte: 3>eq: 3", "eq", "unknown key of a correlation's condition"},
		{"gte: 3>gte: 3, field: d.path", "field", "for value_count only"},
		{"gte: 3>gte: 0", "gte", "not from 1 to 200000"},
		{"gte: 3>gte: 200001", "gte", "not from 1 to 200000"},
		{"gte: 3>gte: '3'", "gte", "not a decimal integer"},
		{"type: event_count>type: value_count", "field", "missing"},
		{"type: event_count>type: temporal", "condition", "has none"},
		{"type: event_count>type: temporal_ordered", "temporal_ordered", "unknown type"},
		{"  type: event_count\n>", "type", "missing"},
		{"  rules: [t]\n>", "rules", "missing"},
		{"  timespan: 5m\n>", "timespan", "missing"},
		{"  condition: {gte: 3}\n>", "condition", "missing"},
		{"timespan: 5m>timespan: 8d", "8d", "longer than 7d"},
		{"timespan: 5m>timespan: 169h", "169h", "longer than 7d"},
		{"timespan: 5m>timespan: 0m", "0m", "not a number and"},
		{"timespan: 5m>timespan: 5w", "5w", "not a number and"},
		{"timespan: 5m>timespan: 5", "timespan", "not a string"},
		{"timespan: 5m>timespan: -5m", "-5m", "not a number and"},
		{"rules: [t]>rules: [u]", "u", "no rule of this id"},
		{"rules: [t]>rules: [C]", "C", "cannot be correlated"},
		{"rules: [t]>rules: [t, T]", "T", "twice"},
		{"rules: [t]>rules: [t, t]", "t", "twice"},
		{"rules: [t]>rules: t", "rules", "not a list"},
		{"+group-by: [src.ip]", "src.ip", "unknown field"},
		{"+group-by: src.uid", "group-by", "not a list"},
		{"title: C\nlevel: low>title: C", "level", "missing"},
		{"title: C>title: t", "t", "two rules of this id or title"},
		{"title: C>title: C\ndetection: {s: {n: 1}, condition: s}", "correlation", "not both"},
	}
	for _, c := range cases {
		file := correlated
		if from, to, ok := strings.Cut(c.file, ">"); ok {
			if !strings.Contains(file, from) {
				t.Fatalf("%q is not in the file", from)
			}
			at := strings.LastIndex(file, from)
			if !strings.Contains(from, "type:") && !strings.Contains(from, "condition: {") {
				at = strings.Index(file, from)
			}
			file = file[:at] + to + file[at+len(from):]
		} else if line, ok := strings.CutPrefix(c.file, "@"); ok {
			file = line + "\n" + base
			if strings.HasPrefix(line, "title") {
				file = base + line + "\n"
			}
		} else if line, ok := strings.CutPrefix(c.file, "+"); ok {
			file += "  " + line + "\n"
		}
		if c.key == "level" && c.reason == "missing" && strings.HasPrefix(c.file, "level") {
			file = strings.Replace(base, "level: low\n", "", 1)
		}
		_, err := rule.Parse([]byte(file))
		var syntax *rule.SyntaxError
		if !errors.As(err, &syntax) || !errors.Is(err, rule.ErrMalformed) {
			t.Errorf("%q: %v", c.file, err)
			continue
		}
		if syntax.Key != c.key || !strings.Contains(syntax.Reason, c.reason) {
			t.Errorf("%q: got %v, want %q: …%s…", c.file, err, c.key, c.reason)
		}
		if syntax.Line < 1 || syntax.Offset > len(file) || lineOf(file, syntax.Offset) != syntax.Line {
			t.Errorf("%q: line %d, byte %d is in line %d", c.file, syntax.Line, syntax.Offset, lineOf(file, syntax.Offset))
		}
	}
}

func lineOf(file string, offset int) int { return 1 + strings.Count(file[:offset], "\n") }

func TestWholeFiles(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		want string // "" for good
	}{
		"nothing":        {"", ""},
		"comment":        {"# nothing\n", ""},
		"empty document": {"---\n", "not a mapping"},
		"list":           {"- title: x\n", "not a mapping"},
		"not UTF-8":      {"title: \xff\n", "not UTF-8"},
		"not YAML":       {"title: [\n", "not YAML"},
		"tab":            {"title:\n\t- x\n", "not YAML"},
		"unknown alias":  {"title: *a\n", "not YAML"},
		"alias":          {base + "---\ntitle: &a x\nid: *a\n", "anchors"},
		"too large":      {"#" + strings.Repeat("x", rule.MaxFile), "65537 bytes"},
		"deep":           {strings.Repeat("[", 60_000), "not YAML"},
		"CRLF":           {strings.ReplaceAll(correlated, "\n", "\r\n"), ""},
	} {
		_, err := rule.Parse([]byte(c.file))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && !errors.Is(err, rule.ErrMalformed) {
			t.Errorf("%s: %T", name, err)
		}
	}
	var many strings.Builder
	for i := range rule.MaxRules + 1 {
		fmt.Fprintf(&many, "---\n{title: r%d, level: low, logsource: {product: kai}, detection: {s: {n: 1}, condition: s}}\n", i)
	}
	if _, err := rule.Parse([]byte(many.String())); err == nil || !strings.Contains(err.Error(), "more than 256 rules") {
		t.Errorf("257 rules: %v", err)
	}
}

// The place of an error counts bytes, whatever characters come before.
func TestPlaceAfterOtherCharacters(t *testing.T) {
	file := "title: \"ärger ☃\"\n# \u2028# is two lines of YAML\nlevel: ☃\n"
	_, err := rule.Parse([]byte(file))
	var syntax *rule.SyntaxError
	if !errors.As(err, &syntax) || syntax.Offset != strings.Index(file, "level: ")+len("level: ") {
		t.Errorf("%v", err)
	}
	if strings.ContainsFunc(err.Error(), func(r rune) bool { return r > '~' }) {
		t.Errorf("foreign characters in %q", err)
	}
}

func TestParsed(t *testing.T) {
	rules := parse(t, correlated)
	if r := rules[0]; r.ID != "t" || r.Pattern != "t" || r.Level != event.Low || r.Fires() || r.Timespan() != 0 {
		t.Errorf("%+v", r)
	}
	r := rules[1]
	if r.ID != "C" || !r.Fires() || r.Timespan().String() != "5m0s" || r.Correlation.GTE != 3 || r.Correlation.Rules[0] != "t" {
		t.Errorf("%+v %+v", r, r.Correlation)
	}
	if !bytes.Contains(rule.BuiltinFile(), []byte("kai-trust-violation")) {
		t.Error("no file of the rules of kai itself")
	}
}

func TestTests(t *testing.T) {
	e := made("secret_retrieved", event.OK, d("count", int64(22)), d("kind", "Käse \\*"), d("ns", []any{"prod", "dev"}), d("valid", true))
	e.N, e.Time, e.Context.CI = 7, start, true
	for test, want := range map[string]bool{
		"action: secret_retrieved":            true,
		"action: SECRET_retrieved":            true,
		"action: secret_retrieve":             false,
		"action: [a, secret_retrieved]":       true,
		"action|contains: CRET":               true,
		"action|contains: [x, CRET]":          true,
		"action|contains|all: [x, CRET]":      false,
		"action|contains|all: [secret, trie]": true,
		"action|startswith: sec":              true,
		"action|startswith: ecr":              false,
		"action|endswith: ved":                true,
		"action|endswith: secret":             false,
		"action|re: '^secret_.*d$'":           true,
		"action|re: 'ecret'":                  true,
		"action|re: 'SECRET'":                 false,
		"action|re: '(?i)SECRET'":             true,
		"action|re|all: [a, b]":               false,
		"n: 7":                                true,
		"n: '7'":                              true,
		"n: 8":                                false,
		"n|gt: 6":                             true,
		"n|gt: 7":                             false,
		"n|gte: 7":                            true,
		"n|gte: 8":                            false,
		"n|lt: 8":                             true,
		"n|lt: 7":                             false,
		"n|lte: 7":                            true,
		"n|lte: 6":                            false,
		"action|gt: 0":                        false,
		"d.count: 22":                         true,
		"d.count|startswith: 2":               true,
		"d.valid: true":                       true,
		"d.valid: false":                      false,
		"ctx.ci: true":                        true,
		"d.kind: 'KÄSE \\\\\\*'":              true,
		"d.kind|endswith: '\\*'":              true,
		"d.ns: dev":                           true,
		"d.ns: [x, y]":                        false,
		"d.ns|all: [dev, prod]":               true,
		"d.ns|all: [dev, test]":               false,
		"d.ns|exists: true":                   true,
		"d.path|exists: true":                 false,
		"d.path|exists: false":                true,
		"d.path: ''":                          false,
		"d.path|re: '.*'":                     false,
		"src.uid: 1000":                       true,
		"severity: low":                       true,
		"eventType: data_access":              true,
		"outcome: ok":                         true,
		"timestamp|startswith: 2026-11":       true,
		"{action: secret_retrieved, n: 8}":    false,
		"[{n: 8}, {action: secret_retrieved, n: 7}]": true,
	} {
		if !strings.HasPrefix(test, "{") && !strings.HasPrefix(test, "[") {
			test = "{" + test + "}"
		}
		rules := parse(t, "title: T\nlevel: low\nlogsource: {product: kai}\ndetection:\n  s: "+test+"\n  condition: s\n")
		if got := rule.Matches(rules[0], &e); got != want {
			t.Errorf("%s: %v", test, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(correlated))
	f.Add(rule.BuiltinFile())
	f.Add([]byte("title: &a [*a]\n"))
	f.Add([]byte("? {a: b}\n: c\n"))
	f.Add([]byte("title: x\rid: y\u2028level: low\n"))
	e := made("secret_listed", event.OK, d("ns", []any{"a", int64(1)}))
	f.Fuzz(func(t *testing.T, file []byte) {
		rules, err := rule.Parse(file)
		if err != nil {
			var syntax *rule.SyntaxError
			if !errors.As(err, &syntax) || rules != nil || syntax.Offset > len(file) {
				t.Fatalf("%#v", err)
			}
			return
		}
		if len(rules) > rule.MaxRules || len(file) > rule.MaxFile {
			t.Fatal("over a limit")
		}
		set, err := rule.NewSet(rules)
		if err != nil {
			t.Fatal(err) // one file goes together with itself
		}
		violations, err := rule.Evaluate(set, e, newLog(t).back)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range violations {
			record := v.Event()
			if err := record.Check(); err != nil {
				t.Fatal(err)
			}
			if _, err := record.AppendLine(nil); err != nil {
				t.Fatal(err)
			}
		}
	})
}
