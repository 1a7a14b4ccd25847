package minisign_test

import (
	"bytes"
	"strings"
	"testing"

	"kai/internal/sig"
	"kai/internal/sig/minisign"
	"kai/internal/sig/sigtest"
)

// What is accepted without a note is written again as it was, and what verifies
// says what its maker said.
func FuzzParse(f *testing.F) {
	seeds := []string{
		prehashedFile, legacyFile, signifyFile,
		prehashedFile + "more", strings.ReplaceAll(legacyFile, "\n", "\r\n"), strings.TrimSuffix(prehashedFile, "\n"),
	}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	said := map[string]bool{"": true} // signify's
	for _, file := range []string{prehashedFile, legacyFile} {
		comment, _, _ := strings.Cut(strings.SplitAfter(file, "trusted comment: ")[2], "\n")
		said[comment] = true
	}
	keys := sig.Keys{holderOf(f, publicFile).Public, holderOf(f, signifyPublic).Public}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range []sig.Format{minisign.Format{}, minisign.Signify{}} {
			u, err := format.Parse(bytes.NewReader(data), sig.DetachedLimits)
			if err != nil {
				continue
			}
			if !format.Detect(data[:min(len(data), 4096)], "") {
				t.Errorf("%s accepted and not detected", format.Name())
			}
			out, notes, err := minisign.Rewrite(data, format == minisign.Format{})
			if err != nil || len(notes) != len(u.Claims[0].Notes) {
				t.Fatalf("parsed and then not: %v", err)
			}
			if len(notes) == 0 && !bytes.Equal(out, data) {
				t.Errorf("written again as %q", out)
			}
			for _, r := range sigtest.Check(t, u, []byte(message), keys) {
				if r.Good() && !said[r.Claim.Comment] {
					t.Errorf("accepted with the comment %q", r.Claim.Comment)
				}
			}
			if len(notes) > 0 && bytes.Equal(out, data) {
				t.Error("a canonical file has notes")
			}
		}
	})
}
