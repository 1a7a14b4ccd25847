package krl

import (
	"encoding/binary"
	"fmt"
	"slices"

	"kai/internal/key"
)

// Write makes a list of keys. The same header and set of keys give the same
// bytes.
//
// The error is key.ErrType for a key that OpenSSH has no blob for.
func Write(h Header, keys []key.Public) ([]byte, error) {
	blobs := make([]string, 0, len(keys))
	for _, k := range keys {
		if k.Type().SSHName() == "" {
			return nil, fmt.Errorf("%w: OpenSSH does not know %s keys", key.ErrType, k.Type())
		}
		blobs = append(blobs, string(k.Wire()))
	}
	slices.Sort(blobs)
	blobs = slices.Compact(blobs)

	out := binary.BigEndian.AppendUint32([]byte(magic), formatVersion)
	out = binary.BigEndian.AppendUint64(out, h.Version)
	out = binary.BigEndian.AppendUint64(out, uint64(h.Generated.Unix()))
	out = binary.BigEndian.AppendUint64(out, 0)
	out = appendString(out, nil)
	out = appendString(out, []byte(h.Comment))
	if len(blobs) == 0 {
		return out, nil
	}
	var body []byte
	for _, b := range blobs {
		body = appendString(body, []byte(b))
	}
	return appendString(append(out, sectionKeys), body), nil
}
