package canon_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"kai/internal/canon"
)

func TestTransformExamples(t *testing.T) {
	long := strings.Repeat("1", 400)
	for _, tt := range []struct{ in, out string }{
		// The example of the package comment.
		{`{ "size": 3.0e2, "name": "caf\u00e9", "tags": [ null, "\u0041" ] }`, `{"name":"café","size":300,"tags":[null,"A"]}`},
		{" \t\r\n1 \t\r\n", "1"},
		{`[]`, `[]`}, {`[ ]`, `[]`}, {`{}`, `{}`}, {`{ }`, `{}`},
		{`[[ ],{ } , [ {"a" : [ ] } ]]`, `[[],{},[{"a":[]}]]`},
		{`true`, `true`}, {`false`, `false`}, {`null`, `null`},
		{`""`, `""`}, {`"\u0000\u001F\u007f"`, "\"\\u0000\\u001f\x7f\""},
		{`"\b\t\n\f\r\"\\\/"`, `"\b\t\n\f\r\"\\/"`},
		{`"\u0008\u0009\u000A\u000c\u000D\u0022\u005c\u002F"`, `"\b\t\n\f\r\"\\/"`},
		{`"\ud83d\ude02"`, `"😂"`}, {`"\uFFFD\uFFFF"`, "\"\ufffd\uffff\""},
		{"\"\u2028<>&\"", "\"\u2028<>&\""},
		// Sorted within a sorted object, equal lengths and prefixes.
		{`{"b":{"d":1,"c":2},"a":3,"ab":4,"":5}`, `{"":5,"a":3,"ab":4,"b":{"c":2,"d":1}}`},
		// An escaped name sorts by what it means.
		{`{"\u0062":1,"a":2}`, `{"a":2,"b":1}`},
		// U+1F600 is D83D DE00 in UTF-16 and sorts before U+E000 and U+FB33.
		{"{\"\ue000\":1,\"\ufb33\":2,\"😀\":3,\"\ud7ff\":4}", "{\"\ud7ff\":4,\"😀\":3,\"\ue000\":1,\"\ufb33\":2}"},
		{"{\"😀b\":1,\"😀a\":2}", "{\"😀a\":2,\"😀b\":1}"},
		{`-0`, `0`}, {`-0.0`, `0`}, {`0e5`, `0`}, {`-1`, `-1`}, {`10`, `10`},
		{`0.1`, `0.1`}, {`1.50`, `1.5`}, {`1E2`, `100`}, {`1e+2`, `100`}, {`1e-2`, `0.01`},
		{`9007199254740991`, `9007199254740991`}, {`-9007199254740991`, `-9007199254740991`},
		{`9007199254740992`, `9007199254740992`}, {`9007199254740992.000e0`, `9007199254740992`},
		{`0.0001e300`, `1e+296`}, {`1e-400`, `0`}, {`295147905179352830000`, `295147905179352830000`},
		{`0.` + long, `0.1111111111111111`},
	} {
		got, err := canon.Transform([]byte(tt.in))
		if err != nil || string(got) != tt.out {
			t.Errorf("Transform(%q) = %q, %v, want %q", tt.in, got, err, tt.out)
		}
		if err := canon.Check([]byte(tt.in)); err != nil {
			t.Errorf("Check(%q) = %v", tt.in, err)
		}
	}
}

