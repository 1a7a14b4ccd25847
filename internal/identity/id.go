package identity

import (
	"errors"
	"fmt"

	"kai/internal/key/bech32"
	"kai/internal/signed"
)

// idPrefix is the human-readable part of ids.
const idPrefix = "kai"

// ID is the digest of an identity's first event, and so of everything that the
// identity was made with. It never changes. The zero value is none.
type ID [32]byte

// ParseID reads what String writes: 62 characters, lower case. The error is
// ErrMalformed.
func ParseID(text string) (ID, error) {
	prefix, data, err := bech32.DecodeM(text)
	if err != nil {
		return ID{}, fmt.Errorf("identity id: %w: %w", ErrMalformed, err)
	}
	var id ID
	if prefix != idPrefix || len(data) != len(id) {
		return ID{}, fmt.Errorf("identity id: %w: not %s1 and 32 bytes", ErrMalformed, idPrefix)
	}
	copy(id[:], data)
	return id, nil
}

// String is "kai1" and 58 characters: Bech32m (BIP 350) with the prefix "kai".
func (id ID) String() string {
	text, err := bech32.EncodeM(idPrefix, id[:])
	if err != nil {
		return "" // unreachable: prefix and length are constants
	}
	return text
}

// IsZero reports whether there is no id.
func (id ID) IsZero() bool { return id == ID{} }

// MarshalText writes String. The zero value is an error.
func (id ID) MarshalText() ([]byte, error) {
	if id.IsZero() {
		return nil, errors.New("no identity id")
	}
	return []byte(id.String()), nil
}

// UnmarshalText is ParseID.
func (id *ID) UnmarshalText(text []byte) error {
	parsed, err := ParseID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// idOf is the id of the identity that begins with an event.
func idOf(inception *signed.Envelope) ID { return ID(inception.Digest()) }
