package checkpoint

import (
	"encoding/binary"
	"fmt"
)

// message returns what the signature of the key is over, for a note's body and
// the time of the signature in seconds since 1970.
//
// The error is ErrMalformed: only checkpoints are signed, so that no signature
// of these keys can be taken for one of something else. Type 0x01 needs that
// most, since it signs the text as it stands.
func (v *Verifier) message(seconds uint64, body []byte) ([]byte, error) {
	c, err := Parse(body)
	if err != nil {
		return nil, err
	}
	switch v.typ {
	case Cosignature:
		return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", seconds, body), nil
	case MLDSA44:
		return subtree(v.name, seconds, c), nil
	}
	return body, nil // of Ed25519: newVerifier knows no fourth type
}

// subtree is the structure cosigned_message of tlog-cosignature for a whole
// tree. Both strings have at most MaxName bytes.
func subtree(name string, seconds uint64, c Checkpoint) []byte {
	m := []byte("subtree/v1\n\x00")
	m = append(m, byte(len(name)))
	m = append(m, name...)
	m = binary.BigEndian.AppendUint64(m, seconds)
	m = append(m, byte(len(c.Origin)))
	m = append(m, c.Origin...)
	m = binary.BigEndian.AppendUint64(m, 0)
	m = binary.BigEndian.AppendUint64(m, c.Size)
	return append(m, c.Root[:]...)
}
