package signed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"kai/internal/canon"
)

// Decode reads the JSON around objects into v, a pointer to a struct: strict
// JSON, no member that v does not have. What encoding/json forgives beyond that
// (order, case, null) is found by writing v again and comparing, which is the
// caller's part. The errors are ErrMalformed and ErrNewer.
func Decode(data []byte, v any) error {
	if err := canon.Check(data); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	var wrongType *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrongType):
		return fmt.Errorf("%w: byte %d: unexpected type", ErrMalformed, wrongType.Offset)
	}
	// Only an unknown member is left; its name is not worth repeating.
	return fmt.Errorf("%w: unknown member", ErrNewer)
}

// SameTokens reports whether data is written, but for white space between tokens. Both are JSON,
// as after Decode.
func SameTokens(data, written []byte) bool {
	inString, escaped := false, false
	for {
		if !inString {
			data, written = skipSpace(data), skipSpace(written)
		}
		if len(data) == 0 || len(written) == 0 {
			return len(data) == len(written)
		}
		c := data[0]
		if c != written[0] {
			return false
		}
		switch {
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
		case c == '"':
			inString = !inString
		}
		data, written = data[1:], written[1:]
	}
}

// skipSpace cuts off the white space of RFC 8259 §2.
func skipSpace(data []byte) []byte {
	for len(data) > 0 && (data[0] == ' ' || data[0] == '\t' || data[0] == '\n' || data[0] == '\r') {
		data = data[1:]
	}
	return data
}
