package minisign

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"kai/internal/key"
)

const (
	commentPrefix = "untrusted comment: "
	publicSize    = 2 + 8 + 32
	algorithm     = "Ed"

	signifyComment = "signify public key"
)

// maxComment is the line that minisign reads, prefix and end included.
const maxComment = 1024

// MarshalPublic writes a public key file of minisign. id is the key's own, or
// nil.
//
// The error is key.ErrType for keys other than Ed25519.
func MarshalPublic(p key.Public, id *[8]byte) ([]byte, error) {
	own := idOf(p, id)
	return marshalPublic(p, own, fmt.Sprintf("minisign public key %X", binary.LittleEndian.Uint64(own[:])))
}

// MarshalSignify writes a public key file of signify: MarshalPublic with
// another comment.
func MarshalSignify(p key.Public, id *[8]byte) ([]byte, error) {
	return marshalPublic(p, idOf(p, id), signifyComment)
}

func marshalPublic(p key.Public, id [8]byte, comment string) ([]byte, error) {
	if p.Type() != key.Ed25519 {
		return nil, fmt.Errorf("%w: minisign has no %s keys", key.ErrType, p.Type())
	}
	data := append([]byte(algorithm), id[:]...)
	return appendLines(comment, append(data, p.Raw()...)), nil
}

func idOf(p key.Public, id *[8]byte) [8]byte {
	if id != nil {
		return *id
	}
	return p.KeyID()
}

func appendLines(comment string, data []byte) []byte {
	size := len(commentPrefix) + len(comment) + base64.StdEncoding.EncodedLen(len(data)) + 2
	out := append(make([]byte, 0, size), commentPrefix+comment+"\n"...)
	return append(base64.StdEncoding.AppendEncode(out, data), '\n')
}

// Is reports whether a file or line begins as those of minisign and signify do.
func Is(text string) bool {
	return strings.HasPrefix(text, commentPrefix) || len(text) == 56 && strings.HasPrefix(text, "RW")
}

// Parse reads a file of minisign, or a public one of signify: its two lines,
// with LF or CRLF, and nothing else; or the line of base64 of a public key.
//
// The errors are key.ErrMalformed, key.ErrType (secret keys of signify, other
// costs and algorithms) and key.ErrWeak.
func Parse(text []byte) (key.Entry, error) {
	comment, encoded, err := cutLines(string(text))
	if err != nil {
		return key.Entry{}, err
	}
	data, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") || len(data) < 4 {
		return key.Entry{}, fmt.Errorf("minisign key: %w: base64", key.ErrMalformed)
	}
	defer clear(data)
	if string(data[:2]) != algorithm {
		return key.Entry{}, fmt.Errorf("%w: minisign algorithm %q", key.ErrType, data[:2])
	}
	switch {
	case len(data) == publicSize:
		return parsePublic(comment, data)
	case len(data) == secretSize && string(data[4:6]) == checksumBLAKE2b:
		return parseSecret(data)
	case string(data[2:4]) == "BK": // bcrypt_pbkdf
		return key.Entry{}, fmt.Errorf("%w: secret key of signify", key.ErrType)
	}
	return key.Entry{}, fmt.Errorf("minisign key: %w", key.ErrMalformed)
}

func cutLines(text string) (comment, encoded string, err error) {
	malformed := fmt.Errorf("minisign key: %w: not two lines", key.ErrMalformed)
	rest, commented := strings.CutPrefix(text, commentPrefix)
	if commented {
		var ok bool
		if comment, rest, ok = strings.Cut(rest, "\n"); !ok || len(comment) > maxComment {
			return "", "", malformed
		}
		comment = strings.TrimSuffix(comment, "\r")
	}
	encoded, after, _ := strings.Cut(rest, "\n")
	if after != "" {
		return "", "", malformed
	}
	return comment, strings.TrimSuffix(encoded, "\r"), nil
}

func parsePublic(comment string, data []byte) (key.Entry, error) {
	p, err := key.NewPublic(key.Ed25519, data[10:])
	if err != nil {
		return key.Entry{}, err
	}
	e := key.Entry{Form: key.FormMinisign, Public: p, ID: (*[8]byte)(append([]byte{}, data[2:10]...))}
	if strings.Contains(comment, "signify") { // nothing else tells them apart
		e.Form = key.FormSignify
	}
	if !strings.HasPrefix(comment, "minisign ") && comment != signifyComment { // these say nothing
		e.Comment = comment
	}
	return e, nil
}
