package canon

import (
	"bytes"
	"encoding/json"
)

// Object is an object of other people's JSON: its members by their exact
// names, still encoded. (encoding/json would let "Payload" stand in for
// "payload".) White space around a member's value is not kept.
type Object map[string]json.RawMessage

// ParseObject reads one object that passes [Check]. What the Object then yields
// has one meaning for every reader. The only error is *Error.
func ParseObject(data []byte) (Object, error) {
	if err := Check(data); err != nil {
		return nil, err
	}
	return decodeObject(data)
}

func decodeObject(data []byte) (Object, error) {
	var o Object
	if !isObject(data) || json.Unmarshal(data, &o) != nil {
		return nil, &Error{Offset: -1, Kind: ErrShape, Detail: "not an object"}
	}
	return o, nil
}

func isObject(data []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{"))
}

// Has reports whether there is a member of that name, null or not.
func (o Object) Has(name string) bool {
	_, ok := o[name]
	return ok
}

// String is a member that must be a string, "" if it is absent. The only error
// is *Error.
func (o Object) String(name string) (string, error) {
	return memberOf[string](o, name, '"', "a string")
}

// Objects is a member that must be an array of objects, nil if it is absent.
// The only error is *Error.
func (o Object) Objects(name string) ([]Object, error) {
	raw, err := memberOf[[]json.RawMessage](o, name, '[', "an array")
	if err != nil {
		return nil, err
	}
	list := make([]Object, 0, len(raw))
	for _, data := range raw {
		one, err := decodeObject(data)
		if err != nil {
			return nil, shape(name, "an array of objects")
		}
		list = append(list, one)
	}
	return list, nil
}

// Object is a member that must be an object, nil if it is absent. The only
// error is *Error.
func (o Object) Object(name string) (Object, error) {
	return memberOf[Object](o, name, '{', "an object")
}

// memberOf decodes one member. first tells its kind: encoding/json alone would
// take null for anything.
func memberOf[T any](o Object, name string, first byte, want string) (v T, err error) {
	raw, ok := o[name]
	if !ok {
		return v, nil
	}
	if len(raw) == 0 || raw[0] != first || json.Unmarshal(raw, &v) != nil {
		return v, shape(name, want)
	}
	return v, nil
}

func shape(name, want string) error {
	return &Error{Offset: -1, Kind: ErrShape, Detail: name + " is not " + want}
}
