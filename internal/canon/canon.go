package canon

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// Transform returns the RFC 8785 form of other people's JSON.
//
// data is one JSON value, with white space around it allowed. The result is a
// new slice; transforming it again changes nothing. The only error is *Error.
// Callers bound the length of data: time and memory are proportional to it.
func Transform(data []byte) ([]byte, error) {
	return canonical(data, rules{maxDepth: MaxDepth})
}

// Check reports what would keep [Transform] from succeeding. It is for bytes
// that another JSON library is going to read: what that library would repair,
// round or choose between is refused here.
func Check(data []byte) error {
	_, err := Transform(data)
	return err
}

// Marshal returns the canonical bytes of one of kai's own documents, for v as
// encoding/json sees it.
//
// An empty value that must be absent needs omitempty or omitzero: null is an
// error, as are the other things that documents do not hold, and Go strings that
// are not UTF-8. Errors are *Error, with offsets into the bytes that
// encoding/json made, or come from a MarshalJSON method.
func Marshal(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return canonical(data, rules{maxDepth: MaxDocumentDepth, document: true, encoded: true})
}

// Unmarshal decodes one of kai's own documents into v.
//
// data must be exactly what [Marshal] returns for the value decoded. So data is
// canonical, nothing follows it, its names are spelt as in the type's tags, and
// nothing in it was ignored or filled in. On error *v is unchanged. Errors are
// *Error or come from an UnmarshalJSON or UnmarshalText method.
func Unmarshal[T any](data []byte, v *T) error {
	want, err := canonical(data, rules{maxDepth: MaxDocumentDepth, document: true})
	if err != nil {
		return err
	}
	if !bytes.Equal(data, want) {
		return &Error{Offset: difference(data, want), Kind: ErrSpelling}
	}
	var decoded T
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&decoded); err != nil {
		return decodeError(err)
	}
	// encoding/json matches names without regard to case, keeps zero values
	// apart from absent ones only if told to, and leaves nested UnmarshalJSON
	// methods to their own rules. What is written back the same was read right.
	again, err := Marshal(decoded)
	if err != nil {
		return err
	}
	if !bytes.Equal(data, again) {
		return &Error{Offset: difference(data, again), Kind: ErrShape}
	}
	*v = decoded
	return nil
}

// difference returns the offset of the first byte in which a and b differ.
func difference(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// decodeError gives an error of encoding/json a kind, and keeps foreign bytes
// out of its text.
func decodeError(err error) error {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		return &Error{Offset: int(wrongType.Offset), Kind: ErrShape, Detail: wrongType.Field}
	}
	// There is no error type for this one. If the words ever change, the error
	// is still an error.
	if quoted, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		name, unquoteErr := strconv.Unquote(quoted)
		if unquoteErr != nil {
			name = quoted
		}
		if len(name) > maxNameShown {
			name = name[:maxNameShown]
		}
		return &Error{Offset: -1, Kind: ErrUnknown, Detail: strconv.QuoteToASCII(name)}
	}
	return err
}
