package scan_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"kai/internal/vault/transfer/scan"
)

// value reads any JSON into the types of encoding/json, with numbers as json.Number.
func value(s *scan.JSON, data []byte) (any, error) {
	switch s.Kind() {
	case '{':
		object := make(map[string]any)
		return object, s.Object(func(name []byte) (err error) {
			object[string(name)], err = value(s, data)
			return err
		})
	case '[':
		array := []any{}
		err := s.Array(func() error {
			v, err := value(s, data)
			array = append(array, v)
			return err
		})
		return array, err
	case '"':
		span, err := s.Text()
		return string(span.Of(data)), err
	}
	span, err := s.Literal()
	switch word := string(span.Of(data)); word {
	case "true", "false":
		return word == "true", err
	case "null":
		return nil, err
	default:
		return json.Number(word), err
	}
}

// FuzzJSON compares with encoding/json: what is read means the same to it.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-0.5e+3,true,false,null,"x\u0041\ud83d\ude00\n\"\\\/\b\f\r\t"],"b":{"c":{}}}`, `[]`, ` "é" `, `0`, `{"a":1,"a":2}`, `"\ud800"`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		skipped := bytes.Clone(text)
		s := scan.NewJSON(skipped)
		skipErr := s.Skip()
		if skipErr == nil {
			skipErr = s.End()
		}
		if !bytes.Equal(skipped, text) {
			t.Fatal("Skip changed the data")
		}
		data := bytes.Clone(text)
		s = scan.NewJSON(data)
		got, err := value(s, data)
		if err == nil {
			err = s.End()
		}
		if err != nil {
			if found := new(scan.Error); !errors.As(err, &found) || found.Line < 1 || found.Line > 1+bytes.Count(text, []byte("\n")) {
				t.Fatalf("error %v", err)
			}
			return
		}
		if skipErr != nil {
			t.Fatalf("Skip: %v, but it can be read", skipErr)
		}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		var want any
		if err := decoder.Decode(&want); err != nil {
			t.Fatalf("encoding/json: %v", err)
		}
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		if !bytes.Equal(a, b) {
			t.Fatalf("read %s, encoding/json %s", a, b)
		}
	})
}

// FuzzCSV compares with encoding/csv.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "\"a\"\"b\",\"x\r\ny\"\r\n,\n", "\ufeffa\n\nb", "a\"b", "\"a\"b", "\"a", ",", "a\rb"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		data := bytes.Clone(text)
		s := scan.NewCSV(data)
		var got [][]string
		for {
			record, _, err := s.Record(nil)
			if err != nil {
				if found := new(scan.Error); !errors.As(err, &found) || found.Line < 1 || found.Line > 1+bytes.Count(text, []byte("\n")) {
					t.Fatalf("error %v", err)
				}
				return
			}
			if len(record) == 0 {
				break
			}
			fields := make([]string, len(record))
			for i, span := range record {
				fields[i] = string(span.Of(data))
			}
			got = append(got, fields)
		}
		if bytes.Contains(text, []byte("\r")) {
			return // encoding/csv drops some
		}
		want, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff")))).ReadAll()
		if err != nil {
			t.Fatalf("encoding/csv: %v", err)
		}
		if !slices.EqualFunc(got, want, slices.Equal) {
			t.Fatalf("read %q, encoding/csv %q", got, want)
		}
	})
}

// texts reads any element and returns its texts, those between child elements apart.
func texts(s *scan.XML, data []byte) (string, error) {
	span, err := s.Text()
	return string(span.Of(data)), err
}

// FuzzXML compares the text of an element with encoding/xml.
func FuzzXML(f *testing.F) {
	for _, seed := range []string{
		"<a>x&amp;&#65;&#x1F600;<![CDATA[<b>]]><!-- c -->\r\ny</a>", `<?xml version="1.0"?><a b="1&quot;"/>`, "<a></b>", "<a>&x;</a>", "<!-- c --><a>é</a> ",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		data := bytes.Clone(text)
		s := scan.NewXML(data)
		var got string
		err := s.Document(func([]byte) (err error) {
			got, err = texts(s, data)
			return err
		})
		if err != nil {
			if found := new(scan.Error); !errors.As(err, &found) || found.Line < 1 || found.Line > 1+bytes.Count(text, []byte("\n")) {
				t.Fatalf("error %v", err)
			}
			return
		}
		if !utf8.ValidString(got) {
			t.Fatal("text is not UTF-8")
		}
		decoder := xml.NewDecoder(bytes.NewReader(text))
		decoder.CharsetReader = func(string, io.Reader) (io.Reader, error) { return bytes.NewReader(text), nil }
		var want strings.Builder
		for depth := 0; ; {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return // it is stricter about names and declarations
			}
			switch token := token.(type) {
			case xml.StartElement:
				depth++
			case xml.EndElement:
				depth--
			case xml.CharData:
				if depth > 0 {
					want.Write(token)
				}
			}
		}
		if strings.ReplaceAll(got, "\r", "") != strings.ReplaceAll(want.String(), "\r", "") && !bytes.Contains(text, []byte("\r")) {
			t.Fatalf("read %q, encoding/xml %q", got, want.String())
		}
	})
}

func TestReturn(t *testing.T) {
	data := []byte("{\"items\":\n [\"\\u0041\"],\n\"x\":1}")
	s := scan.NewJSON(data)
	var mark scan.Mark
	err := s.Object(func(name []byte) error {
		if string(name) == "items" {
			mark = s.Mark()
		}
		return s.Skip()
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Return(mark)
	err = s.Array(func() error {
		if s.Line() != 2 {
			t.Errorf("line %d, want 2", s.Line())
		}
		span, err := s.Text()
		if string(span.Of(data)) != "A" {
			t.Errorf("text is %q", span.Of(data))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAttributes(t *testing.T) {
	data := []byte("<a x='1&amp;2' y = \"\n\"><b z=''/></a>")
	s := scan.NewXML(data)
	err := s.Document(func([]byte) error {
		if x, is := s.Attribute("x"); string(x) != "1&2" || !is {
			t.Errorf("x is %q, %v", x, is)
		}
		if y, is := s.Attribute("y"); string(y) != "\n" || !is {
			t.Errorf("y is %q, %v", y, is)
		}
		return s.Children(func(name []byte) error {
			if _, is := s.Attribute("x"); is || string(name) != "b" || s.Line() != 2 {
				t.Errorf("child %q in line %d", name, s.Line())
			}
			return s.Skip()
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDepth(t *testing.T) {
	deep := []byte(strings.Repeat("[", 1_000_000))
	if err := scan.NewJSON(deep).Skip(); err == nil || !strings.Contains(err.Error(), "too deep") {
		t.Errorf("error %v", err)
	}
	s := scan.NewXML([]byte(strings.Repeat("<a>", 1_000_000)))
	if err := s.Document(func([]byte) error { return s.Skip() }); err == nil || !strings.Contains(err.Error(), "too deep") {
		t.Errorf("error %v", err)
	}
}
