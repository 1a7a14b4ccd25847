package flatjson

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"kai/internal/vault/transfer"
	"kai/internal/vault/transfer/scan"
)

// Read reads a file.
//
// The errors are those of package transfer: ErrMalformed, as *SyntaxError, ErrPath for
// two members that become the same path, and ErrLimit.
func Read(ctx context.Context, source transfer.Source, _ transfer.Options) (*transfer.Store, error) {
	b := transfer.NewBuilder(source.Name, false)
	defer b.Abort()
	data, part, err := b.ReadAll(source.Reader, source.Size)
	if err != nil {
		return nil, err
	}
	s := scan.NewJSON(data)
	r := reader{Builder: b, JSON: s, data: data, part: part}
	err = s.Object(func(path []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return r.item(string(path))
	})
	if err == nil {
		err = s.End()
	}
	if err != nil {
		return nil, b.Fail(s.Line(), err)
	}
	return b.Done(), nil
}

type reader struct {
	*transfer.Builder
	*scan.JSON
	data []byte
	part int
	last string // name of a field: many items have the same
}

func (r *reader) item(path string) error {
	item := transfer.Item{Line: r.JSON.Line()}
	add := func(name string) error {
		value, err := r.value(len(item.Fields) > 0 || name != "")
		if name == "" {
			name = "value"
		}
		item.Fields = append(item.Fields, transfer.Field{Name: name, Value: value})
		return err
	}
	var err error
	if r.Kind() == '{' {
		err = r.Object(func(name []byte) error {
			if len(name) == 0 {
				return r.JSON.Fail("field without a name")
			}
			if string(name) != r.last {
				r.last = string(name)
			}
			return add(r.last)
		})
	} else {
		err = add("")
	}
	if err != nil {
		return fmt.Errorf("%w", err)
	}
	if len(item.Fields) == 0 {
		return r.JSON.Fail("item without a field")
	}
	segments := strings.Split(path, "/")
	return r.Add(item, segments[:len(segments)-1], segments[len(segments)-1])
}

// value reads the value of a field, or of an item that has but one.
func (r *reader) value(inField bool) (transfer.Value, error) {
	var span scan.Span
	var err error
	switch r.Kind() {
	case '"':
		span, err = r.Text()
	case '0', 't', 'f':
		span, err = r.Literal()
	case '{':
		if inField {
			return r.base64()
		}
		fallthrough
	default:
		err = r.JSON.Fail("neither a text nor a number, true or false where a value belongs")
	}
	if err != nil {
		return transfer.Value{}, err
	}
	return r.Arena().At(r.part, span), nil
}

// base64 reads {"base64": "…"} and decodes it in place.
func (r *reader) base64() (transfer.Value, error) {
	var span scan.Span
	members := 0
	err := r.Object(func(name []byte) error {
		if members++; string(name) != "base64" {
			return r.JSON.Fail(`member other than "base64" in the place of a value`)
		}
		var err error
		span, err = r.Text()
		return err
	})
	if err != nil {
		return transfer.Value{}, err
	}
	if members == 0 {
		return transfer.Value{}, r.JSON.Fail("empty object in the place of a value")
	}
	text := span.Of(r.data)
	n, err := base64.StdEncoding.Strict().Decode(text, text)
	if err != nil {
		return transfer.Value{}, r.JSON.Fail("malformed base64")
	}
	span.End = span.Start + n
	return r.Arena().At(r.part, span), nil
}
