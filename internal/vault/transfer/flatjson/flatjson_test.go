package flatjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"kai/internal/vault/transfer"
	"kai/internal/vault/transfer/flatjson"
	"kai/internal/vault/transfer/transfertest"
)

const sample = `{
	"ci/github": "gh\u0070_\n\"\\\/\ud83d\ude00",
	"db/main": {"password": "p", "user": "app", "port": 5432, "tls": true, "key": {"base64": "AP+A"}},
	"": "nameless",
	"x": ""
}
`

func TestRead(t *testing.T) {
	got, store := transfertest.Read(t, flatjson.Read, sample, transfer.Options{})
	transfertest.Equal(t, got, map[string]string{
		"ci/github#value": "ghp_\n\"\\/😀", "db/main#password": "p", "db/main#user": "app", "db/main#port": "5432",
		"db/main#tls": "true", "db/main#key": "\x00\xff\x80", "unnamed#value": "nameless", "x#value": "",
	})
	if store.At(1).Line != 3 {
		t.Errorf("the second item is in line %d, want 3", store.At(1).Line)
	}
}

func TestRefuse(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "line 1: no object",
		"[]":                                "no object",
		`{"a":"c4n4ry"`:                     "neither comma nor brace",
		`{"a":"c4n4ry",}`:                   "no string",
		`{"a":"c4n4ry"} x`:                  "data after",
		"{\n\"a\":null}":                    "line 2: neither a text",
		`{"a":["c4n4ry"]}`:                  "neither a text",
		`{"a":{}}`:                          "without a field",
		`{"a":{"":"c4n4ry"}}`:               "field without a name",
		`{"a":{"b":{"c":"c4n4ry"}}}`:        `member other than "base64"`,
		`{"a":{"b":{}}}`:                    "empty object",
		`{"a":{"b":{"base64":"c4n4ry"}}}`:   "malformed base64",
		`{"a":{"b":"1","\u0062":"c4n4ry"}}`: "two members",
		"{\"a\":\"c4n4ry\n\"}":              "control character",
		"{\"a\":\"c4n4ry\xff\"}":            "invalid UTF-8",
		`{"a":"c4n4ry\ud800"}`:              "lone surrogate",
		`{"a":"c4n4ry\ud800\u0041"}`:        "lone surrogate",
		`{"a":"c4n4ry\q"}`:                  "unknown escape",
		`{"a":"c4n4ry\u12"}`:                "hexadecimal",
		`{"a":"c4n4ry`:                      "without an end",
		`{"a":01}`:                          "neither comma",
		`{"a":1.}`:                          "malformed number",
		`{"a":tru}`:                         "unknown word",
		`{"a" "c4n4ry"}`:                    "no colon",
	} {
		transfertest.Refused(t, flatjson.Read, text, transfer.Options{}, transfer.ErrMalformed, want)
	}
	for text, want := range map[string]string{
		`{"a/../b":"c4n4ry"}`:                            `a segment is ".."`,
		`{"a#b":"1","a_b":"c4n4ry"}`:                     `a second item of the path "a_b"`,
		`{"a//b":"1","a/b":"c4n4ry"}`:                    `a second item of the path "a/b"`,
		`{"` + strings.Repeat("a/", 64) + `a":"c4n4ry"}`: "64",
	} {
		transfertest.Refused(t, flatjson.Read, text, transfer.Options{}, transfer.ErrPath, want)
	}
	many := `{"a":{` + strings.TrimSuffix(strings.Repeat(`"?":"",`, 65), ",") + `}}`
	for i := range 65 {
		many = strings.Replace(many, "?", string(rune('0'+i)), 1)
	}
	transfertest.Refused(t, flatjson.Read, strings.ReplaceAll(many, `\`, "z"), transfer.Options{}, transfer.ErrLimit, "64 fields")
}

func TestCut(t *testing.T) {
	if n := transfertest.Cut(t, flatjson.Read, strings.TrimSpace(sample), transfer.Options{}); n != 0 {
		t.Errorf("%d beginnings of a file were read", n)
	}
	transfertest.Flip(t, flatjson.Read, sample, transfer.Options{})
}

func TestWrite(t *testing.T) {
	_, store := transfertest.Read(t, flatjson.Read, sample, transfer.Options{})
	var out bytes.Buffer
	if err := flatjson.Write(&out, store.All()); err != nil {
		t.Fatal(err)
	}
	const want = `{
"ci/github": "ghp_\n\"\\/😀",
"db/main": {"key": {"base64": "AP+A"}, "password": "p", "port": "5432", "tls": "true", "user": "app"},
"unnamed": "nameless",
"x": ""
}
`
	if out.String() != want {
		t.Errorf("wrote %s", out.String())
	}
	out.Reset()
	if err := flatjson.Write(&out, new(transfer.Store).All()); err != nil || out.String() != "{}\n" {
		t.Errorf("wrote %q, %v for nothing", out.String(), err)
	}
	boom := errors.New("boom")
	failing := func(yield func(*transfer.Item, error) bool) { yield(nil, boom) }
	if err := flatjson.Write(&out, failing); !errors.Is(err, boom) {
		t.Errorf("error %v, want %v", err, boom)
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{sample, "{}", `{"a":{"b":"c"}}`, `{"é":"\u0000"}`, `{"a":{"b":{"base64":""}}}`, `{"a":1e9,"b":-0.5}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		transfertest.Fuzz(t, flatjson.Read, text, transfer.Options{})
		store, err := flatjson.Read(t.Context(), transfertest.Source(string(text)), transfer.Options{})
		if err != nil {
			return
		}
		defer store.Wipe()
		if !json.Valid(text) {
			t.Fatal("encoding/json does not read what we do")
		}
		var out bytes.Buffer
		if err := flatjson.Write(&out, store.All()); err != nil {
			t.Fatal(err)
		}
		again, _ := transfertest.Read(t, flatjson.Read, out.String(), transfer.Options{})
		transfertest.Equal(t, again, transfertest.Flat(store))
	})
}
