package sig_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"kai/internal/sig"
)

func TestMemberNames(t *testing.T) {
	for head, want := range map[string]string{
		`{"a":1,"b":{"c":[{"d":1}]},"e":["f"],"g":"h"}`: "a b e g|whole",
		` {"a":null,"b":true,"c":1.5} {"d":1}`:          "a b c|whole",
		`{"a":1,"b":"cut of`:                            "a b|",
		`{"a":{"x":1},"b`:                               "a|",
		`{}`:                                            "|whole",
		`["a"]`:                                         "|",
		``:                                              "|",
		`"a"`:                                           "|",
		`{"a" "b"}`:                                     "a|",
		`{1:2}`:                                         "|",
	} {
		names, whole := sig.MemberNames([]byte(head))
		got := strings.Join(slices.Sorted(maps.Keys(names)), " ") + "|"
		if whole {
			got += "whole"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", head, got, want)
		}
	}
}
