package minisign

import (
	"encoding/binary"
	"fmt"
)

// KeyID is the name that a minisign or signify key carries beside it. It is a
// hint: nothing ties it to the key.
type KeyID [8]byte

// String is the id as minisign prints it: a little-endian number in upper case
// hexadecimal digits, at most 16 of them, without leading zeros.
func (id KeyID) String() string {
	return fmt.Sprintf("%X", binary.LittleEndian.Uint64(id[:]))
}
