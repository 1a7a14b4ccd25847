package openssh

import (
	"crypto/sha512"
	"encoding/binary"
	"fmt"

	//lint:ignore SA1019 bcrypt is made of it
	"golang.org/x/crypto/blowfish"
)

// bcryptPBKDF derives size bytes (1 to 1024) from a passphrase and a salt,
// neither empty: bcrypt_pbkdf of OpenBSD. It is PBKDF2 with bcrypt over SHA-512
// in the place of HMAC, and the output bytes of the blocks interleaved.
//
// The module's own copy in golang.org/x/crypto/ssh is not exported.
func bcryptPBKDF(passphrase, salt []byte, rounds, size int) ([]byte, error) {
	if len(passphrase) == 0 || len(salt) == 0 || rounds < 1 || size < 1 || size > 1024 {
		return nil, fmt.Errorf("bcrypt_pbkdf: parameters out of range")
	}
	const blockSize = 32
	blocks := (size + blockSize - 1) / blockSize
	secret := sha512.Sum512(passphrase)
	out := make([]byte, blocks*blockSize)
	for n := range blocks {
		seed := sha512.Sum512(binary.BigEndian.AppendUint32(append([]byte{}, salt...), uint32(n+1)))
		block, err := bcryptHash(&secret, &seed)
		if err != nil {
			return nil, err
		}
		sum := block
		for range rounds - 1 {
			seed = sha512.Sum512(block[:])
			if block, err = bcryptHash(&secret, &seed); err != nil {
				return nil, err
			}
			for i := range sum {
				sum[i] ^= block[i]
			}
		}
		for i, b := range sum {
			out[i*blocks+n] = b
		}
	}
	clear(secret[:])
	return out[:size], nil
}

// bcryptHash encrypts a constant 64 times under a key schedule that was
// expanded 64 times with both inputs. Words are written in little-endian order.
func bcryptHash(secret, salt *[64]byte) (out [32]byte, err error) {
	c, err := blowfish.NewSaltedCipher(secret[:], salt[:])
	if err != nil {
		return out, fmt.Errorf("bcrypt_pbkdf: %w", err)
	}
	for range 64 {
		blowfish.ExpandKey(salt[:], c)
		blowfish.ExpandKey(secret[:], c)
	}
	copy(out[:], "OxychromaticBlowfishSwatDynamite")
	for i := 0; i < len(out); i += blowfish.BlockSize {
		for range 64 {
			c.Encrypt(out[i:], out[i:])
		}
	}
	for i := 0; i < len(out); i += 4 {
		binary.LittleEndian.PutUint32(out[i:], binary.BigEndian.Uint32(out[i:]))
	}
	return out, nil
}
