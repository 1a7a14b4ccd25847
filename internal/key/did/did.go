// Package did reads and writes did:key identifiers and makes their documents.
//
// A did:key is the key itself,
//
//	"did:key:z" base58btc(varint(codec) ‖ raw public key)
//
// in the Bitcoin alphabet, with these multicodecs:
//
//	ed25519      0xed     z6Mk…
//	x25519       0xec     z6LS…
//	ecdsa-p256   0x1200   zDn…     compressed point
//	ecdsa-p384   0x1201   z82…     compressed point
//	rsa          0x1205   z4MX…    PKCS#1, DER
//	ml-dsa-65    0x1211            a draft of the registry
//
// For example, the first key of RFC 8032 §7.1 is
//
//	did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw
//
// # Documents
//
// Document resolves a did:key the way the method's test vectors do. An Ed25519
// key gets an X25519 key for agreement beside it, which is the same secret in
// another form. That form exists for consumers of did:key alone: sealing keys
// of this program are separate, so that one stolen key is not two.
//
// Source: W3C CCG, The did:key Method v0.7; multicodec table.
package did

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/mr-tron/base58"

	"kai/internal/key"
)

const prefix = "did:key:z"

// maxText bounds an identifier, in bytes: Base58 takes time in the square of
// its length. ML-DSA-65 needs 2,676.
const maxText = 4096

var codecs = map[key.Type]uint64{
	key.Ed25519:   0xed,
	key.X25519:    0xec,
	key.ECDSAP256: 0x1200,
	key.ECDSAP384: 0x1201,
	key.RSA:       0x1205,
	key.MLDSA65:   0x1211,
}

// Of returns the did:key of a key. The error is key.ErrType.
func Of(p key.Public) (string, error) {
	codec, ok := codecs[p.Type()]
	if !ok {
		return "", fmt.Errorf("%w: did:key has no %s keys", key.ErrType, p.Type())
	}
	return prefix + base58.Encode(append(binary.AppendUvarint(nil, codec), p.Raw()...)), nil
}

// Parse reads a did:key, without path, query or fragment.
//
// The errors are key.ErrMalformed, key.ErrType and key.ErrWeak.
func Parse(text string) (key.Public, error) {
	encoded, ok := strings.CutPrefix(text, prefix)
	if !ok || len(text) > maxText {
		return key.Public{}, fmt.Errorf("did:key: %w", key.ErrMalformed)
	}
	data, err := base58.Decode(encoded)
	if err != nil {
		return key.Public{}, fmt.Errorf("did:key: %w: Base58", key.ErrMalformed)
	}
	codec, n := binary.Uvarint(data)
	if n <= 0 || n > 1 && data[n-1] == 0 { // a number has one shortest form
		return key.Public{}, fmt.Errorf("did:key: %w: codec", key.ErrMalformed)
	}
	for t, known := range codecs {
		if codec == known {
			return key.NewPublic(t, data[n:])
		}
	}
	return key.Public{}, fmt.Errorf("%w: did:key with codec %#x", key.ErrType, codec)
}
