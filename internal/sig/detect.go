package sig

import (
	"bytes"
	"encoding/json"
)

// MemberNames lists the members of the JSON object that head starts with, one
// level deep and as far as head shows them: what JSON formats are told apart
// by. whole reports that the object ends within head, so that no further member
// can follow. Nothing else about head is checked.
func MemberNames(head []byte) (names map[string]bool, whole bool) {
	names = map[string]bool{}
	if !bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("{")) {
		return names, false
	}
	dec := json.NewDecoder(bytes.NewReader(head))
	dec.UseNumber()
	for depth, isName := 0, false; ; {
		token, err := dec.Token()
		if err != nil {
			return names, false
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
			isName = depth == 1
			continue
		case json.Delim('}'), json.Delim(']'):
			depth--
			if depth == 0 {
				return names, true
			}
			isName = depth == 1
			continue
		}
		if depth == 1 {
			if isName {
				names[token.(string)] = true
			}
			isName = !isName
		}
	}
}
