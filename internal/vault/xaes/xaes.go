package xaes

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"

	"kai/internal/secret"
)

const (
	// KeySize is the length of a key in bytes.
	KeySize = 32
	// NonceSize is the length of a nonce in bytes.
	NonceSize = 24
	// Overhead is by how many bytes a ciphertext with its tag is longer than the plaintext.
	Overhead = 16
)

var (
	// ErrOpen: the key, nonce, ciphertext and associated data do not belong together.
	ErrOpen = errors.New("message authentication failed")
	// ErrKeySize: a key that has not KeySize bytes.
	ErrKeySize = errors.New("key of the wrong length")
)

// aead holds a key as AES's round keys, and K1.
type aead struct {
	block cipher.Block
	k1    [aes.BlockSize]byte
}

// Wipe forgets the key. The AEAD must not be in use, and is of no use afterwards.
func (a *aead) Wipe() {
	secret.Forget(a.block)
	clear(a.k1[:])
}

// New returns XAES-256-GCM under key, which has KeySize bytes and is not kept. The AEAD may be
// used from several goroutines; like those of the standard library it appends to dst, works in
// place and panics when a nonce has not NonceSize bytes. Its method Wipe, of no interface here,
// forgets the key.
//
// The error is ErrKeySize. Open fails with ErrOpen.
func New(key []byte) (cipher.AEAD, error) {
	a, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	return a, nil
}

func newAEAD(key []byte) (*aead, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("%w: %d bytes instead of %d", ErrKeySize, len(key), KeySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	a := &aead{block: block}
	a.block.Encrypt(a.k1[:], a.k1[:])
	double(&a.k1)
	return a, nil
}

// double multiplies by x in GF(2¹²⁸), as CMAC does for its subkey K1 (SP 800-38B §6.1). The
// reduction is by arithmetic: L is secret.
func double(l *[aes.BlockSize]byte) {
	msb := l[0] >> 7
	for i := range l[:aes.BlockSize-1] {
		l[i] = l[i]<<1 | l[i+1]>>7
	}
	last := &l[aes.BlockSize-1]
	*last = *last<<1 ^ 0x87&-msb
}

func (a *aead) NonceSize() int { return NonceSize }

func (a *aead) Overhead() int { return Overhead }

func (a *aead) Seal(dst, nonce, plaintext, additionalData []byte) []byte {
	gcm := a.derive(nonce)
	defer secret.Forget(gcm)
	return gcm.Seal(dst, nonce[12:], plaintext, additionalData)
}

func (a *aead) Open(dst, nonce, ciphertext, additionalData []byte) ([]byte, error) {
	gcm := a.derive(nonce)
	defer secret.Forget(gcm)
	plaintext, err := gcm.Open(dst, nonce[12:], ciphertext, additionalData)
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}

// derive returns AES-256-GCM under Kx.
func (a *aead) derive(nonce []byte) cipher.AEAD {
	if len(nonce) != NonceSize {
		panic("xaes: nonce of the wrong length")
	}
	var kx [KeySize]byte
	for half, counter := 0, byte(1); half < KeySize; half, counter = half+aes.BlockSize, counter+1 {
		m := kx[half : half+aes.BlockSize]
		copy(m, []byte{0, counter, 'X', 0})
		copy(m[4:], nonce[:12])
		subtle.XORBytes(m, m, a.k1[:])
		a.block.Encrypt(m, m)
	}
	block, err := aes.NewCipher(kx[:])
	clear(kx[:])
	if err != nil {
		panic("xaes: " + err.Error()) // only lengths are refused
	}
	gcm, err := cipher.NewGCM(block) // which keeps a copy
	secret.Forget(block)
	if err != nil {
		panic("xaes: " + err.Error()) // GODEBUG=fips140=only, in which kai does not run
	}
	return gcm
}

// Seal encrypts one record under key and appends nonce ‖ ciphertext ‖ tag, which are
// NonceSize + len(plaintext) + Overhead bytes, to dst. random gives the nonce. plaintext must
// not overlap the room behind dst.
//
// The errors are ErrKeySize and those of random, with dst untouched.
func Seal(key []byte, random io.Reader, dst, plaintext, additionalData []byte) ([]byte, error) {
	a, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	defer a.Wipe()
	nonce := make([]byte, NonceSize)
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, fmt.Errorf("nonce: %w", err)
	}
	return a.Seal(append(dst, nonce...), nonce, plaintext, additionalData), nil
}

// Open decrypts a record that Seal made and appends the plaintext to dst.
//
// The errors are ErrKeySize and ErrOpen, which a record too short to be one has too.
func Open(key, dst, sealed, additionalData []byte) ([]byte, error) {
	a, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	defer a.Wipe()
	if len(sealed) < NonceSize+Overhead {
		return nil, ErrOpen
	}
	return a.Open(dst, sealed[:NonceSize], sealed[NonceSize:], additionalData)
}
