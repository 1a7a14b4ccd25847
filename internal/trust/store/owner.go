package store

import (
	"bytes"
	"encoding/json"

	"kai/internal/identity"
)

// OwnerName is what the owner is called, as it stands in the first bytes of a store's file. Nothing is
// verified: it is for what is written beside the identity of a process, where reading a store of many
// thousands would take longer than the command. ok is false where it does not stand there, or not as
// Bytes writes it; Parse and Owner know then.
func OwnerName(start []byte) (name string, ok bool) {
	lines := bytes.Split(start, []byte("\n"))
	if len(lines) < 3 || string(lines[0]) != `{"kai":"`+version+`",` {
		return "", false
	}
	head, ok := bytes.CutPrefix(bytes.TrimSuffix(lines[1], []byte(",")), []byte(`"head":`))
	var h struct {
		Signed struct {
			Owner identity.ID `json:"owner"`
		} `json:"signed"`
	}
	if !ok || json.Unmarshal(head, &h) != nil || h.Signed.Owner.IsZero() {
		return "", false
	}
	whole := bytes.HasSuffix(start, []byte("\n]}\n"))
	var found []entryJSON
	var names []string
	for _, line := range lines[2:] {
		var e entryJSON
		var l Local
		line = bytes.TrimSuffix(line, []byte(","))
		if !bytes.Contains(line, []byte(`"own":`)) || json.Unmarshal(line, &e) != nil || json.Unmarshal(e.Local, &l) != nil || l.Own == "" || l.check() != nil {
			continue
		}
		found, names = append(found, e), append(names, l.Name)
	}
	if whole && len(found) == 1 {
		return names[0], true
	}
	for i := range found {
		if u, err := identity.Parse(found[i].Doc); err == nil && u.ID() == h.Signed.Owner {
			return names[i], true
		}
	}
	return "", false
}
