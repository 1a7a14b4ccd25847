package pkix

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // HMAC-SHA-1, to read what OpenSSL 1.0 wrote
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"fmt"
	"hash"
	"io"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"kai/internal/key"
	"kai/internal/secret"
)

// RFC 8018 appendix A and C.
var (
	oidPBES2      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidHMACSHA1   = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 7}
	oidHMACSHA224 = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 8}
	oidHMACSHA256 = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}
	oidHMACSHA384 = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 10}
	oidHMACSHA512 = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 11}
	oidAES128CBC  = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 2}
	oidAES192CBC  = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 22}
	oidAES256CBC  = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
)

// prfOf is the hash of a pseudorandom function of PBKDF2, nil when it is not known.
func prfOf(id asn1.ObjectIdentifier) func() hash.Hash {
	switch {
	case id.Equal(oidHMACSHA1):
		return sha1.New
	case id.Equal(oidHMACSHA224):
		return sha256.New224
	case id.Equal(oidHMACSHA256):
		return sha256.New
	case id.Equal(oidHMACSHA384):
		return sha512.New384
	case id.Equal(oidHMACSHA512):
		return sha512.New
	}
	return nil
}

// cipherKey is the size of a cipher's key in bytes, 0 when the cipher is not known.
func cipherKey(id asn1.ObjectIdentifier) int {
	switch {
	case id.Equal(oidAES128CBC):
		return 16
	case id.Equal(oidAES192CBC):
		return 24
	case id.Equal(oidAES256CBC):
		return 32
	}
	return 0
}

// lock is an EncryptedPrivateKeyInfo.
type lock struct {
	prf        func() hash.Hash
	salt       []byte
	iterations int
	keySize    int
	iv         []byte
	data       []byte
}

// ParseEncrypted reads an encrypted PKCS#8 structure. der is not kept.
//
// The errors are key.ErrMalformed and key.ErrType.
func ParseEncrypted(der []byte) (key.Entry, error) {
	l, err := parseLock(der)
	if err != nil {
		return key.Entry{}, fmt.Errorf("encrypted PKCS#8: %w", err)
	}
	return key.Entry{Form: key.FormPEM, Locked: l}, nil
}

func parseLock(der []byte) (*lock, error) {
	input := cryptobyte.String(der)
	var info, id, parameters, data cryptobyte.String
	var scheme asn1.ObjectIdentifier
	if !input.ReadASN1(&info, casn1.SEQUENCE) || !input.Empty() ||
		!info.ReadASN1(&id, casn1.SEQUENCE) || !id.ReadASN1ObjectIdentifier(&scheme) {
		return nil, key.ErrMalformed
	}
	if !scheme.Equal(oidPBES2) {
		return nil, fmt.Errorf("%w: encryption %s", key.ErrType, scheme)
	}
	if !id.ReadASN1(&parameters, casn1.SEQUENCE) || !id.Empty() ||
		!info.ReadASN1(&data, casn1.OCTET_STRING) || !info.Empty() {
		return nil, key.ErrMalformed
	}
	l := &lock{data: bytes.Clone(data)}
	claimed, err := l.readKDF(&parameters)
	if err != nil {
		return nil, err
	}
	if err := l.readCipher(&parameters); err != nil {
		return nil, err
	}
	if !parameters.Empty() || claimed != 0 && claimed != l.keySize || len(data) == 0 || len(data)%aes.BlockSize != 0 {
		return nil, key.ErrMalformed
	}
	return l, nil
}

// readKDF reads the parameters of PBKDF2. It returns the length of key they
// announce, 0 for none.
func (l *lock) readKDF(s *cryptobyte.String) (keySize int, err error) {
	var id, parameters, salt cryptobyte.String
	var kdf asn1.ObjectIdentifier
	if !s.ReadASN1(&id, casn1.SEQUENCE) || !id.ReadASN1ObjectIdentifier(&kdf) {
		return 0, key.ErrMalformed
	}
	if !kdf.Equal(oidPBKDF2) {
		return 0, fmt.Errorf("%w: key derivation %s", key.ErrType, kdf)
	}
	var rounds int64
	if !id.ReadASN1(&parameters, casn1.SEQUENCE) || !id.Empty() || !parameters.ReadASN1(&salt, casn1.OCTET_STRING) ||
		!parameters.ReadASN1Integer(&rounds) || len(salt) > maxSalt || rounds < 1 {
		return 0, key.ErrMalformed
	}
	if rounds > maxIterations {
		return 0, fmt.Errorf("%w: %d iterations of PBKDF2, at most %d", key.ErrType, rounds, maxIterations)
	}
	if parameters.PeekASN1Tag(casn1.INTEGER) && (!parameters.ReadASN1Integer(&keySize) || keySize < 1) {
		return 0, key.ErrMalformed
	}
	prf := oidHMACSHA1 // the default
	if !parameters.Empty() {
		var name, null cryptobyte.String
		if !parameters.ReadASN1(&name, casn1.SEQUENCE) || !parameters.Empty() || !name.ReadASN1ObjectIdentifier(&prf) ||
			!name.Empty() && (!name.ReadASN1(&null, casn1.NULL) || !null.Empty() || !name.Empty()) {
			return 0, key.ErrMalformed
		}
	}
	if l.prf = prfOf(prf); l.prf == nil {
		return 0, fmt.Errorf("%w: PBKDF2 with %s", key.ErrType, prf)
	}
	l.salt, l.iterations = bytes.Clone(salt), int(rounds)
	return keySize, nil
}

