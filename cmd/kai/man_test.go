package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// manDate is the date in the footer of the built pages, 2026-11-22, as SOURCE_DATE_EPOCH:
// the same source gives the same page on every day. It moves with releases.
const manDate = "1795305600"

// manPage returns the page that describes a command: the one of its first verb, but for the
// few that share kai(1).
func manPage(path []*command) string {
	if len(path) == 1 {
		return "kai.1"
	}
	switch verb := path[1].name; verb {
	case "completion", "doctor", "help", "tour", "version":
		return "kai.1"
	default:
		return "kai-" + verb + ".1"
	}
}

// manSource reads the source of a page; "" when there is none, which is an error.
func manSource(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../man", page+".scd"))
	if err != nil {
		t.Errorf("no page: %v", err)
	}
	return string(text)
}

// inBold reports whether text is printed in bold somewhere in a page.
func inBold(source, text string) bool {
	return regexp.MustCompile(`\*` + regexp.QuoteMeta(text) + `\*`).MatchString(source)
}

// TestManDrift holds each command and each flag against its page.
func TestManDrift(t *testing.T) {
	walkTree(rootCommand(), func(path []*command) {
		c := path[len(path)-1]
		if c.isGroup() || c.hidden {
			return
		}
		page := manPage(path)
		source := manSource(t, page)
		if source == "" {
			return
		}
		if !strings.Contains(source, commandPath(path)) {
			t.Errorf("man/%s.scd does not name %s", page, commandPath(path))
		}
		for _, f := range completedFlags(c.flags, false) {
			for _, name := range f.names {
				if !inBold(source, name) {
					t.Errorf("man/%s.scd does not describe *%s* of %s", page, name, commandPath(path))
				}
			}
			for _, word := range f.words {
				if !strings.Contains(source, word) {
					t.Errorf("man/%s.scd does not name %s, a value of %s", page, word, f.names[0])
				}
			}
		}
	})
	source := manSource(t, "kai.1")
	for _, f := range completedFlags(globalFlags(), true) {
		for _, name := range f.names {
			if !inBold(source, name) {
				t.Errorf("man/kai.1.scd does not describe *%s*", name)
			}
		}
	}
	for _, c := range exitCodes() {
		if !inBold(source, c.written) {
			t.Errorf("man/kai.1.scd does not name exit status %s", c.written)
		}
	}
	pages, err := filepath.Glob("../../man/kai-*.scd")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages (%v)", err)
	}
	for _, name := range pages {
		page, section, _ := strings.Cut(strings.TrimSuffix(filepath.Base(name), ".scd"), ".")
		if !strings.Contains(source, "*"+page+"*("+section+")") {
			t.Errorf("man/kai.1.scd does not refer to %s(%s)", page, section)
		}
	}
	for _, topic := range topics() {
		if !inBold(source, topic) {
			t.Errorf("man/kai.1.scd does not name the topic %s", topic)
		}
	}
	for _, e := range environment() {
		for _, name := range regexp.MustCompile(`[A-Z_]{2,}`).FindAllString(e[0], -1) {
			if !strings.Contains(strings.ReplaceAll(source, `\_`, "_"), name) {
				t.Errorf("man/kai.1.scd does not name the variable %s", name)
			}
		}
	}
}

// manSections are those that no page lacks, by section of the manual.
var manSections = map[string][]string{
	"1": {"NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "FILES", "ENVIRONMENT", "EXAMPLES", "SEE ALSO"},
	"5": {"NAME", "DESCRIPTION", "EXAMPLES", "SEE ALSO"},
}

// TestManPages holds the built pages against their sources. With -update it builds them:
//
//	go test ./cmd/kai -run TestManPages -update
func TestManPages(t *testing.T) {
	sources, err := filepath.Glob("../../man/*.scd")
	if err != nil || len(sources) == 0 {
		t.Fatalf("no pages (%v)", err)
	}
	var pages []string
	for _, name := range sources {
		page := strings.TrimSuffix(name, ".scd")
		pages = append(pages, page)
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, section := range manSections[strings.TrimPrefix(filepath.Ext(page), ".")] {
			if !bytes.Contains(source, []byte("\n# "+section+"\n")) {
				t.Errorf("%s: no section %s", filepath.Base(name), section)
			}
		}
		if _, err := os.Stat(page); err != nil && !*update {
			t.Errorf("%s is not built; run: go test ./cmd/kai -run TestManPages -update", filepath.Base(page))
		}
	}
	built, err := filepath.Glob("../../man/*.[0-9]")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range built {
		if _, err := os.Stat(page + ".scd"); err != nil {
			t.Errorf("%s has no source", filepath.Base(page))
		}
	}
	scdoc := peer(t, "scdoc")
	for _, page := range pages {
		want := buildPage(t, scdoc, page+".scd")
		if *update {
			if err := os.WriteFile(page, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(page); err != nil || !bytes.Equal(withoutGenerator(got), withoutGenerator(want)) {
			t.Errorf("%s differs from its source (%v); run: go test ./cmd/kai -run TestManPages -update", filepath.Base(page), err)
		}
	}
}

// withoutGenerator removes the line in which scdoc names its version.
func withoutGenerator(page []byte) []byte {
	return regexp.MustCompile(`(?m)^\.\\" Generated by scdoc .*\n`).ReplaceAll(page, nil)
}

func buildPage(t *testing.T, scdoc, source string) []byte {
	t.Helper()
	in, err := os.Open(source)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	cmd := exec.Command(scdoc)
	cmd.Stdin = in
	cmd.Env = append(cmd.Environ(), "SOURCE_DATE_EPOCH="+manDate)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", source, err, stderr.String())
	}
	return out
}
