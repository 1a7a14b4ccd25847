// Package derive makes the keys of a vault from each other.
//
//	HK(k, use, ctx…) = HKDF-SHA256(secret = k, salt = vault id,
//	                   info = "kai/vault/v1/" ‖ use ‖ 0x00 ‖ ctx joined by 0x00), 32 bytes
//
// (RFC 5869). With no ctx the info ends with the 0x00. A ctx holds no 0x00, so that two lists of
// them never give one info.
package derive

import (
	"crypto/hkdf"
	"crypto/sha256"
	"strings"

	"kai/internal/vault/objectid"
)

// Size is that of every key, in bytes.
const Size = 32

const prefix = "kai/vault/v1/"

// Key is HK. The caller wipes the result.
func Key(k []byte, vault objectid.ID, use string, ctx ...string) []byte {
	for _, c := range ctx {
		if strings.IndexByte(c, 0) >= 0 {
			panic("derive: a zero byte in the context of " + use)
		}
	}
	out, err := hkdf.Key(sha256.New, k, vault[:], prefix+use+"\x00"+strings.Join(ctx, "\x00"), Size)
	if err != nil {
		panic("derive: " + err.Error()) // only for lengths that 32 is not
	}
	return out
}

// Commit is HK(k, "commit", ctx): equal for equal keys only, and safe to publish. An unwrapped key is
// compared with it before use, since neither AEAD nor age says which key a ciphertext was made for.
func Commit(k []byte, vault objectid.ID, ctx ...string) [Size]byte {
	return [Size]byte(Key(k, vault, "commit", ctx...))
}