func TestTransformRefusals(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	if err := canon.Check([]byte(deep(canon.MaxDepth))); err != nil {
		t.Errorf("depth %d: %v", canon.MaxDepth, err)
	}
	for _, tt := range []struct {
		in     string
		kind   error
		offset int
	}{
		{``, canon.ErrEnd, 0}, {` `, canon.ErrEnd, 1}, {`[`, canon.ErrEnd, 1}, {`[1`, canon.ErrEnd, 2},
		{`[1,`, canon.ErrEnd, 3}, {`{`, canon.ErrEnd, 1}, {`{"a"`, canon.ErrEnd, 4}, {`{"a":`, canon.ErrEnd, 5},
		{`"`, canon.ErrEnd, 1}, {`"a\`, canon.ErrEnd, 3}, {`"\u00`, canon.ErrEnd, 5}, {`tru`, canon.ErrEnd, 3},
		{`-`, canon.ErrEnd, 1}, {`1.`, canon.ErrEnd, 2}, {`1e`, canon.ErrEnd, 2}, {`1e+`, canon.ErrEnd, 3},
		{`[1,]`, canon.ErrSyntax, 3}, {`[,1]`, canon.ErrSyntax, 1}, {`[1 2]`, canon.ErrSyntax, 3},
		{`{"a":1,}`, canon.ErrSyntax, 7}, {`{a:1}`, canon.ErrSyntax, 1}, {`{"a" 1}`, canon.ErrSyntax, 5},
		{`{"a":1]`, canon.ErrSyntax, 6}, {`[1}`, canon.ErrSyntax, 2}, {`'a'`, canon.ErrSyntax, 0},
		{`trux`, canon.ErrSyntax, 3}, {`True`, canon.ErrSyntax, 0}, {`NaN`, canon.ErrSyntax, 0}, {`Infinity`, canon.ErrSyntax, 0},
		{`+1`, canon.ErrSyntax, 0}, {`.5`, canon.ErrSyntax, 0}, {`1.e5`, canon.ErrSyntax, 2}, {`-a`, canon.ErrSyntax, 1},
		{"\"a\nb\"", canon.ErrSyntax, 2}, {"\"\x00\"", canon.ErrSyntax, 1}, {"\x00", canon.ErrSyntax, 0},
		{"\"\\n\x1f\"", canon.ErrSyntax, 3}, {`"\a"`, canon.ErrSyntax, 2}, {`"\u00g0"`, canon.ErrSyntax, 5},
		{"\xef\xbb\xbf1", canon.ErrSyntax, 0}, // no byte order mark
		{"\v1", canon.ErrSyntax, 0}, {"// no\n1", canon.ErrSyntax, 0},
		{`01`, canon.ErrTrailing, 1}, {`1 2`, canon.ErrTrailing, 2}, {`{}{}`, canon.ErrTrailing, 2}, {"1\x00", canon.ErrTrailing, 1},
		{"\"a\xff\"", canon.ErrUTF8, 2}, {"\"\xc0\xaf\"", canon.ErrUTF8, 1}, {"\"\xed\xa0\x80\"", canon.ErrUTF8, 1},
		{"\"\xf4\x90\x80\x80\"", canon.ErrUTF8, 1}, {"\"\xe2\x82\"", canon.ErrUTF8, 1}, {"{\"\\n\xff\":1}", canon.ErrUTF8, 4},
		{`"x\ud800"`, canon.ErrSurrogate, 2}, {`"\ud800x"`, canon.ErrSurrogate, 1}, {`"\udc00"`, canon.ErrSurrogate, 1},
		{`"\ud800\n"`, canon.ErrSurrogate, 1}, {`"\ud800\ud800"`, canon.ErrSurrogate, 1}, {`"\udc00\ud800"`, canon.ErrSurrogate, 1},
		{`{"a":1,"a":1}`, canon.ErrDuplicate, 7}, {`{"a":1,"b":2,"\u0061":1}`, canon.ErrDuplicate, 13},
		{`[{"x":{"":1,"":2}}]`, canon.ErrDuplicate, 12}, {`{"b":1,"a":2,"b":3}`, canon.ErrDuplicate, 13},
		{deep(canon.MaxDepth + 1), canon.ErrDepth, canon.MaxDepth},
		{strings.Repeat(`{"a":`, canon.MaxDepth+1), canon.ErrDepth, 5 * canon.MaxDepth},
		{strings.Repeat("[", 1<<20), canon.ErrDepth, canon.MaxDepth},
		{`9007199254740993`, canon.ErrNumber, 0}, {`[-9007199254740993]`, canon.ErrNumber, 1},
		{`9007199254740993.0`, canon.ErrNumber, 0}, {`9007199254740991.7`, canon.ErrNumber, 0},
		{`9007199254740993e0`, canon.ErrNumber, 0}, {`900719925474099.3e1`, canon.ErrNumber, 0},
		{`295147905179352825856`, canon.ErrNumber, 0}, {`1e400`, canon.ErrNumber, 0}, {`-1e400`, canon.ErrNumber, 0},
		{`0.` + strings.Repeat("0", 1<<17) + `1e131072`, canon.ErrNumber, 0},
	} {
		got, err := canon.Transform([]byte(tt.in))
		var e *canon.Error
		if !errors.As(err, &e) || e.Kind != tt.kind || e.Offset != tt.offset || got != nil {
			t.Errorf("Transform(%.40q) = %.40q, %v; want %v at byte %d", tt.in, got, err, tt.kind, tt.offset)
		}
		if !errors.Is(err, canon.ErrMalformed) || !errors.Is(err, tt.kind) {
			t.Errorf("Transform(%.40q): error %v is not of its kinds", tt.in, err)
		}
		if err := canon.Check([]byte(tt.in)); !errors.Is(err, tt.kind) {
			t.Errorf("Check(%.40q) = %v, want %v", tt.in, err, tt.kind)
		}
	}
}

// note is a document such as other packages have.
type note struct {
	Count int64             `json:"count,omitempty"`
	Inner *note             `json:"inner,omitempty"`
	List  []string          `json:"list,omitempty"`
	Map   map[string]uint32 `json:"map,omitempty"`
	On    bool              `json:"on"`
	Text  string            `json:"text"`
}

func TestDocument(t *testing.T) {
	for _, tt := range []struct {
		v    note
		data string
	}{
		{note{}, `{"on":false,"text":""}`},
		{note{On: true, Text: "<é>&\u2028\ufffd"}, "{\"on\":true,\"text\":\"<é>&\u2028\ufffd\"}"},
		{note{Count: -canon.MaxInteger, Text: `\ud800"`}, `{"count":-9007199254740991,"on":false,"text":"\\ud800\""}`},
		{note{Map: map[string]uint32{"😀": 1, "\ue000": 2, "a": 0}}, "{\"map\":{\"a\":0,\"😀\":1,\"\ue000\":2},\"on\":false,\"text\":\"\"}"},
		{note{Inner: &note{List: []string{"b", "a"}}}, `{"inner":{"list":["b","a"],"on":false,"text":""},"on":false,"text":""}`},
	} {
		data, err := canon.Marshal(tt.v)
		if err != nil || string(data) != tt.data {
			t.Errorf("Marshal(%+v) = %s, %v, want %s", tt.v, data, err, tt.data)
			continue
		}
		got := note{Text: "left over", List: []string{"x"}}
		if err := canon.Unmarshal(data, &got); err != nil || !reflect.DeepEqual(got, tt.v) {
			t.Errorf("Unmarshal(%s) = %+v, %v", data, got, err)
		}
	}
}

func TestUnmarshalRefusals(t *testing.T) {
	nest := func(n int) string {
		return strings.Repeat(`{"inner":`, n) + `{"on":true,"text":""}` + strings.Repeat(`,"on":true,"text":""}`, n)
	}
	var n note
	if err := canon.Unmarshal([]byte(nest(canon.MaxDocumentDepth-1)), &n); err != nil {
		t.Errorf("depth %d: %v", canon.MaxDocumentDepth, err)
	}
	for _, tt := range []struct {
		in   string
		kind error
	}{
		{`{"on":true,"text":""} `, canon.ErrSpelling},
		{` {"on":true,"text":""}`, canon.ErrSpelling},
		{"{\"on\":true,\"text\":\"\"}\n", canon.ErrSpelling},
		{`{"on": true,"text":""}`, canon.ErrSpelling},
		{`{"text":"","on":true}`, canon.ErrSpelling},
		{`{"on":true,"text":"\u0061"}`, canon.ErrSpelling},
		{`{"on":true,"text":"\/"}`, canon.ErrSpelling},
		{`{"count":-0,"on":true,"text":""}`, canon.ErrSpelling},
		{`{"on":true,"text":""}{}`, canon.ErrTrailing},
		{`{"on":true,"on":true,"text":""}`, canon.ErrDuplicate},
		{`{"on":null,"text":""}`, canon.ErrNull},
		{`null`, canon.ErrNull},
		{`{"count":1.0,"on":true,"text":""}`, canon.ErrInteger},
		{`{"count":1e2,"on":true,"text":""}`, canon.ErrInteger},
		{`{"count":9007199254740992,"on":true,"text":""}`, canon.ErrInteger},
		{`{"count":-9007199254740992,"on":true,"text":""}`, canon.ErrInteger},
		{`{"on":true,"text":"a\nb"}`, canon.ErrControl},
		{`{"on":true,"text":"a\u0000b"}`, canon.ErrControl},
		{"{\"on\":true,\"text\":\"a\x7fb\"}", canon.ErrControl},
		{`{"on":true,"text":"\u007f"}`, canon.ErrControl},
		{nest(canon.MaxDocumentDepth), canon.ErrDepth},
		{`{"on":true,"text":"","x":1}`, canon.ErrUnknown},
		{`{"inner":{"on":true,"text":"","x":1},"on":true,"text":""}`, canon.ErrUnknown},
		{`{"Text":"","on":true}`, canon.ErrShape}, // encoding/json would take it for text
		{`{"on":true}`, canon.ErrShape},           // text is missing
		{`{"count":0,"on":true,"text":""}`, canon.ErrShape},
		{`{"list":[],"on":true,"text":""}`, canon.ErrShape},
		{`{"on":1,"text":""}`, canon.ErrShape},
		{`{"map":{"a":-1},"on":true,"text":""}`, canon.ErrShape},
		{`[]`, canon.ErrShape}, {`1`, canon.ErrShape}, {`"x"`, canon.ErrShape},
	} {
		kept := note{Text: "kept"}
		err := canon.Unmarshal([]byte(tt.in), &kept)
		if !errors.Is(err, tt.kind) || !errors.Is(err, canon.ErrMalformed) {
			t.Errorf("Unmarshal(%.60s) = %v, want %v", tt.in, err, tt.kind)
		}
		if kept.Text != "kept" || kept.On {
			t.Errorf("Unmarshal(%.60s) failed and changed its target", tt.in)
		}
	}
}

func TestMarshalRefusals(t *testing.T) {
	for _, tt := range []struct {
		v    any
		kind error
	}{
		{1.5, canon.ErrInteger}, {1e100, canon.ErrInteger}, {int64(canon.MaxInteger) + 1, canon.ErrInteger},
		{nil, canon.ErrNull}, {[]string(nil), canon.ErrNull}, {map[string]*int{"a": nil}, canon.ErrNull},
		{"a\xff", canon.ErrUTF8}, {map[string]int{"\xff": 1}, canon.ErrUTF8}, {json.RawMessage("\"\xff\""), canon.ErrUTF8},
		{"tab\t", canon.ErrControl}, {"\x7f", canon.ErrControl},
		{json.RawMessage(`{"a":1,"a":2}`), canon.ErrDuplicate},
	} {
		if got, err := canon.Marshal(tt.v); !errors.Is(err, tt.kind) || got != nil {
			t.Errorf("Marshal(%#v) = %q, %v, want %v", tt.v, got, err, tt.kind)
		}
	}
}

// An error may be shown on a terminal: names in it are quoted in ASCII and cut.
func TestErrorText(t *testing.T) {
	for _, tt := range []struct{ in, text string }{
		{`{"on":true,"text":"","x` + "\u202e" + `":1}`, `unknown member: "x\u202e"`},
		{`{"` + strings.Repeat("b", 100) + `":1,"on":true,"text":""}`, `unknown member: "` + strings.Repeat("b", 64) + `"`},
		{`{"on":true,"text":"\x1b"}`, `byte 20: syntax error`},
		{`{"on":true,"text":7}`, `byte 19: document does not fit the expected type: text`},
	} {
		var n note
		if err := canon.Unmarshal([]byte(tt.in), &n); err == nil || err.Error() != tt.text {
			t.Errorf("Unmarshal(%s): error %q, want %q", tt.in, err, tt.text)
		}
	}
}

func TestTransformLeavesInputAlone(t *testing.T) {
	in := []byte(`{"b":"\u0041","a":[1.0]}`)
	before := bytes.Clone(in)
	out, err := canon.Transform(in)
	if err != nil {
		t.Fatal(err)
	}
	out[0] = 'x'
	if !bytes.Equal(in, before) {
		t.Errorf("input changed to %s", in)
	}
}

// Sorting each level copies it once, so the worst case is the depth limit times
// the length, not the length squared.
func TestSortIsBounded(t *testing.T) {
	in := strings.Repeat(`{"b":0,"a":`, canon.MaxDepth-1) + `"` + strings.Repeat("x", 1<<16) + `"` + strings.Repeat("}", canon.MaxDepth-1)
	out, err := canon.Transform([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Repeat(`{"a":`, canon.MaxDepth-1); !strings.HasPrefix(string(out), want) {
		t.Errorf("output begins %.40q", out)
	}
}

func Example() {
	var who struct {
		Name string `json:"name"`
		Size int    `json:"size"`
	}
	fmt.Println(canon.Unmarshal([]byte(`{"name":"café","size":300}`), &who), who.Name)
	fmt.Println(canon.Unmarshal([]byte(`{"size":300,"name":"café"}`), &who))
	// Output:
	// <nil> café
	// byte 2: not canonical
}
