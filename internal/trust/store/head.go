package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"

	"kai/internal/canon"
	"kai/internal/identity"
	"kai/internal/signed"
)

// headJSON is the signed object of a head.
type headJSON struct {
	Covers  map[string]cover `json:"covers"`
	Created signed.Time      `json:"created"`
	Number  int64            `json:"number"`
	Owner   identity.ID      `json:"owner"`
	Prev    signed.Digest    `json:"prev,omitzero"`
	Type    signed.Type      `json:"type"`
	V       int              `json:"v"`
}

// cover says how many entries of a section are sealed, and what they are:
// [2,"sha256:…"].
type cover struct {
	n   int64
	sum signed.Digest
}

// MarshalJSON writes the array of two.
func (c cover) MarshalJSON() ([]byte, error) { return json.Marshal([2]any{c.n, c.sum}) }

// UnmarshalJSON reads what MarshalJSON writes. The error is ErrMalformed.
func (c *cover) UnmarshalJSON(data []byte) error {
	var parts []json.RawMessage
	if json.Unmarshal(data, &parts) != nil || len(parts) != 2 ||
		json.Unmarshal(parts[0], &c.n) != nil || json.Unmarshal(parts[1], &c.sum) != nil {
		return malformed("covers")
	}
	return nil
}

// coverOf covers the first n of some entries, which have no white space between
// tokens.
func coverOf(entries [][]byte, n int64) cover {
	h := sha256.New()
	for _, e := range entries[:n] {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(e))))
		h.Write(e)
	}
	return cover{n, signed.Digest(h.Sum(nil))}
}

// parseHead reads a head, and checks all that can be checked without its owner.
func parseHead(raw []byte) (*signed.Envelope, *headJSON, error) {
	e, err := signed.Parse(raw)
	if err != nil {
		return nil, nil, err
	}
	if e.Type() != signed.StoreHead {
		return nil, nil, malformed("head of type %s", e.Type())
	}
	var h headJSON
	if err := canon.Unmarshal(e.Unverified(), &h); err != nil {
		return nil, nil, signed.Malformed("head", err)
	}
	switch {
	case h.Number < 1 || h.Number > canon.MaxInteger:
		return nil, nil, malformed("head number %d", h.Number)
	case h.Owner.IsZero() || h.Created.IsZero():
		return nil, nil, malformed("head without an owner or time")
	case (h.Number == 1) != h.Prev.IsZero():
		return nil, nil, malformed("head %d and the one before it", h.Number)
	}
	for section := range h.Covers {
		if section != identitiesSection {
			return nil, nil, newerSection(section)
		}
	}
	return e, &h, nil
}

// holds reports whether a cover is that of some entries.
func (c cover) holds(entries [][]byte) bool {
	if c.n < 0 || c.n > int64(len(entries)) {
		return false
	}
	is := coverOf(entries, c.n)
	return bytes.Equal(is.sum[:], c.sum[:])
}
