package objectid

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	id, err := New(bytes.NewReader([]byte("0123456789abcdef")))
	if err != nil {
		t.Fatal(err)
	}
	const want = "gaytemzugu3doobzmfrggzdfmy" // printf 0123456789abcdef | base32 | tr A-Z a-z
	if id.String() != want {
		t.Errorf("%s, want %s", id, want)
	}
	if back, err := Parse(want); err != nil || back != id {
		t.Errorf("%v, %v", back, err)
	}
	for _, bad := range []string{"", want[:25], want + "a", strings.ToUpper(want), want[:25] + "z", want[:25] + "1", want + "======"} {
		if _, err := Parse(bad); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := New(strings.NewReader("short")); err == nil {
		t.Error("made from too few bytes")
	}
}
