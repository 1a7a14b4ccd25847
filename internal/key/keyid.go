package key

import "crypto/sha256"

// KeyID is the id that a key made here carries in minisign's and signify's
// files, where ids are eight bytes beside the key: the first of
//
//	SHA-256("kai minisign key id" ‖ 0x00 ‖ raw public key)
//
// A key that came from such a file keeps the id it came with; this one is for
// the keys that have none.
func (p Public) KeyID() [8]byte {
	sum := sha256.Sum256(append([]byte("kai minisign key id\x00"), p.raw...))
	return [8]byte(sum[:8])
}
