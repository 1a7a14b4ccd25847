// Package derive makes the keys of a vault from each other.
//
//	HK(k, use, ctx…) = HKDF-SHA256(secret = k, salt = vault id,
//	                   info = "kai/vault/v1/" ‖ use ‖ 0x00 ‖ ctx joined by 0x00), 32 bytes
//
// (RFC 5869). With no ctx the info ends with the 0x00. A ctx holds no 0x00, so that two lists of
// them never give one info.
//
// It is not crypto/hkdf's: that leaves k in the buffers of hashes that nobody can reach, and they lie
// in memory, and maybe in swap, until the program ends. The SHA-256 below is the library's.
package derive

import (
	"bytes"
	"crypto/sha256"
	"strings"

	"kai/internal/secret"
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
	var mac mac
	defer clear(mac.buf[:])
	prk := mac.sum(vault[:], k, nil)
	defer clear(prk[:])
	// One block is all that 32 bytes need.
	out := mac.sum(prk[:], nil, []byte(prefix+use+"\x00"+strings.Join(ctx, "\x00")+"\x01"))
	defer clear(out[:])
	return bytes.Clone(out[:])
}

// mac computes HMAC-SHA256 (RFC 2104) in memory that is wiped.
type mac struct{ buf [2 * sha256.BlockSize]byte }

// sum is the MAC of secret ‖ public. The key has at most a block's length, and so has the secret.
func (m *mac) sum(key, secretPart, public []byte) (out [sha256.Size]byte) {
	m.hash(&out, key, 0x36, secretPart, public)
	inner := out
	defer clear(inner[:])
	m.hash(&out, key, 0x5c, inner[:], nil)
	return out
}

// hash is SHA-256 of the padded key and two parts. What is secret goes to the hash in blocks, which it
// does not keep; and what it keeps is overwritten.
func (m *mac) hash(out *[sha256.Size]byte, key []byte, pad byte, secretPart, public []byte) {
	clear(m.buf[:])
	n := copy(m.buf[:sha256.BlockSize], key)
	if n < len(key) || len(secretPart) > sha256.BlockSize {
		panic("derive: longer than a block")
	}
	for i := range m.buf[:sha256.BlockSize] {
		m.buf[i] ^= pad
	}
	n = sha256.BlockSize + copy(m.buf[sha256.BlockSize:], secretPart)
	h := sha256.New()
	defer secret.Forget(h)
	h.Write(m.buf[:n])
	h.Write(public)
	h.Sum(out[:0])
}

// Commit is HK(k, "commit", ctx): equal for equal keys only, and safe to publish. An unwrapped key is
// compared with it before use, since neither AEAD nor age says which key a ciphertext was made for.
func Commit(k []byte, vault objectid.ID, ctx ...string) [Size]byte {
	return [Size]byte(Key(k, vault, "commit", ctx...))
}
