package session

import (
	"bytes"
	"time"

	"kai/internal/secret"
	"kai/internal/vault/fields"
	"kai/internal/vault/objectid"
)

// Reencode parses the fields of a blob and writes them again.
func Reencode(plain []byte, user bool) ([]byte, error) {
	var list []fields.Field
	if user {
		r := newReader(plain, userFields)
		if r.err != nil {
			return nil, r.err
		}
		span := r.span()
		if r.err != nil {
			return nil, r.err
		}
		keys := copied(r.bytes("keys"))
		defer keys.Wipe()
		list = spanFields(&span, keys)
	} else {
		token := &Token{s: secret.New(keySize)}
		defer token.Wipe()
		session, err := (&Sessions{}).parse(token, plain)
		if err != nil {
			return nil, err
		}
		defer session.Wipe()
		list = session.fields()
	}
	out, err := fields.Encode(list)
	if err != nil {
		return nil, err
	}
	defer out.Wipe()
	return bytes.Clone(out.Expose()), nil
}

// Plain is what the blob of a session holds.
func (s *Session) Plain() []byte {
	out, err := fields.Encode(s.fields())
	if err != nil {
		panic(err)
	}
	return out.Expose()
}

// Name is that of the blob.
func (s *Session) Name() string { return s.name() }

// S is the key of the session.
func (t *Token) S() []byte { return t.s.Expose() }

// U is the key of the user's blob, nil for none.
func (t *Token) U() []byte {
	if t.user == nil {
		return nil
	}
	return t.user.Expose()
}

// ParseBlobName is parseBlobName.
func ParseBlobName(name string) (again string, ok bool) {
	vault, sid, user, ok := parseBlobName(name)
	if !ok {
		return "", false
	}
	again = blobName(vault, sid)
	if user {
		again += userSuffix
	}
	return again, true
}

// Left is how long a span goes on.
func Left(begun, now Now, life, idle time.Duration, used time.Time) (time.Duration, error) {
	return (&span{begun, begun.Wall.Add(life), idle}).left(now, used)
}

// Description is that of the key of S.
func Description(vault objectid.ID) string { return description(vault) }

// DropUser takes S_u away, as the kernel does after UserLife.
func (t *Token) DropUser() { t.user.Wipe(); t.user = nil }
