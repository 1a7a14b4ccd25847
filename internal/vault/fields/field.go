package fields

import (
	"errors"
	"fmt"
	"io"
)

// Field is one name with its value. The value may be secret, so that a Field is neither printed
// nor marshalled.
type Field struct {
	Name  string
	Value []byte
}

// errMarshal is what every attempt to encode a Field otherwise than by this package ends with.
var errMarshal = errors.New("field: cannot be marshalled")

// Format writes the name and the length of the value, for every verb.
func (f Field) Format(s fmt.State, _ rune) {
	_, _ = io.WriteString(s, f.String()) // fmt.State reports its errors to fmt
}

// String returns the name and the length of the value.
func (f Field) String() string { return fmt.Sprintf("%q (%d bytes)", f.Name, len(f.Value)) }

// MarshalText returns an error; the usual encoders ask for it before they walk a value.
func (f Field) MarshalText() ([]byte, error) { return nil, errMarshal }

// MarshalBinary returns an error, as MarshalText does.
func (f Field) MarshalBinary() ([]byte, error) { return nil, errMarshal }

// Find returns the value of the field of that name. The slice is that of the list.
func Find(list []Field, name string) (value []byte, ok bool) {
	for i := range list {
		if list[i].Name == name {
			return list[i].Value, true
		}
	}
	return nil, false
}

func validName[T string | []byte](name T) bool {
	if len(name) == 0 || len(name) > MaxName {
		return false
	}
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '.', c == '-':
		default:
			return false
		}
	}
	return true
}
