//go:build goexperiment.jsonv2

package canon_test

import (
	"bytes"
	"encoding/json/jsontext"
	"errors"
	"testing"

	"kai/internal/canon"
)

// Go's next JSON package is an independent implementation of RFC 8785. It is
// still behind an experiment flag, which also changes what encoding/json does,
// so this is the one test to run with it:
//
//	GOEXPERIMENT=jsonv2 go test -run AgainstJSONText ./internal/canon
func FuzzAgainstJSONText(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		theirs := jsontext.Value(bytes.Clone(in))
		theirErr := theirs.Canonicalize()
		ours, err := canon.Transform(in)
		switch {
		case err == nil && theirErr != nil:
			t.Fatalf("accepted %q, jsontext does not: %v", in, theirErr)
		case err == nil && !bytes.Equal(ours, theirs):
			t.Fatalf("%q became %q, jsontext says %q", in, ours, theirs)
		case err != nil && theirErr == nil && !errors.Is(err, canon.ErrNumber) && !errors.Is(err, canon.ErrDepth):
			t.Fatalf("refused %q with %v, jsontext makes it %q", in, err, theirs)
		}
	})
}
