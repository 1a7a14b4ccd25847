package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"kai/internal/secret"
)

const canary = "CANARY-4f1c9e77"

// leaks reports whether text shows the canary in one of the shapes printers use.
func leaks(text string) bool {
	raw := []byte(canary)
	decimal := strings.Trim(fmt.Sprint(raw), "[]")
	goSyntax := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", raw), "[]byte{"), "}")
	for _, shape := range []string{
		canary, hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)),
		fmt.Sprintf("% x", raw), decimal, goSyntax,
		base64.StdEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw),
	} {
		if strings.Contains(text, shape) {
			return true
		}
	}
	return false
}

type inner struct {
	Public  *secret.Bytes
	private *secret.Bytes
	Value   secret.Bytes
	Any     any
	List    []*secret.Bytes
	Map     map[string]*secret.Bytes
}

type outer struct {
	Name  string
	In    inner
	InPtr *inner
	inner
}

func nested() *outer {
	mk := func() *secret.Bytes { return secret.Take([]byte(canary)) }
	fill := func(i *inner) {
		i.Public, i.private, i.Any = mk(), mk(), mk()
		i.List, i.Map = []*secret.Bytes{mk()}, map[string]*secret.Bytes{"k": mk()}
		reflect.ValueOf(&i.Value).Elem().Set(reflect.ValueOf(mk()).Elem())
	}
	o := &outer{Name: "n", InPtr: new(inner)}
	fill(&o.In)
	fill(o.InPtr)
	fill(&o.inner)
	return o
}

func TestPrintingShowsTheMask(t *testing.T) {
	s := secret.Take([]byte(canary))
	for _, verb := range "vsqxXdobcUeEfFgGt!" {
		for _, flags := range []string{"", "+", "#", "-", " ", "0", "30", ".2", "#30.2"} {
			format := "%" + flags + string(verb)
			if got := fmt.Sprintf(format, s); got != "[secret]" {
				t.Errorf("%s: %q", format, got)
			}
		}
	}
	for _, got := range []string{s.String(), s.GoString(), fmt.Sprint(s), fmt.Errorf("x: %v", s).Error()[3:]} {
		if got != "[secret]" {
			t.Errorf("got %q", got)
		}
	}
	for _, format := range []string{"%T", "%p", "%#p", "%w", "%#w"} {
		if got := fmt.Sprintf(format, s); leaks(got) {
			t.Errorf("%s leaks: %s", format, got)
		}
	}
}

func TestNestedPrintingDoesNotLeak(t *testing.T) {
	if !leaks(fmt.Sprintf("%v", []byte(canary))) || !leaks(fmt.Sprintf("%#v", []byte(canary))) || !leaks(fmt.Sprintf("%x", canary)) {
		t.Fatal("the detector does not detect")
	}
	o := nested()
	copied := reflect.ValueOf(o).Elem().Interface() // a copy that go vet would refuse
	for _, v := range []any{o, copied, &o, []any{o, copied}, &o.In, o.In.List, o.In.Map, map[string]any{"a": copied}, reflect.ValueOf(o)} {
		for _, verb := range "vsqxXdobcUt" {
			for _, flags := range []string{"", "+", "#", " "} {
				format := "%" + flags + string(verb)
				if got := fmt.Sprintf(format, v); leaks(got) {
					t.Errorf("%s of %T leaks: %s", format, v, got)
				}
			}
		}
	}
}

func TestReflectionDoesNotReachTheBytes(t *testing.T) {
	var walk func(v reflect.Value, depth int)
	walk = func(v reflect.Value, depth int) {
		if depth > 8 {
			return
		}
		switch v.Kind() {
		case reflect.Pointer, reflect.Interface:
			if !v.IsNil() {
				walk(v.Elem(), depth+1)
			}
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i), depth+1)
			}
		case reflect.Slice:
			t.Errorf("reached a slice of %d", v.Len())
		}
	}
	walk(reflect.ValueOf(secret.Take([]byte(canary))), 0)
}

func TestLoggingDoesNotLeak(t *testing.T) {
	var out bytes.Buffer
	o := nested()
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("m", "top", o.In.Public, "nested", o, "group", slog.GroupValue(slog.Any("s", o.In.Public)))
	}
	if leaks(out.String()) {
		t.Errorf("leak: %s", out.String())
	}
	if n := strings.Count(out.String(), "top=[secret]") + strings.Count(out.String(), `"top":"[secret]"`); n != 2 {
		t.Errorf("%d masks: %s", n, out.String())
	}
}

func TestMarshallingIsAnError(t *testing.T) {
	s := secret.Take([]byte(canary))
	type holder struct{ S *secret.Bytes }
	encoders := map[string]func(v any) ([]byte, error){
		"json": json.Marshal,
		"xml":  xml.Marshal,
		"gob": func(v any) ([]byte, error) {
			var b bytes.Buffer
			err := gob.NewEncoder(&b).Encode(v)
			return b.Bytes(), err
		},
	}
	for name, encode := range encoders {
		for _, v := range []any{s, holder{s}, &holder{s}, []holder{{s}}} {
			out, err := encode(v)
			if !errors.Is(err, secret.ErrMarshal) {
				t.Errorf("%s of %T: %v", name, v, err)
			}
			if leaks(string(out)) || (err != nil && leaks(err.Error())) {
				t.Errorf("%s of %T leaks", name, v)
			}
		}
	}
	if out, _ := json.Marshal(nested()); leaks(string(out)) {
		t.Error("json of a nested value leaks")
	}
	for name, f := range map[string]func() ([]byte, error){
		"text": s.MarshalText, "binary": s.MarshalBinary, "json": s.MarshalJSON, "gob": s.GobEncode,
	} {
		if out, err := f(); out != nil || err != secret.ErrMarshal {
			t.Errorf("%s: %q, %v", name, out, err)
		}
	}
}

func TestUnmarshallingIsAnError(t *testing.T) {
	var h struct{ S *secret.Bytes }
	if err := json.Unmarshal([]byte(`{"S":"abc"}`), &h); !errors.Is(err, secret.ErrMarshal) {
		t.Errorf("json: %v", err)
	}
	if err := xml.Unmarshal([]byte(`<h><S>abc</S></h>`), &h); !errors.Is(err, secret.ErrMarshal) {
		t.Errorf("xml: %v", err)
	}
	var s secret.Bytes
	for name, f := range map[string]func([]byte) error{
		"text": s.UnmarshalText, "binary": s.UnmarshalBinary, "json": s.UnmarshalJSON, "gob": s.GobDecode,
	} {
		if err := f([]byte("abc")); err != secret.ErrMarshal {
			t.Errorf("%s: %v", name, err)
		}
	}
}

var _ = []interface {
	fmt.Formatter
	fmt.GoStringer
	slog.LogValuer
}{(*secret.Bytes)(nil)}