func (l *lock) readCipher(s *cryptobyte.String) error {
	var id, iv cryptobyte.String
	var name asn1.ObjectIdentifier
	if !s.ReadASN1(&id, casn1.SEQUENCE) || !id.ReadASN1ObjectIdentifier(&name) {
		return key.ErrMalformed
	}
	if l.keySize = cipherKey(name); l.keySize == 0 {
		return fmt.Errorf("%w: cipher %s", key.ErrType, name)
	}
	if !id.ReadASN1(&iv, casn1.OCTET_STRING) || !id.Empty() || len(iv) != aes.BlockSize {
		return key.ErrMalformed
	}
	l.iv = bytes.Clone(iv)
	return nil
}

// Memory implements key.Lock: PBKDF2 needs next to nothing.
func (l *lock) Memory() uint64 { return 1 << 20 }

// Unlock implements key.Lock.
func (l *lock) Unlock(passphrase *secret.Bytes) ([]key.Entry, error) {
	wrong := fmt.Errorf("encrypted PKCS#8: %w", key.ErrPassphrase)
	block, err := cipherOf(l.prf, passphrase, l.salt, l.iterations, l.keySize)
	if err != nil {
		return nil, err
	}
	plain := bytes.Clone(l.data)
	defer secret.Zero(plain)
	cipher.NewCBCDecrypter(block, l.iv).CryptBlocks(plain, plain)
	der, ok := cutPadding(plain)
	if !ok || !isSequence(der) {
		return nil, wrong
	}
	p, err := ParsePrivate(der)
	if err != nil {
		return nil, err
	}
	return []key.Entry{{Form: key.FormPEM, Public: p.Public(), Private: p}}, nil
}

func cipherOf(prf func() hash.Hash, passphrase *secret.Bytes, salt []byte, iterations, size int) (cipher.Block, error) {
	derived, err := pbkdf2.Key(prf, string(passphrase.Expose()), salt, iterations, size)
	if err != nil {
		return nil, fmt.Errorf("encrypted PKCS#8: %w", err)
	}
	defer secret.Zero(derived)
	return aes.NewCipher(derived)
}

// cutPadding removes the n bytes n at the end, n from 1 to 16.
func cutPadding(b []byte) ([]byte, bool) {
	n := int(b[len(b)-1])
	if n == 0 || n > aes.BlockSize || n > len(b) {
		return nil, false
	}
	data, padding := b[:len(b)-n], b[len(b)-n:]
	return data, bytes.Equal(padding, bytes.Repeat([]byte{byte(n)}, n))
}

// isSequence reports whether b is one DER sequence that begins with a small
// number, as PKCS#8 does: what a wrong passphrase gives seldom is.
func isSequence(b []byte) bool {
	input := cryptobyte.String(b)
	var info cryptobyte.String
	var version int64
	return input.ReadASN1(&info, casn1.SEQUENCE) && input.Empty() && info.ReadASN1Integer(&version) && version >= 0 && version <= 1
}

// MarshalEncrypted writes an encrypted PKCS#8 structure. rand gives salt and
// initialization vector.
//
// The errors are key.ErrType, and key.ErrPassphrase for an empty passphrase.
func MarshalEncrypted(p *key.Private, passphrase *secret.Bytes, rand io.Reader) ([]byte, error) {
	if passphrase.Len() == 0 {
		return nil, fmt.Errorf("encrypted PKCS#8: %w: empty", key.ErrPassphrase)
	}
	plain, err := MarshalPrivate(p)
	if err != nil {
		return nil, err
	}
	defer plain.Wipe()
	random := make([]byte, saltSize+aes.BlockSize)
	if _, err := io.ReadFull(rand, random); err != nil {
		return nil, fmt.Errorf("encrypted PKCS#8: %w", err)
	}
	salt, iv := random[:saltSize], random[saltSize:]
	block, err := cipherOf(sha512.New, passphrase, salt, iterations, 32)
	if err != nil {
		return nil, err
	}
	n := aes.BlockSize - plain.Len()%aes.BlockSize
	data := make([]byte, plain.Len()+n)
	copy(data[copy(data, plain.Expose()):], bytes.Repeat([]byte{byte(n)}, n))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(data, data)
	return marshalLock(salt, iv, data)
}

func marshalLock(salt, iv, data []byte) ([]byte, error) {
	var b cryptobyte.Builder
	sequence := func(b *cryptobyte.Builder, oid asn1.ObjectIdentifier, rest func(*cryptobyte.Builder)) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oid)
			rest(b)
		})
	}
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		sequence(b, oidPBES2, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				sequence(b, oidPBKDF2, func(b *cryptobyte.Builder) {
					b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1OctetString(salt)
						b.AddASN1Int64(iterations)
						sequence(b, oidHMACSHA512, func(b *cryptobyte.Builder) { b.AddASN1NULL() })
					})
				})
				sequence(b, oidAES256CBC, func(b *cryptobyte.Builder) { b.AddASN1OctetString(iv) })
			})
		})
		b.AddASN1OctetString(data)
	})
	return b.Bytes()
}
