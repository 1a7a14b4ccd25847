package minisign

import (
	"encoding/binary"
	"fmt"
)

// KeyID is the name that a minisign or signify key carries beside it. It is a
// hint: nothing ties it to the key.
type KeyID [8]byte

// String is the id as minisign prints it: a little-endian number in 16 upper
// case hexadecimal digits.
func (id KeyID) String() string {
	return fmt.Sprintf("%016X", binary.LittleEndian.Uint64(id[:]))
}
