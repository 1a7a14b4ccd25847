// Package objectid names the things of a vault: the vault itself, namespaces, devices, slots, roles.
//
// An [ID] is 16 random bytes, written as 26 lower-case characters of base32 (RFC 4648 without
// padding; the two unused bits are zero). It says nothing about the thing it names: names that
// people give are encrypted, and ids are what a directory listing shows.
package objectid

import (
	"encoding/base32"
	"errors"
	"fmt"
	"io"
)

// Size is the length of an ID in bytes, and TextSize that of its text.
const (
	Size     = 16
	TextSize = 26
)

// ErrMalformed means that a text is no ID.
var ErrMalformed = errors.New("not an id of 26 lower-case base32 characters")

// Encoding is the base32 of ids and of the names of files.
var Encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ID names one thing of a vault. The zero value names nothing.
type ID [Size]byte

// New makes an ID from random bytes.
func New(random io.Reader) (id ID, err error) {
	_, err = io.ReadFull(random, id[:])
	return id, err
}

// Parse reads what String writes.
func Parse(text string) (id ID, err error) {
	b, err := Encoding.DecodeString(text)
	if err != nil || len(b) != Size || Encoding.EncodeToString(b) != text {
		return ID{}, fmt.Errorf("%q: %w", text, ErrMalformed)
	}
	return ID(b), nil
}

func (id ID) String() string { return Encoding.EncodeToString(id[:]) }

// IsZero reports whether it names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// MarshalText is String.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is Parse.
func (id *ID) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err == nil {
		*id = parsed
	}
	return err
}
