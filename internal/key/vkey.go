package key

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// vkeyEd25519 is the signature type of Ed25519 in C2SP signed-note.
const vkeyEd25519 = 1

// VKey is an Ed25519 key as a verifier key of C2SP signed-note,
//
//	NAME "+" HASH "+" base64(0x01 ‖ key)
//
// where HASH is the first four bytes, in hex, of SHA-256 over NAME, a line feed
// and what the base64 holds.
//
// The errors are ErrType for other keys, and ErrComment for a name that is
// empty, has spaces or a plus, or is too long.
func (p Public) VKey(name string) (string, error) {
	if p.typ != Ed25519 {
		return "", fmt.Errorf("%w: signed-note has no %s keys", ErrType, p.typ)
	}
	if !isVKeyName(name) || CheckComment(name) != nil {
		return "", fmt.Errorf("%w: key name %q", ErrComment, shorten([]byte(name)))
	}
	data := append([]byte{vkeyEd25519}, p.raw...)
	return name + "+" + hex.EncodeToString(vkeyHash(name, data)) + "+" + base64.StdEncoding.EncodeToString(data), nil
}

// ParseVKey reads what VKey writes.
//
// The errors are ErrMalformed, ErrType and ErrWeak.
func ParseVKey(text string) (name string, p Public, err error) {
	name, hash, data, ok := cutVKey(text)
	if !ok {
		return "", Public{}, fmt.Errorf("verifier key: %w", ErrMalformed)
	}
	if !bytes.Equal(hash, vkeyHash(name, data)) {
		return "", Public{}, fmt.Errorf("verifier key: %w: hash", ErrMalformed)
	}
	if data[0] != vkeyEd25519 {
		return "", Public{}, fmt.Errorf("%w: verifier key of type %d", ErrType, data[0])
	}
	p, err = NewPublic(Ed25519, data[1:])
	return name, p, err
}

// IsVKey reports whether a text has the shape of a verifier key.
func IsVKey(text string) bool {
	_, _, _, ok := cutVKey(text)
	return ok
}

func cutVKey(text string) (name string, hash, data []byte, ok bool) {
	name, rest, ok1 := strings.Cut(text, "+")
	word, encoded, ok2 := strings.Cut(rest, "+")
	hash, err1 := hex.DecodeString(word)
	data, err2 := base64.StdEncoding.Strict().DecodeString(encoded)
	ok = ok1 && ok2 && err1 == nil && err2 == nil && len(hash) == 4 && hex.EncodeToString(hash) == word && len(data) > 0 &&
		isVKeyName(name) && !strings.ContainsAny(encoded, "\r\n")
	return name, hash, data, ok
}

func isVKeyName(name string) bool {
	return name != "" && utf8.ValidString(name) && !strings.Contains(name, "+") && !strings.ContainsFunc(name, unicode.IsSpace)
}

func vkeyHash(name string, data []byte) []byte {
	sum := sha256.Sum256(append([]byte(name+"\n"), data...))
	return sum[:4]
}
