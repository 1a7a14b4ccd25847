package slot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"kai/internal/canon"
	"kai/internal/secret"
	"kai/internal/vault/objectid"
)

// FactorSize is the length in bytes of what a factor yields.
const FactorSize = 32

// The types of factors. Those below Age are of other packages.
const (
	TypePassword   = "password"
	TypeDevice     = "device"
	TypeRecovery   = "recovery"
	TypeAge        = "age"
	TypePasskey    = "passkey"
	TypePIV        = "piv"
	TypeTPM        = "tpm"
	TypePKCS11     = "pkcs11"
	TypeHashiVault = "hashivault"
	TypeAWSKMS     = "awskms"
)

// Request says what a factor is wanted for.
type Request struct {
	Vault objectid.ID
	Slot  objectid.ID
	// Position is the factor's place among the Of factors of the slot, from 1.
	Position, Of int
}

// AAD is vault ‖ slot, 32 bytes, to which holders of keys bind what they wrap.
func (r Request) AAD() []byte { return append(r.Vault[:], r.Slot[:]...) }

// Factor is one factor of a slot that is being made.
type Factor interface {
	// Enrol returns the factor's object for the slot's head, canonical JSON with its "type",
	// and the FactorSize bytes that an Opener will find again by it. The bytes are the
	// caller's. Whatever the holder of a key keeps for this factor is kept when Enrol
	// returns; the slot may still never come to be.
	Enrol(ctx context.Context, r Request, random io.Reader) (object []byte, yield *secret.Bytes, err error)
}

// Opener opens the factors of one type. It has what it needs from its maker: a function that
// asks somebody, a device, a token.
type Opener interface {
	// Type is the type of the factors, one of the constants.
	Type() string
	// Open returns the FactorSize bytes of a factor, which are the caller's. object is as
	// Enrol made it, or as somebody made it up: its limits are checked before it costs
	// anything.
	//
	// It tries once. ErrWrongFactor is for what can be known to be wrong; many factors
	// cannot, and yield other bytes.
	Open(ctx context.Context, r Request, object []byte) (*secret.Bytes, error)
}

// typeOf reads the type of a factor's object.
func typeOf(object []byte) (string, error) {
	o, err := canon.ParseObject(object)
	if err != nil {
		return "", fmt.Errorf("%w: factor: %w", ErrMalformed, err)
	}
	if !o.Has("type") {
		return "", fmt.Errorf("%w: factor without a type", ErrMalformed)
	}
	word, err := o.String("type")
	if err != nil {
		return "", fmt.Errorf("%w: factor: %w", ErrMalformed, err)
	}
	return word, nil
}

// checkFactor checks a factor's object, without cost, and returns its type.
func checkFactor(object json.RawMessage) (string, error) {
	word, err := typeOf(object)
	if err != nil {
		return "", err
	}
	if len(object) > maxParameters {
		return "", fmt.Errorf("%s factor of %d bytes: %w", shorten(word), len(object), ErrLimits)
	}
	switch word {
	case TypePassword:
		_, err = parsePassword(object)
	case TypeDevice:
		_, err = parseDevice(object)
	case TypeRecovery:
		_, err = parseRecovery(object)
	case TypeAge:
		_, err = parseAge(object)
	case TypePasskey, TypePIV, TypeTPM, TypePKCS11, TypeHashiVault, TypeAWSKMS:
	default:
		err = fmt.Errorf("factor of type %q: %w", shorten(word), ErrNewer)
	}
	if err != nil {
		return "", err
	}
	return word, nil
}

// unmarshal reads an object of a type that this package knows all members of.
func unmarshal[T any](data []byte, what string, v *T) error {
	err := canon.Unmarshal(data, v)
	switch {
	case errors.Is(err, canon.ErrUnknown):
		return fmt.Errorf("%s: %w: %w", what, ErrNewer, err)
	case err != nil:
		return fmt.Errorf("%s: %w: %w", what, ErrMalformed, err)
	}
	return nil
}

// shorten keeps foreign words in error texts short.
func shorten(word string) string {
	if len(word) > 32 {
		return word[:32] + "…"
	}
	return word
}
