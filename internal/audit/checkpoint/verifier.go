package checkpoint

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"filippo.io/mldsa"
	"golang.org/x/mod/sumdb/note"

	"kai/internal/key"
)

// Type is a signature type of signed-note: what a key signs, and how.
type Type byte

// The types that are judged here. Values are from https://c2sp.org/signed-note.
const (
	Ed25519     Type = 0x01 // the note's text itself, 64 bytes: a log
	Cosignature Type = 0x04 // cosignature/v1 by Ed25519, time 8 ‖ 64 bytes: a witness
	MLDSA44     Type = 0x06 // subtree/v1 by ML-DSA-44, time 8 ‖ 2420 bytes: either
)

// Timed reports whether signatures of the type carry their time.
func (t Type) Timed() bool { return t == Cosignature || t == MLDSA44 }

// String names the type by its byte and its algorithm.
func (t Type) String() string {
	switch t {
	case Ed25519:
		return "0x01 Ed25519"
	case Cosignature:
		return "0x04 Ed25519 cosignature"
	case MLDSA44:
		return "0x06 ML-DSA-44 cosignature"
	}
	return fmt.Sprintf("%#02x", byte(t))
}

// Verifier is a public key under a name and a type. It is a note.Verifier of
// golang.org/x/mod/sumdb/note, is immutable, and may be used concurrently.
type Verifier struct {
	name string
	typ  Type
	raw  []byte // the public key: 32 or 1312 bytes
	hash uint32
	pq   *mldsa.PublicKey // of MLDSA44 only
}

var _ note.Verifier = (*Verifier)(nil)

// NewVerifier makes a verifier of a public key: an ed25519.PublicKey for types
// 0x01 and 0x04, an ML-DSA-44 *mldsa.PublicKey for 0x06.
//
// name has 1–255 bytes of UTF-8 without spaces, control characters and plus
// signs. The errors are ErrName, and ErrKey also for weak keys.
func NewVerifier(name string, t Type, pub crypto.PublicKey) (*Verifier, error) {
	switch pub := pub.(type) {
	case ed25519.PublicKey:
		if t == Ed25519 || t == Cosignature {
			return newVerifier(name, t, pub)
		}
	case *mldsa.PublicKey:
		if t == MLDSA44 && pub != nil {
			return newVerifier(name, t, pub.Bytes())
		}
	}
	return nil, fmt.Errorf("%w: %T for signature type %s", ErrKey, pub, t)
}

// ParseVerifier reads a verifier key,
//
//	NAME "+" HASH "+" BASE64(type ‖ public key)
//
// with HASH in eight lower-case hexadecimal digits. It is what String writes, in
// no other spelling.
//
// The errors are ErrMalformed (shape, hash), ErrName, and ErrKey for other types
// and for weak keys.
//
// Format: https://c2sp.org/signed-note, "Verifier keys".
func ParseVerifier(vkey string) (*Verifier, error) {
	name, rest, ok := strings.Cut(vkey, "+")
	word, encoded, ok2 := strings.Cut(rest, "+")
	hash, err := hex.DecodeString(word)
	data, ok3 := decodeBase64(encoded)
	if !ok || !ok2 || !ok3 || err != nil || len(hash) != 4 || hex.EncodeToString(hash) != word || len(data) == 0 {
		return nil, fmt.Errorf("verifier key: %w: not NAME+HASH+BASE64", ErrMalformed)
	}
	v, err := newVerifier(name, Type(data[0]), data[1:])
	if err != nil {
		return nil, fmt.Errorf("verifier key: %w", err)
	}
	if binary.BigEndian.Uint32(hash) != v.hash {
		return nil, fmt.Errorf("verifier key: %w: the hash is not that of name and key", ErrMalformed)
	}
	return v, nil
}

