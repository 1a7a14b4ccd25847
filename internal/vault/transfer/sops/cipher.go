package sops

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"filippo.io/age"

	"kai/internal/vault/transfer"
)

const (
	keySize   = 32
	nonceSize = 32
	tagSize   = 16
)

// errTampered is a scalar that was not encrypted for its place, or with this key.
var errTampered = fmt.Errorf("%w: encrypted value does not belong here", transfer.ErrTampered)

// openKey returns the cipher of the data key that one of the identities opens.
func openKey(m *metadata, identities []age.Identity) (cipher.AEAD, error) {
	key := transfer.NewBuffer(keySize)
	defer key.Wipe()
	var last error
	for _, enc := range m.ageKeys {
		key.Reset()
		if last = transfer.DecryptAge(strings.NewReader(enc), key, identities); last != nil {
			continue
		}
		if len(key.Bytes()) != keySize {
			return nil, errors.New("metadata: data key of another size")
		}
		block, err := aes.NewCipher(key.Bytes())
		if err != nil {
			return nil, err
		}
		return cipher.NewGCMWithNonceSize(block, nonceSize)
	}
	return nil, last
}

// sealed is an encrypted scalar.
type sealed struct {
	nonce, ciphertext []byte // with its tag
	kind              string
}

// parseSealed reads ENC[…].
func parseSealed(text string) (*sealed, error) {
	malformed := errors.New("malformed encrypted value")
	rest, begins := strings.CutPrefix(text, "ENC[AES256_GCM,data:")
	rest, ends := strings.CutSuffix(rest, "]")
	data, rest, hasNonce := strings.Cut(rest, ",iv:")
	nonce, rest, hasTag := strings.Cut(rest, ",tag:")
	tag, kind, hasKind := strings.Cut(rest, ",type:")
	if !begins || !ends || !hasNonce || !hasTag || !hasKind {
		return nil, malformed
	}
	s := &sealed{kind: kind}
	parts := make([][]byte, 3)
	for i, part := range []string{data, nonce, tag} {
		var err error
		if parts[i], err = base64.StdEncoding.Strict().DecodeString(part); err != nil {
			return nil, malformed
		}
	}
	if len(parts[1]) != nonceSize || len(parts[2]) != tagSize {
		return nil, malformed
	}
	s.nonce, s.ciphertext = parts[1], append(parts[0], parts[2]...)
	return s, nil
}

// open decrypts a scalar straight into the arena, and returns its type.
func open(aead cipher.AEAD, arena *transfer.Arena, text, additional string) (value transfer.Value, kind string, err error) {
	if text == "" {
		return transfer.Value{}, "str", nil
	}
	s, err := parseSealed(text)
	if err != nil {
		return transfer.Value{}, "", err
	}
	value = arena.Make(len(s.ciphertext) - tagSize)
	plain := value.Expose()
	if _, err := aead.Open(plain[:0], s.nonce, s.ciphertext, []byte(additional)); err != nil {
		return transfer.Value{}, "", errTampered
	}
	switch s.kind {
	case "str", "bytes", "int", "float", "time", "comment":
		return value, s.kind, nil
	case "bool":
		if !bytes.Equal(plain, []byte("True")) && !bytes.Equal(plain, []byte("False")) {
			return value, "", errors.New("malformed boolean")
		}
		return value, s.kind, nil
	}
	return value, "", fmt.Errorf("unknown type %q of a value", s.kind)
}
