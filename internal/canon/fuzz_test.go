package canon_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"kai/internal/canon"
)

// seeds are inputs near the edges of the grammar.
func seeds(f *testing.F) {
	list := []string{
		``, `{}`, `[]`, `null`, `-0`, `1E30`, `0.000001`, `9007199254740993`, `"\ud83d\ude02"`, `"\ud800"`,
		`{"b":1,"a":{"d":[],"c":0.10}}`, `{"a":1,"\u0061":2}`, "{\"\ue000\":1,\"😀\":2}", "\"\xff\"",
		`{"list":["a"],"on":true,"text":"x"}`, `{"inner":{"on":false,"text":""},"on":true,"text":""}`,
		`[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]`, `{"on":true,"text":"\n"}`, ` {"a" : 1 } `,
	}
	if len(list) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range list {
		f.Add([]byte(s))
	}
}

// What Transform accepts, encoding/json reads as the same value before and
// after, and transforming it again changes nothing.
func FuzzTransform(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		out, err := canon.Transform(in)
		if err != nil {
			if out != nil {
				t.Errorf("output with error %v", err)
			}
			return
		}
		again, err := canon.Transform(out)
		if err != nil || !bytes.Equal(again, out) {
			t.Fatalf("%q became %q, then %q, %v", in, out, again, err)
		}
		if !utf8.Valid(out) {
			t.Fatalf("%q became %q, which is not UTF-8", in, out)
		}
		var before, after any
		if err := json.Unmarshal(in, &before); err != nil {
			t.Fatalf("accepted %q, encoding/json does not: %v", in, err)
		}
		if err := json.Unmarshal(out, &after); err != nil {
			t.Fatalf("wrote %q, encoding/json does not read it: %v", out, err)
		}
		if !reflect.DeepEqual(before, after) {
			t.Fatalf("%q became %q: %v is not %v", in, out, before, after)
		}
	})
}

// A document that is accepted has one spelling: its own.
func FuzzUnmarshal(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		var n note
		if err := canon.Unmarshal(in, &n); err == nil {
			same(t, in, n)
		}
		var any any
		if err := canon.Unmarshal(in, &any); err == nil {
			same(t, in, any)
		}
	})
}

func same(t *testing.T, in []byte, v any) {
	t.Helper()
	out, err := canon.Marshal(v)
	if err != nil || !bytes.Equal(out, in) {
		t.Fatalf("accepted %q, wrote %q, %v", in, out, err)
	}
	if jcs, err := canon.Transform(in); err != nil || !bytes.Equal(jcs, in) {
		t.Fatalf("accepted %q, transformed it to %q, %v", in, jcs, err)
	}
}

// The byte-wise comparison agrees with one of real UTF-16.
func FuzzCompareUTF16(f *testing.F) {
	f.Add("", "a")
	f.Add("\ue000", "😀")
	f.Add("\uffff", "\U0010ffff")
	f.Add("x\ud7ff", "x😀")
	f.Fuzz(func(t *testing.T, a, b string) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			return
		}
		want := slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
		got := canon.CompareUTF16([]byte(a), []byte(b))
		if (got < 0) != (want < 0) || (got > 0) != (want > 0) {
			t.Errorf("compare(%q, %q) = %d, want %d", a, b, got, want)
		}
	})
}
