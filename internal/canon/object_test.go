package canon_test

import (
	"errors"
	"testing"

	"kai/internal/canon"
)

func TestObject(t *testing.T) {
	o, err := canon.ParseObject([]byte(` {"s": "caf\u00e9", "S": 1, "o": {"x": "y"}, "list": [ {"n":"1"}, {} ], "null": null, "mixed": [{}, 1]} `))
	if err != nil {
		t.Fatal(err)
	}
	if s, err := o.String("s"); s != "café" || err != nil {
		t.Errorf("string: %q, %v", s, err)
	}
	if inner, err := o.Object("o"); err != nil || string(inner["x"]) != `"y"` {
		t.Errorf("object: %v, %v", inner, err)
	}
	if list, err := o.Objects("list"); err != nil || len(list) != 2 || !list[0].Has("n") {
		t.Errorf("objects: %v, %v", list, err)
	}
	if s, err := o.String("absent"); s != "" || err != nil {
		t.Errorf("absent string: %q, %v", s, err)
	}
	if o.Has("absent") || !o.Has("null") {
		t.Error("presence of absent and null")
	}
	for name, get := range map[string]func() error{
		"a number as a string":    func() error { _, err := o.String("S"); return err },
		"null as a string":        func() error { _, err := o.String("null"); return err },
		"null as an object":       func() error { _, err := o.Object("null"); return err },
		"an array as an object":   func() error { _, err := o.Object("list"); return err },
		"an object as an array":   func() error { _, err := o.Objects("o"); return err },
		"null as an array":        func() error { _, err := o.Objects("null"); return err },
		"an array of two kinds":   func() error { _, err := o.Objects("mixed"); return err },
		"a string as an object":   func() error { _, err := o.Object("s"); return err },
		"a string as some object": func() error { _, err := o.Objects("s"); return err },
	} {
		if err := get(); !errors.Is(err, canon.ErrShape) || !errors.Is(err, canon.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNotAnObject(t *testing.T) {
	for data, want := range map[string]error{
		`[]`: canon.ErrShape, `null`: canon.ErrShape, `"{}"`: canon.ErrShape, `1`: canon.ErrShape,
		``: canon.ErrEnd, `{`: canon.ErrEnd, `{} {}`: canon.ErrTrailing,
		`{"a":1,"\u0061":1}`: canon.ErrDuplicate, `{"a":9007199254740993}`: canon.ErrNumber,
		"{\"a\":\"\xff\"}": canon.ErrUTF8,
	} {
		if _, err := canon.ParseObject([]byte(data)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", data, err, want)
		}
	}
}
