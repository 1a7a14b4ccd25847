package canon

import (
	"bytes"
	"encoding/json"
)

// AppendElement adds element to the array that is data's member of that name,
// and makes the array if there is none. All other bytes of data stay as they
// are: a file that people read keeps its order and its line breaks.
//
// data is one object that passes [Check]; element is one JSON value. The only
// error is *Error.
func AppendElement(data []byte, name string, element []byte) ([]byte, error) {
	o, err := ParseObject(data)
	if err != nil {
		return nil, err
	}
	if raw, ok := o[name]; ok && raw[0] != '[' {
		return nil, shape(name, "an array")
	}
	at, first := endOfMember(data, name)
	insert := element
	if !o.Has(name) {
		insert = append(append(quote(name), ":["...), element...)
		insert = append(insert, ']')
	}
	out := bytes.TrimRight(data[:at], " \t\r\n")
	out = out[:len(out):len(out)]
	gap := data[len(out):at]
	if !first {
		out = append(out, ',')
	}
	out = append(append(out, insert...), gap...)
	return append(out, data[at:]...), nil
}

// endOfMember is the offset of the bracket that closes the named array or, if
// there is none, of the brace that closes data, and whether nothing stands
// before it. data must have been checked: every error is impossible.
func endOfMember(data []byte, name string) (at int, first bool) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.Token() // {
	empty := true
	for dec.More() {
		empty = false
		key, _ := dec.Token()
		var value json.RawMessage
		dec.Decode(&value)
		if key == name {
			elements := bytes.Trim(value[1:len(value)-1], " \t\r\n")
			return int(dec.InputOffset()) - 1, len(elements) == 0
		}
	}
	dec.Token() // }
	return int(dec.InputOffset()) - 1, empty
}

func quote(s string) []byte {
	q, _ := json.Marshal(s)
	return q
}
