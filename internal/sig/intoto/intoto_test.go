package intoto_test

import (
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"

	"kai/internal/sig"
	"kai/internal/sig/intoto"
)

var hello = sha256.Sum256([]byte("hello\n"))

// The digest is what sha256sum prints for a file of "hello".
const helloHex = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"

func TestStatement(t *testing.T) {
	s := &intoto.Statement{
		Subjects:      []intoto.Subject{intoto.FileSubject("dist/hello", hello[:])},
		PredicateType: "https://example.com/reviewed/v1",
		Predicate:     []byte(`{ "z": 1.50, "by": "caf\u00e9", "a": null }`),
	}
	data, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"_type":"https://in-toto.io/Statement/v1","predicate":{"a":null,"by":"café","z":1.5},"predicateType":"https://example.com/reviewed/v1","subject":[{"digest":{"sha256":"` + helloHex + `"},"name":"dist/hello"}]}`
	if string(data) != want {
		t.Errorf("%s\nwant %s", data, want)
	}
	again, err := intoto.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if !again.Covers(hello[:]) || again.PredicateType != s.PredicateType || string(again.Predicate) != `{"a":null,"by":"café","z":1.5}` {
		t.Errorf("%+v", again)
	}
	other := sha256.Sum256(nil)
	if again.Covers(other[:]) {
		t.Error("covers any file")
	}
}

func TestCovers(t *testing.T) {
	upper := &intoto.Statement{Subjects: []intoto.Subject{{Name: "another name", Digest: map[string]string{"sha256": strings.ToUpper(helloHex)}}}}
	if !upper.Covers(hello[:]) {
		t.Error("upper case hex is another digest")
	}
	sha1 := &intoto.Statement{Subjects: []intoto.Subject{{Name: "hello", Digest: map[string]string{"sha1": helloHex}}}}
	if sha1.Covers(hello[:]) || sha1.Covers(nil) {
		t.Error("a digest of another algorithm covers the file")
	}
}

func TestParseRefusals(t *testing.T) {
	const ok = `{"_type":"https://in-toto.io/Statement/v1","predicateType":"a","predicate":{},"subject":[{"digest":{"sha256":"00"}}]}`
	for _, accepted := range []string{ok, strings.Replace(ok, "/v1", "/v0.1", 1), strings.Replace(ok, `"predicate":{},`, ``, 1), strings.Replace(ok, `{`, `{"extension":{},`, 1)} {
		if _, err := intoto.Parse([]byte(accepted)); err != nil {
			t.Errorf("%s: %v", accepted, err)
		}
	}
	for _, c := range [][2]string{
		{ok, ``}, {ok, `[]`}, {ok, `null`},
		{`/v1`, `/v2`}, {`"_type"`, `"type"`}, {`"_type"`, `"_TYPE"`}, {`"https://in-toto.io/Statement/v1"`, `1`},
		{`"predicateType":"a",`, ``}, {`"predicateType":"a"`, `"predicateType":""`}, {`"predicate":{}`, `"predicate":[]`}, {`"predicate":{}`, `"predicate":null`},
		{`[{"digest":{"sha256":"00"}}]`, `[]`}, {`[{"digest":{"sha256":"00"}}]`, `{}`}, {`{"sha256":"00"}`, `{}`}, {`{"sha256":"00"}`, `{"sha256":0}`},
		{`{"digest":{"sha256":"00"}}`, `{"name":"a"}`}, {`{"digest"`, `{"name":1,"digest"`}, {`{"sha256":"00"}`, `{"sha256":"00","sha256":"11"}`},
		{`{}`, `{"n":9007199254740993}`}, {`{}`, `{"n":1,"n":2}`}, {`"a"`, "\"a\xff\""},
	} {
		data := strings.Replace(ok, c[0], c[1], 1)
		if data == ok {
			t.Fatalf("%s does not occur", c[0])
		}
		if _, err := intoto.Parse([]byte(data)); !errors.Is(err, sig.ErrMalformed) {
			t.Errorf("%s: %v", data, err)
		}
	}
}

func TestMarshalRefusals(t *testing.T) {
	good := func() *intoto.Statement {
		return &intoto.Statement{
			Subjects:      []intoto.Subject{intoto.FileSubject("a", hello[:])},
			PredicateType: "https://example.com/x", Predicate: []byte(`{}`),
		}
	}
	if _, err := good().Marshal(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*intoto.Statement){
		"no subject":             func(s *intoto.Statement) { s.Subjects = nil },
		"one name twice":         func(s *intoto.Statement) { s.Subjects = append(s.Subjects, s.Subjects[0]) },
		"no digest":              func(s *intoto.Statement) { s.Subjects[0].Digest = nil },
		"short digest":           func(s *intoto.Statement) { s.Subjects[0].Digest["sha256"] = helloHex[1:] },
		"upper case":             func(s *intoto.Statement) { s.Subjects[0].Digest["sha256"] = strings.ToUpper(helloHex) },
		"not hex":                func(s *intoto.Statement) { s.Subjects[0].Digest["sha256"] = strings.Repeat("g", 64) },
		"unknown algorithm":      func(s *intoto.Statement) { s.Subjects[0].Digest["md5"] = "00" },
		"long name":              func(s *intoto.Statement) { s.Subjects[0].Name = strings.Repeat("a", 4097) },
		"name is not UTF-8":      func(s *intoto.Statement) { s.Subjects[0].Name = "a\xff" },
		"type is not UTF-8":      func(s *intoto.Statement) { s.PredicateType = "urn:a\xff" },
		"predicate is not UTF-8": func(s *intoto.Statement) { s.Predicate = []byte("{\"a\":\"\xff\"}") },
		"type is no URI":         func(s *intoto.Statement) { s.PredicateType = "slsa" },
		"no type":                func(s *intoto.Statement) { s.PredicateType = "" },
		"predicate is a list":    func(s *intoto.Statement) { s.Predicate = []byte(`[]`) },
		"predicate is no JSON":   func(s *intoto.Statement) { s.Predicate = []byte(`x`) },
		"member twice":           func(s *intoto.Statement) { s.Predicate = []byte(`{"a":1,"a":2}`) },
		"rounded integer":        func(s *intoto.Statement) { s.Predicate = []byte(`{"a":9007199254740993}`) },
		"test without result": func(s *intoto.Statement) {
			s.PredicateType, s.Predicate = intoto.TestResult, []byte(`{"configuration":[]}`)
		},
		"test with another result": func(s *intoto.Statement) {
			s.PredicateType, s.Predicate = intoto.TestResult, []byte(`{"configuration":[],"result":"passed"}`)
		},
		"summary without a verifier": func(s *intoto.Statement) {
			s.PredicateType, s.Predicate = intoto.VSA, []byte(`{"verifier":"x","timeVerified":"","resourceUri":"","policy":{},"verificationResult":"PASSED","verifiedLevels":[]}`)
		},
		"provenance without parameters": func(s *intoto.Statement) {
			s.PredicateType, s.Predicate = intoto.SLSAProvenance, []byte(`{"buildDefinition":{"buildType":"x"},"runDetails":{"builder":{"id":"x"}}}`)
		},
		"provenance without predicate": func(s *intoto.Statement) { s.PredicateType, s.Predicate = intoto.SLSAProvenance, nil },
	} {
		s := good()
		change(s)
		want := intoto.ErrInput
		if string(s.Predicate) != `{}` {
			want = intoto.ErrPredicate
		}
		if data, err := s.Marshal(); !errors.Is(err, want) {
			t.Errorf("%s: %s, %v", name, data, err)
		}
	}
	for predicateType, predicate := range map[string]string{
		intoto.VSA:        `{"verifier":{"id":"x"},"timeVerified":"2026-01-01T00:00:00Z","resourceUri":"x","policy":{},"verificationResult":"PASSED","verifiedLevels":[]}`,
		intoto.TestResult: `{"configuration":[],"result":"FAILED"}`,
	} {
		s := good()
		s.PredicateType, s.Predicate = predicateType, []byte(predicate)
		if _, err := s.Marshal(); err != nil {
			t.Errorf("%s: %v", predicateType, err)
		}
	}
}

func TestPredicateType(t *testing.T) {
	for word, want := range map[string]string{
		"slsa-provenance": "https://slsa.dev/provenance/v1", "vsa": "https://slsa.dev/verification_summary/v1",
		"test-result": "https://in-toto.io/attestation/test-result/v0.1", "https://a.example/b": "https://a.example/b", "urn:x": "urn:x",
	} {
		if got, err := intoto.PredicateType(word); err != nil || got != want {
			t.Errorf("%s: %s, %v", word, got, err)
		}
	}
	for _, word := range []string{"", "slsa", "Vsa", "://x", "a b:c", "https:"} {
		if got, err := intoto.PredicateType(word); !errors.Is(err, intoto.ErrInput) {
			t.Errorf("%s: %s, %v", word, got, err)
		}
	}
}

func TestParseSubject(t *testing.T) {
	s, ok, err := intoto.ParseSubject("img@v1@sha256:" + helloHex)
	if err != nil || !ok || s.Name != "img@v1" || s.Digest["sha256"] != helloHex {
		t.Errorf("%v, %v, %v", s, ok, err)
	}
	for _, file := range []string{"", "file", "a@b", "a@sha512:" + helloHex, "sha256:" + helloHex} {
		if _, ok, err := intoto.ParseSubject(file); ok || err != nil {
			t.Errorf("%s: %v, %v", file, ok, err)
		}
	}
	for _, bad := range []string{"a@sha256:", "a@sha256:00", "@sha256:" + helloHex, "a@sha256:" + strings.ToUpper(helloHex)} {
		if _, ok, err := intoto.ParseSubject(bad); !ok || !errors.Is(err, intoto.ErrInput) {
			t.Errorf("%s: %v, %v", bad, ok, err)
		}
	}
}

// Member names and nesting are those of slsa.dev/spec/v1.0/provenance.
func TestProvenance(t *testing.T) {
	dep, err := intoto.ParseDependency("git+https://example.com/a@v1@gitCommit:" + helloHex[:40])
	if err != nil {
		t.Fatal(err)
	}
	parameters, err := intoto.ParseParameters([]string{"target=all", "flags=a=b", "empty="})
	if err != nil {
		t.Fatal(err)
	}
	p := &intoto.Provenance{
		BuilderID: "https://ci.example/1", BuildType: "https://ci.example/make", Parameters: parameters,
		Dependencies: []intoto.Dependency{dep}, Invocation: "https://ci.example/runs/7",
		Started:  time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("", 3600)),
		Finished: time.Date(2026, 3, 1, 11, 5, 0, 0, time.UTC),
	}
	predicate, err := p.Predicate()
	if err != nil {
		t.Fatal(err)
	}
	s := &intoto.Statement{Subjects: []intoto.Subject{intoto.FileSubject("a", hello[:])}, PredicateType: intoto.SLSAProvenance, Predicate: predicate}
	data, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"_type":"https://in-toto.io/Statement/v1","predicate":{"buildDefinition":{"buildType":"https://ci.example/make",` +
		`"externalParameters":{"empty":"","flags":"a=b","target":"all"},"resolvedDependencies":[{"digest":{"gitCommit":"` + "5891b5b522d5df086d0ff0b110fbd9d21bb4fc71" + `"},` +
		`"uri":"git+https://example.com/a@v1"}]},"runDetails":{"builder":{"id":"https://ci.example/1"},"metadata":{"finishedOn":"2026-03-01T11:05:00Z",` +
		`"invocationId":"https://ci.example/runs/7","startedOn":"2026-03-01T11:00:00Z"}}},"predicateType":"https://slsa.dev/provenance/v1",` +
		`"subject":[{"digest":{"sha256":"` + helloHex + `"},"name":"a"}]}`
	if string(data) != want {
		t.Errorf("%s\nwant %s", data, want)
	}
	least, err := (&intoto.Provenance{BuilderID: "urn:b", BuildType: "urn:t"}).Predicate()
	if err != nil || string(least) != `{"buildDefinition":{"buildType":"urn:t","externalParameters":{}},"runDetails":{"builder":{"id":"urn:b"}}}` {
		t.Errorf("%s, %v", least, err)
	}
}

func TestProvenanceRefusals(t *testing.T) {
	at := time.Unix(1_000_000, 0)
	for name, p := range map[string]intoto.Provenance{
		"no builder":       {BuildType: "urn:t"},
		"no type":          {BuilderID: "urn:b"},
		"builder no URI":   {BuilderID: "me", BuildType: "urn:t"},
		"not UTF-8":        {BuilderID: "urn:b", BuildType: "urn:t", Invocation: "\xff"},
		"finished earlier": {BuilderID: "urn:b", BuildType: "urn:t", Started: at, Finished: at.Add(-time.Second)},
	} {
		if _, err := p.Predicate(); !errors.Is(err, intoto.ErrInput) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, arg := range []string{"", "https://a", "https://a@sha256", "https://a@sha256:00", "https://a@md5:00", "a@sha256:" + helloHex, "https://a@sha256:" + strings.ToUpper(helloHex)} {
		if _, err := intoto.ParseDependency(arg); !errors.Is(err, intoto.ErrInput) {
			t.Errorf("dependency %s: %v", arg, err)
		}
	}
	for _, args := range [][]string{{"a"}, {"=a"}, {"a=1", "a=1"}, {""}, {"a=\xff"}, {"\xff=a"}} {
		if _, err := intoto.ParseParameters(args); !errors.Is(err, intoto.ErrInput) {
			t.Errorf("parameters %q: %v", args, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	seed := []byte(`{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://a","predicate":{"a":[1]},"subject":[{"name":"n","digest":{"sha256":"` + helloHex + `"}}]}`)
	if _, err := intoto.Parse(seed); err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := intoto.Parse(data)
		if err != nil {
			return
		}
		// What can be written again is read as the same statement.
		written, err := s.Marshal()
		if err != nil {
			return
		}
		again, err := intoto.Parse(written)
		if err != nil || len(again.Subjects) != len(s.Subjects) || again.PredicateType != s.PredicateType {
			t.Fatalf("%q became %q: %v", data, written, err)
		}
		twice, err := again.Marshal()
		if err != nil || string(twice) != string(written) {
			t.Fatalf("%q became %q: %v", written, twice, err)
		}
	})
}
