package canon_test

import (
	"errors"
	"testing"

	"kai/internal/canon"
)

func TestAppendElement(t *testing.T) {
	for data, want := range map[string]string{
		`{}`:                           `{"a":[1]}`,
		"{ }\n":                        "{\"a\":[1] }\n",
		`{"b":2}`:                      `{"b":2,"a":[1]}`,
		"{\n  \"b\": 2\n}\n":           "{\n  \"b\": 2,\"a\":[1]\n}\n",
		`{"a":[]}`:                     `{"a":[1]}`,
		`{"a":[ ],"b":2}`:              `{"a":[1 ],"b":2}`,
		`{"a":[0]}`:                    `{"a":[0,1]}`,
		`{"b":{"a":[]},"a":[0]}`:       `{"b":{"a":[]},"a":[0,1]}`,
		"{\"a\": [\n  0\n ] ,\"b\":2}": "{\"a\": [\n  0,1\n ] ,\"b\":2}",
		`{"\u0061":["]"]}`:             `{"\u0061":["]",1]}`,
	} {
		before := data + "x"
		got, err := canon.AppendElement([]byte(before)[:len(data)], "a", []byte("1"))
		if err != nil || string(got) != want {
			t.Errorf("%s: %s, %v; want %s", data, got, err, want)
		}
	}
	for data, want := range map[string]error{
		`[]`: canon.ErrShape, `{"a":1}`: canon.ErrShape, `{"a":null}`: canon.ErrShape,
		`{"a":[],"a":[]}`: canon.ErrDuplicate, `{`: canon.ErrEnd,
	} {
		if got, err := canon.AppendElement([]byte(data), "a", []byte("1")); !errors.Is(err, want) {
			t.Errorf("%s: %s, %v; want %v", data, got, err, want)
		}
	}
}
