//go:build unix

package secondtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// maxInt is the largest number, either way.
const maxInt = 1<<53 - 1

// object parses an object in canonical JSON, RFC 8785 with integers only, that
// has exactly the named members. Integers become int64.
func object(data []byte, members ...string) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var o map[string]any
	if err := dec.Decode(&o); err != nil {
		return nil, err
	}
	v, err := integers(o)
	if err != nil {
		return nil, err
	}
	o, _ = v.(map[string]any)
	var b strings.Builder
	encode(&b, o)
	if b.String() != string(data) {
		return nil, errors.New("not canonical JSON")
	}
	slices.Sort(members)
	if have := slices.Sorted(maps.Keys(o)); !slices.Equal(have, members) {
		return nil, fmt.Errorf("members %q, not %q", have, members)
	}
	return o, nil
}

// integers replaces each number by an int64.
func integers(v any) (any, error) {
	var err error
	switch v := v.(type) {
	case nil:
		return nil, errors.New("a null")
	case string:
		if strings.ContainsFunc(v, unicode.IsControl) {
			return nil, errors.New("a control character")
		}
	case json.Number:
		i, err := strconv.ParseInt(v.String(), 10, 64)
		if err != nil || i > maxInt || i < -maxInt {
			return nil, fmt.Errorf("%s is no integer of 53 bits", v)
		}
		return i, nil
	case []any:
		for i := range v {
			if v[i], err = integers(v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k := range v {
			if v[k], err = integers(v[k]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// encode writes canonical JSON. Members are sorted by bytes, which for the names
// here is the order of RFC 8785.
func encode(b *strings.Builder, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case int64:
		b.WriteString(strconv.FormatInt(v, 10))
	case string:
		encodeString(b, v)
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			encode(b, e)
		}
		b.WriteByte(']')
	case map[string]any:
		b.WriteByte('{')
		for i, k := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b.WriteByte(',')
			}
			encodeString(b, k)
			b.WriteByte(':')
			encode(b, v[k])
		}
		b.WriteByte('}')
	}
}

func encodeString(b *strings.Builder, s string) {
	short := map[rune]string{'"': `\"`, '\\': `\\`, '\b': `\b`, '\t': `\t`, '\n': `\n`, '\f': `\f`, '\r': `\r`}
	b.WriteByte('"')
	for _, r := range s {
		if e := short[r]; e != "" {
			b.WriteString(e)
		} else if r < 0x20 {
			fmt.Fprintf(b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}
