package openssh

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"slices"

	"kai/internal/key"
	"kai/internal/key/sshwire"
	"kai/internal/secret"
)

// mode is a cipher of private key files: the length of its key and how it
// opens a section in place.
type mode struct {
	keySize, ivSize, tagSize int
	open                     func(block cipher.Block, iv, section []byte) ([]byte, error)
}

// modes are the ciphers read; aes256-ctr is written.
var modes = map[string]mode{
	"aes128-ctr":             {16, 16, 0, openCTR},
	"aes192-ctr":             {24, 16, 0, openCTR},
	"aes256-ctr":             {32, 16, 0, openCTR},
	"aes128-cbc":             {16, 16, 0, openCBC},
	"aes192-cbc":             {24, 16, 0, openCBC},
	"aes256-cbc":             {32, 16, 0, openCBC},
	"aes128-gcm@openssh.com": {16, 12, 16, openGCM},
	"aes256-gcm@openssh.com": {32, 12, 16, openGCM},
}

func openCTR(block cipher.Block, iv, section []byte) ([]byte, error) {
	cipher.NewCTR(block, iv).XORKeyStream(section, section)
	return section, nil
}

func openCBC(block cipher.Block, iv, section []byte) ([]byte, error) {
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(section, section)
	return section, nil
}

func openGCM(block cipher.Block, iv, section []byte) ([]byte, error) {
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return gcm.Open(section[:0], iv, section, nil)
}

// lock is an encrypted private section.
type lock struct {
	container container
	mode      mode
	salt      []byte
	rounds    int
}

func newLock(c *container) (*lock, error) {
	m, ok := modes[c.cipher]
	if !ok || c.kdf != "bcrypt" {
		return nil, fmt.Errorf("OpenSSH private key: %w: cipher %q with %q", key.ErrType, shorten(c.cipher), shorten(c.kdf))
	}
	salt, rest, ok1 := sshwire.CutString(c.kdfOptions)
	rounds, rest, ok2 := sshwire.CutUint32(rest)
	switch {
	case !ok1 || !ok2 || len(rest) != 0 || len(salt) == 0 || len(salt) > maxSalt || rounds == 0,
		len(c.tag) != m.tagSize || len(c.section) == 0 || len(c.section)%aes.BlockSize != 0:
		return nil, fmt.Errorf("OpenSSH private key: %w", key.ErrMalformed)
	case rounds > maxRounds:
		return nil, fmt.Errorf("OpenSSH private key: %w: %d rounds of bcrypt, at most %d", key.ErrType, rounds, maxRounds)
	}
	encrypted := container{public: c.public, section: slices.Concat(c.section, c.tag)}
	return &lock{encrypted, m, bytes.Clone(salt), int(rounds)}, nil
}

// Memory implements key.Lock: bcrypt needs next to nothing.
func (l *lock) Memory() uint64 { return 1 << 20 }

// Unlock implements key.Lock.
func (l *lock) Unlock(passphrase *secret.Bytes) ([]key.Entry, error) {
	derived, err := bcryptPBKDF(passphrase.Expose(), l.salt, l.rounds, l.mode.keySize+l.mode.ivSize)
	if err != nil { // an empty passphrase
		return nil, fmt.Errorf("OpenSSH private key: %w", key.ErrPassphrase)
	}
	defer clear(derived)
	block, err := aes.NewCipher(derived[:l.mode.keySize])
	if err != nil {
		return nil, fmt.Errorf("OpenSSH private key: %w", err)
	}
	section := bytes.Clone(l.container.section)
	defer clear(section)
	plain, err := l.mode.open(block, derived[l.mode.keySize:], section)
	if err != nil || !opened(plain) {
		return nil, fmt.Errorf("OpenSSH private key: %w", key.ErrPassphrase)
	}
	e, err := l.container.open(plain, aes.BlockSize)
	if err != nil {
		return nil, err
	}
	return []key.Entry{e}, nil
}

// opened compares the two check numbers.
func opened(section []byte) bool {
	check1, rest, ok1 := sshwire.CutUint32(section)
	check2, _, ok2 := sshwire.CutUint32(rest)
	return ok1 && ok2 && check1 == check2
}

// sealing is what a new file is encrypted with.
type sealing struct {
	cipher, kdf string
	options     []byte
	blockSize   int
	stream      cipher.Stream
}

func newSealing(passphrase *secret.Bytes, rand io.Reader) (sealing, error) {
	if len(passphrase.Expose()) == 0 {
		return sealing{}, fmt.Errorf("OpenSSH private key: %w: empty", key.ErrPassphrase)
	}
	salt := make([]byte, 16)
	if _, err := io.ReadFull(rand, salt); err != nil {
		return sealing{}, fmt.Errorf("OpenSSH private key: %w", err)
	}
	derived, err := bcryptPBKDF(passphrase.Expose(), salt, Rounds, 32+aes.BlockSize)
	if err != nil {
		return sealing{}, fmt.Errorf("OpenSSH private key: %w", err)
	}
	defer clear(derived)
	block, err := aes.NewCipher(derived[:32])
	if err != nil {
		return sealing{}, errors.Join(key.ErrPassphrase, err)
	}
	return sealing{
		cipher: "aes256-ctr", kdf: "bcrypt", blockSize: aes.BlockSize,
		options: sshwire.AppendUint32(sshwire.AppendString(nil, salt), Rounds),
		stream:  cipher.NewCTR(block, derived[32:]),
	}, nil
}

// shorten keeps foreign words in error texts short; %q escapes them.
func shorten(word string) string {
	if len(word) > 40 {
		return word[:40] + "…"
	}
	return word
}
