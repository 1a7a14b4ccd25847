package gitobj_test

import (
	"bytes"
	"testing"

	"kai/internal/sig/gitobj"
)

// What is accepted is written again as it was, and the payload is an object of
// the same kind without a signature of a commit.
func FuzzParse(f *testing.F) {
	if len(made) == 0 {
		f.Fatal("no seeds")
	}
	for _, m := range made {
		f.Add(read(f, m.file), m.kind == gitobj.Tag, m.hash == gitobj.SHA256)
	}
	f.Add([]byte(tree+people+"x \n \n  y\r\n\n\xe9"), false, false)
	f.Fuzz(func(t *testing.T, content []byte, isTag, isSHA256 bool) {
		kind, h := gitobj.Commit, gitobj.SHA1
		if isTag {
			kind = gitobj.Tag
		}
		if isSHA256 {
			h = gitobj.SHA256
		}
		before := bytes.Clone(content)
		o, err := gitobj.Parse(kind, content, h)
		if err != nil {
			return
		}
		if again := o.Marshal(); !bytes.Equal(again, before) {
			t.Fatalf("written again as %q\nwant %q", again, before)
		}
		payload := o.Payload()
		p, err := gitobj.Parse(kind, payload, h)
		if err != nil {
			t.Fatalf("payload: %v\n%q", err, payload)
		}
		if kind == gitobj.Commit && p.Signature() != nil {
			t.Fatalf("payload has a signature: %q", payload)
		}
		if c, err := o.Claim(); (err == nil) != (c != nil) {
			t.Fatalf("claim %v, error %v", c, err)
		}
		if !bytes.Equal(content, before) {
			t.Fatal("the content was changed")
		}
	})
}
