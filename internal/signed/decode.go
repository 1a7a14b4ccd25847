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

// SameTokens reports whether data is written, but for white space between tokens.
func SameTokens(data, written []byte) bool {
	var a, b bytes.Buffer
	return json.Compact(&a, data) == nil && json.Compact(&b, written) == nil && bytes.Equal(a.Bytes(), b.Bytes())
}
