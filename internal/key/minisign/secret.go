package minisign

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"

	"aead.dev/minisign"

	"kai/internal/key"
	"kai/internal/secret"
)

const (
	secretSize      = 2 + 2 + 2 + 32 + 8 + 8 + 104
	kdfNone         = "\x00\x00"
	kdfScrypt       = "Sc"
	checksumBLAKE2b = "B2"
	plainSize       = 8 + ed25519.PrivateKeySize

	// maxOps and maxMem bound libsodium's costs of scrypt: those of minisign,
	// and of every known file.
	maxOps = 1 << 25
	maxMem = 1 << 30

	secretComment = "minisign encrypted secret key" // as minisign says even where it is not
)

// parseSecret reads the 158 bytes of a secret key.
func parseSecret(data []byte) (key.Entry, error) {
	e := key.Entry{Form: key.FormMinisign}
	sealed := data[54:]
	switch string(data[2:4]) {
	case kdfNone:
		if !bytes.Equal(data[6:54], make([]byte, 48)) || !bytes.Equal(sealed[plainSize:], make([]byte, 32)) {
			return key.Entry{}, fmt.Errorf("minisign secret key: %w: not encrypted, but as if", key.ErrMalformed)
		}
		p, err := parsePlain(sealed[:plainSize])
		if err != nil {
			return key.Entry{}, err
		}
		e.Private, e.Public, e.ID = p, p.Public(), (*[8]byte)(bytes.Clone(sealed[:8]))
		return e, nil
	case kdfScrypt:
		ops, mem := binary.LittleEndian.Uint64(data[38:]), binary.LittleEndian.Uint64(data[46:])
		if ops > maxOps || mem > maxMem {
			return key.Entry{}, fmt.Errorf("minisign secret key: %w: scrypt of higher cost than minisign's", key.ErrType)
		}
		e.Locked = &lock{data: bytes.Clone(data), memory: mem}
		return e, nil
	}
	return key.Entry{}, fmt.Errorf("minisign secret key: %w: key derivation %q", key.ErrType, data[2:4])
}

// parsePlain reads key id, seed and public key.
func parsePlain(plain []byte) (*key.Private, error) {
	p, err := key.PrivateOf(ed25519.PrivateKey(plain[8:]))
	if err != nil {
		return nil, fmt.Errorf("minisign secret key: %w", err)
	}
	return p, nil
}

// lock is an encrypted secret key.
type lock struct {
	data   []byte
	memory uint64
}

// Memory implements key.Lock: scrypt takes what the file says, 16 MiB at least.
func (l *lock) Memory() uint64 { return max(l.memory, 16<<20) + 1<<20 }

// Unlock implements key.Lock.
func (l *lock) Unlock(passphrase *secret.Bytes) ([]key.Entry, error) {
	opened, err := minisign.DecryptKey(string(passphrase.Expose()), appendLines("", l.data))
	if err != nil {
		return nil, fmt.Errorf("minisign secret key: %w", key.ErrPassphrase)
	}
	text, err := opened.MarshalText()
	if err != nil {
		return nil, fmt.Errorf("minisign secret key: %w", err)
	}
	defer secret.Zero(text)
	e, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return []key.Entry{e}, nil
}

// MarshalSecret writes a secret key file, encrypted unless passphrase is nil.
// Encrypting takes 1 GiB of memory: MarshalMemory bytes.
//
// The errors are key.ErrType for keys other than Ed25519, and
// key.ErrPassphrase for an empty passphrase.
func MarshalSecret(p *key.Private, id *[8]byte, passphrase *secret.Bytes) (*secret.Bytes, error) {
	if p.Public().Type() != key.Ed25519 {
		return nil, fmt.Errorf("%w: minisign has no %s keys", key.ErrType, p.Public().Type())
	}
	data := make([]byte, 0, secretSize)
	defer func() { secret.Zero(data[:secretSize]) }()
	data = append(data, algorithm+kdfNone+checksumBLAKE2b...)
	data = append(data, make([]byte, 48)...)
	own := idOf(p.Public(), id)
	data = append(data, own[:]...)
	data = append(data, p.Stored().Expose()...)
	data = append(data, p.Public().Raw()...)
	data = append(data, make([]byte, 32)...)
	text := appendLines(secretComment, data)
	if passphrase == nil {
		return secret.Take(text), nil
	}
	defer secret.Zero(text)
	if passphrase.Len() == 0 {
		return nil, fmt.Errorf("minisign secret key: %w: empty", key.ErrPassphrase)
	}
	var plain minisign.PrivateKey
	if err := plain.UnmarshalText(bytes.TrimSuffix(text, []byte("\n"))); err != nil {
		return nil, fmt.Errorf("minisign secret key: %w", err)
	}
	sealed, err := minisign.EncryptKey(string(passphrase.Expose()), plain)
	if err != nil {
		return nil, fmt.Errorf("minisign secret key: %w", err)
	}
	return secret.Take(append(sealed, '\n')), nil
}

// MarshalMemory is what MarshalSecret allocates when it encrypts, in bytes,
// rounded up.
const MarshalMemory = maxMem + 1<<20
