package vault

import (
	"crypto/cipher"
	"crypto/sha256"
	"fmt"
	"io"

	"kai/internal/vault/xaes"
)

// innerLayer seals and opens the second layer of credentials, for many of them: it holds the keys of the
// epochs until it is wiped. It is for one goroutine; what aead returns is for any.
type innerLayer struct {
	s    *Space
	keys map[uint32]cipher.AEAD
}

func (s *Space) inner() *innerLayer { return &innerLayer{s, map[uint32]cipher.AEAD{}} }

func (l *innerLayer) wipe() {
	for _, a := range l.keys {
		if a, ok := a.(interface{ Wipe() }); ok {
			a.Wipe()
		}
	}
	clear(l.keys)
}

// aead is the cipher of an epoch. Errors are ErrNeedsUser and ErrDenied.
func (l *innerLayer) aead(epoch uint32) (cipher.AEAD, error) {
	if a := l.keys[epoch]; a != nil {
		return a, nil
	}
	key, err := l.s.credentialKey(epoch)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	a, err := xaes.New(key)
	if err == nil {
		l.keys[epoch] = a
	}
	return a, err
}

// appendInner seals plain, and appends nonce ‖ ciphertext to dst. What binds it are path and clock as they
// are written: a META changes neither.
func (s *Space) appendInner(dst []byte, a cipher.AEAD, m *Meta, random io.Reader, plain []byte) ([]byte, error) {
	at := len(dst)
	dst = append(dst, make([]byte, xaes.NonceSize)...)
	if _, err := io.ReadFull(random, dst[at:]); err != nil {
		return nil, fmt.Errorf("nonce: %w", err)
	}
	return a.Seal(dst, dst[at:], plain, innerAAD(s, m.Path, m.HLC)), nil
}

// openInner opens what appendInner has sealed. The error is ErrTampered.
func (s *Space) openInner(a cipher.AEAD, v *Version, sealed []byte) ([]byte, error) {
	if len(sealed) >= xaes.NonceSize+xaes.Overhead {
		plain, err := a.Open(nil, sealed[:xaes.NonceSize], sealed[xaes.NonceSize:], innerAAD(s, v.Path, v.HLC))
		if err == nil {
			return plain, nil
		}
	}
	return nil, &FileError{spaceFile(s.id, v.at.log.files[v.at.file].logName), v.at.offset, ErrTampered}
}

func innerAAD(s *Space, path, hlc string) []byte {
	sum := sha256.Sum256([]byte(path))
	return append(append(append([]byte{}, s.id[:]...), sum[:]...), hlc...)
}
