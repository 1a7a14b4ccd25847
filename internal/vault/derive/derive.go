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
	"encoding"
	"encoding/binary"
	"hash"
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
	m := newMAC()
	defer m.wipe()
	prk := m.sum(&m.prk, vault[:], k, nil)
	// One block is all that 32 bytes need.
	return bytes.Clone(m.sum(&m.out, prk, nil, []byte(prefix+use+"\x00"+strings.Join(ctx, "\x00")+"\x01")))
}

// mac computes HMAC-SHA256 (RFC 2104). All that is secret lies in it, and it in memory that can be
// wiped: a stack that grows leaves what was on it behind.
type mac struct {
	h               hash.Hash
	blocks          [2 * sha256.BlockSize]byte // of a message
	state           [128]byte                  // of a hash
	prk, out, inner [sha256.Size]byte
}

// newMAC is not inlined, and the result therefore not on the stack.
//
//go:noinline
func newMAC() *mac { return &mac{h: sha256.New()} }

func (m *mac) wipe() {
	secret.Forget(m.h)
	secret.Forget(m)
}

// sum is the MAC of a secret, at most maxSecret bytes, or of something public. So is the key.
func (m *mac) sum(out *[sha256.Size]byte, key, secretPart, public []byte) []byte {
	m.hash(&m.inner, key, 0x36, secretPart, public)
	m.hash(out, key, 0x5c, m.inner[:], nil)
	return out[:]
}

// maxSecret is what fits into one block with SHA-256's padding.
const maxSecret = sha256.BlockSize - 9

// stateAt is where the hash value stands in the encoding of a crypto/sha256 state.
const stateAt = len("sha\x03")

// hash is SHA-256 of the padded key and what comes after it.
//
// A hash keeps the end of its input, and its Sum leaves another copy on the stack. What is secret is
// therefore padded here (FIPS 180-4 §5.1.1), to whole blocks that it does not keep, and the hash value
// is then the state itself.
func (m *mac) hash(out *[sha256.Size]byte, key []byte, pad byte, secretPart, public []byte) {
	if len(key) > maxSecret || len(secretPart) > maxSecret {
		panic("derive: longer than a block")
	}
	h := m.h
	h.Reset()
	clear(m.blocks[:])
	first, second := m.blocks[:sha256.BlockSize], m.blocks[sha256.BlockSize:]
	copy(first, key)
	for i := range first {
		first[i] ^= pad
	}
	if secretPart == nil {
		h.Write(first)
		h.Write(public)
		h.Sum(out[:0])
		return
	}
	n := copy(second, secretPart)
	second[n] = 0x80
	binary.BigEndian.PutUint16(second[sha256.BlockSize-2:], uint16(8*(sha256.BlockSize+n)))
	h.Write(m.blocks[:])
	state, err := h.(encoding.BinaryAppender).AppendBinary(m.state[:0])
	if err != nil {
		panic("derive: " + err.Error()) // there is nothing that could fail
	}
	copy(out[:], state[stateAt:])
}

// Commit is HK(k, "commit", ctx): equal for equal keys only, and safe to publish. An unwrapped key is
// compared with it before use, since neither AEAD nor age says which key a ciphertext was made for.
func Commit(k []byte, vault objectid.ID, ctx ...string) [Size]byte {
	return [Size]byte(Key(k, vault, "commit", ctx...))
}
