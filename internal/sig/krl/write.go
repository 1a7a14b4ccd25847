package krl

import (
	"encoding/binary"
	"fmt"
	"slices"

	"kai/internal/key"
	"kai/internal/key/sshwire"
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
	out = sshwire.AppendString(out, "")
	out = sshwire.AppendString(out, h.Comment)
	if len(blobs) == 0 {
		return out, nil
	}
	var body []byte
	for _, b := range blobs {
		body = sshwire.AppendString(body, b)
	}
	return sshwire.AppendString(append(out, sectionKeys), body), nil
}