func newVerifier(name string, t Type, raw []byte) (*Verifier, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	v := &Verifier{name: name, typ: t, raw: bytes.Clone(raw)}
	switch t {
	case Ed25519, Cosignature:
		if _, err := key.NewPublic(key.Ed25519, raw); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrKey, err)
		}
	case MLDSA44:
		pq, err := mldsa.NewPublicKey(mldsa.MLDSA44(), raw)
		if err != nil {
			return nil, fmt.Errorf("%w: not an ML-DSA-44 key", ErrKey)
		}
		v.pq = pq
	default:
		return nil, fmt.Errorf("%w: signature type %s", ErrKey, t)
	}
	sum := sha256.Sum256(append([]byte(name+"\n"), v.material()...))
	v.hash = binary.BigEndian.Uint32(sum[:4])
	return v, nil
}

// material is what the base64 of a verifier key holds.
func (v *Verifier) material() []byte { return append([]byte{byte(v.typ)}, v.raw...) }

// Name is the key's name, which its lines begin with.
func (v *Verifier) Name() string { return v.name }

// Type is the type of signatures that the key makes.
func (v *Verifier) Type() Type { return v.typ }

// KeyHash is the key's hash, which its lines hold: the first four bytes, big
// endian, of SHA-256(name ‖ LF ‖ type ‖ public key).
func (v *Verifier) KeyHash() uint32 { return v.hash }

// PublicKey is the key's encoding: 32 bytes of Ed25519 (RFC 8032) or 1312 of
// ML-DSA-44 (FIPS 204). The slice is the caller's.
func (v *Verifier) PublicKey() []byte { return bytes.Clone(v.raw) }

// String is the verifier key, as ParseVerifier reads it.
func (v *Verifier) String() string {
	return fmt.Sprintf("%s+%08x+%s", v.name, v.hash, base64.StdEncoding.EncodeToString(v.material()))
}

// Equal reports whether both are the same key under the same name and type.
func (v *Verifier) Equal(o *Verifier) bool {
	return v.name == o.name && v.typ == o.typ && bytes.Equal(v.raw, o.raw)
}

// Verify reports whether signature, which is what follows the key hash in a
// line, is the key's over the body of a note. A body that Parse refuses never
// verifies.
func (v *Verifier) Verify(body, signature []byte) bool {
	seconds, value, ok := v.cut(signature)
	if !ok {
		return false
	}
	m, err := v.message(seconds, body)
	if err != nil {
		return false
	}
	if v.pq != nil {
		return mldsa.Verify(v.pq, m, value, nil) == nil
	}
	return len(value) == ed25519.SignatureSize && ed25519.Verify(v.raw, m, value)
}

// Time is when a signature of this key says that it was made, in whole seconds
// and UTC. It is the zero time for type 0x01, for the second 0, by which a
// cosigner says nothing about the time, and for what cannot be a signature of
// the type.
func (v *Verifier) Time(signature []byte) time.Time {
	seconds, _, ok := v.cut(signature)
	if !ok || seconds == 0 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

// cut divides a signature into its time and the algorithm's value.
func (v *Verifier) cut(signature []byte) (seconds uint64, value []byte, ok bool) {
	if !v.typ.Timed() {
		return 0, signature, true
	}
	if len(signature) < 8 {
		return 0, nil, false
	}
	seconds = binary.BigEndian.Uint64(signature)
	return seconds, signature[8:], seconds <= maxTime
}

// checkName accepts what a signature line and the message of type 0x06 hold.
func checkName(name string) error {
	switch {
	case name == "" || len(name) > MaxName:
		return fmt.Errorf("%w: %d bytes, want 1 to %d", ErrName, len(name), MaxName)
	case !utf8.ValidString(name):
		return fmt.Errorf("%w: not UTF-8", ErrName)
	case strings.Contains(name, "+") || strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		return fmt.Errorf("%w: space, control character or plus sign", ErrName)
	}
	return nil
}

// id is how errors name a key.
func id(name string, hash uint32) string { return strconv.Quote(fmt.Sprintf("%s+%08x", name, hash)) }

// decodeBase64 accepts the standard alphabet in its one canonical spelling. The
// decoder alone would skip line ends.
func decodeBase64(text string) ([]byte, bool) {
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	return data, err == nil && base64.StdEncoding.EncodedLen(len(data)) == len(text)
}
