package manifest_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"kai/internal/sig/manifest"
)

// documented returns the n-th example of the package comment, up to its blocks.
func documented(t *testing.T, first string) string {
	t.Helper()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(doc)) {
		text, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "//\t")
		switch {
		case ok && len(lines) == 0 && text != first:
		case ok && strings.HasPrefix(text, "-----BEGIN"):
			return strings.Join(lines, "\n") + "\n"
		case ok:
			lines = append(lines, text)
		case len(lines) > 0 && line == "//\n":
			lines = append(lines, "")
		}
	}
	t.Fatalf("no example in doc.go that begins with %q", first)
	return ""
}

// exampleTree is the tree of the package comment.
func exampleTree(t *testing.T) *os.Root {
	return grow(t, t.TempDir(), tree{
		"README.md": file("hello\n"),
		"bin/tool":  executable("#!/bin/sh\nexit 0\n"),
		"caf\xe9":   file("au lait\n"),
		"latest":    link("bin/tool"),
		"notes.tmp": file("\n"),
		"var/":      {},
	})
}

func TestDocumentedManifest(t *testing.T) {
	m := build(t, exampleTree(t), manifest.Options{Exclude: []string{"*.tmp"}})
	if got, want := text(t, m), documented(t, "kai-manifest/1"); got != want {
		t.Errorf("manifest of the example:\n%s\nwant:\n%s", got, want)
	}
}

func TestDocumentedProof(t *testing.T) {
	m := build(t, exampleTree(t), manifest.Options{Exclude: []string{"*.tmp"}})
	p, err := m.Prove("bin/tool")
	if err != nil {
		t.Fatal(err)
	}
	want := documented(t, "kai-proof/1")
	if got := string(p.Bytes()); got != want {
		t.Errorf("proof of the example:\n%s\nwant:\n%s", got, want)
	}
	if _, err := manifest.ReadProof(bytes.NewReader([]byte(want))); err != nil {
		t.Errorf("proof of the example: %v", err)
	}
}

// The manual page shows the same examples, with backslashes as its language
// wants them.
func TestManualShowsTheExamples(t *testing.T) {
	page, err := os.ReadFile("../../../man/kai-manifest.5.scd")
	if err != nil {
		t.Fatal(err)
	}
	for _, first := range []string{"kai-manifest/1", "kai-proof/1"} {
		example := strings.ReplaceAll(documented(t, first), `\`, `\\`)
		if !strings.Contains(string(page), "\n```\n"+example+"-----BEGIN SSH SIGNATURE-----\n") {
			t.Errorf("the page does not show the example of %s", first)
		}
	}
}
