package session

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"kai/internal/secret"
	"kai/internal/vault/derive"
	"kai/internal/vault/objectid"
)

const (
	keySize = derive.Size

	// textPrefix begins the text of S; it names the version.
	textPrefix = "kaisess1"
)

// textEncoding has one spelling for each S.
var textEncoding = base64.RawURLEncoding.Strict()

// Token is S, and S_u if there is one. It opens the session and is wiped after use.
type Token struct {
	s    *secret.Bytes
	user *secret.Bytes // nil: none
}

// newKey draws S or S_u.
func newKey(random io.Reader) (*secret.Bytes, error) {
	k := secret.New(keySize)
	if _, err := io.ReadFull(random, k.Expose()); err != nil {
		k.Wipe()
		return nil, fmt.Errorf("session key: random: %w", err)
	}
	return k, nil
}

// ParseToken reads the text that [Token.Text] writes, with nothing around it. The text itself, which
// came from the environment, is the caller's and cannot be wiped. The error is ErrMalformed.
func ParseToken(text string) (*Token, error) {
	// A copy, which is wiped, since base64 decodes slices of bytes without further ones.
	b := []byte(text)
	defer secret.Zero(b)
	return parseToken(b)
}

// ReadToken reads the same from a file or descriptor, to its end; one line ending may follow. Errors
// are ErrMalformed and the reader's.
func ReadToken(r io.Reader) (*Token, error) {
	text, err := secret.ReadTrimmed(r, len(textPrefix)+textEncoding.EncodedLen(2*keySize))
	if errors.Is(err, secret.ErrTooLong) {
		return nil, ErrMalformed
	}
	if err != nil {
		return nil, fmt.Errorf("session key: %w", err)
	}
	defer text.Wipe()
	return parseToken(text.Expose())
}

func parseToken(text []byte) (*Token, error) {
	text, ok := bytes.CutPrefix(text, []byte(textPrefix))
	n := textEncoding.DecodedLen(len(text))
	if !ok || n != keySize && n != 2*keySize || bytes.ContainsAny(text, "\r\n") { // base64 skips these
		return nil, ErrMalformed
	}
	both := secret.New(n)
	defer both.Wipe()
	if got, err := textEncoding.Decode(both.Expose(), text); err != nil || got != n {
		return nil, ErrMalformed // the error would tell where
	}
	t := &Token{s: copied(both.Expose()[:keySize])}
	if n > keySize {
		t.user = copied(both.Expose()[keySize:])
	}
	return t, nil
}

// copied is a secret of its own with the bytes of b.
func copied(b []byte) *secret.Bytes {
	s := secret.New(len(b))
	copy(s.Expose(), b)
	return s
}

// Text is what a [Given] carrier is made from in another process: 51 characters, or 94 with S_u. It
// opens the session, so that it is shown only to who asked for it. The caller wipes it.
func (t *Token) Text() *secret.Bytes {
	n := keySize
	if t.user != nil {
		n *= 2
	}
	both := secret.New(n)
	defer both.Wipe()
	copy(both.Expose(), t.s.Expose())
	if t.user != nil {
		copy(both.Expose()[keySize:], t.user.Expose())
	}
	out := secret.New(len(textPrefix) + textEncoding.EncodedLen(n))
	copy(out.Expose(), textPrefix)
	textEncoding.Encode(out.Expose()[len(textPrefix):], both.Expose())
	return out
}

// clone is an independent copy.
func (t *Token) clone() *Token {
	c := &Token{s: t.s.Clone()}
	if t.user != nil {
		c.user = t.user.Clone()
	}
	return c
}

// Wipe overwrites both keys. It may be called on nil, and again.
func (t *Token) Wipe() {
	if t != nil {
		t.s.Wipe()
		t.user.Wipe()
	}
}

// id names the session of S.
func (t *Token) id(vault objectid.ID) objectid.ID {
	b := derive.Key(t.s.Expose(), vault, "session", "id")
	return objectid.ID(b[:objectid.Size])
}
