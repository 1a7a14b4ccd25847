package slot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"

	"kai/internal/canon"
	"kai/internal/secret"
)

// Age makes a factor of whatever age encrypts to: a key, an ssh key, a plugin.
type Age struct {
	Recipient age.Recipient
	// Text says whom the factor is for, 1 to 4,096 characters of printable ASCII: the
	// recipient as age or ssh write it.
	Text string
}

type ageObject struct {
	CT        text64 `json:"ct"`
	Recipient string `json:"recipient"`
	Type      string `json:"type"`
}

func parseAge(object []byte) (*ageObject, error) {
	var o ageObject
	if err := unmarshal(object, "age factor", &o); err != nil {
		return nil, err
	}
	if err := checkRecipientText(o.Recipient); err != nil {
		return nil, fmt.Errorf("age factor: %w", err)
	}
	if len(o.CT) > maxAgeFile {
		return nil, fmt.Errorf("age factor of %d bytes: %w", len(o.CT), ErrLimits)
	}
	if o.Type != TypeAge || len(o.CT) == 0 {
		return nil, fmt.Errorf("age factor: %w", ErrMalformed)
	}
	return &o, nil
}

// checkRecipientText refuses what a terminal or a list should not see.
func checkRecipientText(text string) error {
	if text == "" || len(text) > maxRecipient {
		return fmt.Errorf("recipient of %d characters: %w", len(text), ErrLimits)
	}
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return fmt.Errorf("recipient: %w: character %d", ErrMalformed, i+1)
		}
	}
	return nil
}

// Enrol is that of Factor. Package age takes its randomness from the system.
func (f *Age) Enrol(_ context.Context, _ Request, random io.Reader) ([]byte, *secret.Bytes, error) {
	if err := checkRecipientText(f.Text); err != nil {
		return nil, nil, err
	}
	yield := secret.New(FactorSize)
	object, err := f.enrol(yield, random)
	if err != nil {
		yield.Wipe()
		return nil, nil, fmt.Errorf("age factor: %w", err)
	}
	return object, yield, nil
}

func (f *Age) enrol(yield *secret.Bytes, random io.Reader) ([]byte, error) {
	if _, err := io.ReadFull(random, yield.Expose()); err != nil {
		return nil, err
	}
	var ct bytes.Buffer
	w, err := age.Encrypt(&ct, f.Recipient)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(yield.Expose()); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if ct.Len() > maxAgeFile {
		return nil, fmt.Errorf("age file of %d bytes: %w", ct.Len(), ErrLimits)
	}
	return canon.Marshal(&ageObject{CT: ct.Bytes(), Recipient: f.Text, Type: TypeAge})
}

// AgeOpener opens age factors with one of the identities that ask returns; recipient is the
// text that says whom the factor is for, in the words of whoever made the slot.
//
// An identity that it is not for is ErrWrongFactor; other errors are the identity's own.
func AgeOpener(ask func(ctx context.Context, r Request, recipient string) ([]age.Identity, error)) Opener {
	return opener{TypeAge, func(ctx context.Context, r Request, object []byte) (*secret.Bytes, error) {
		o, err := parseAge(object)
		if err != nil {
			return nil, err
		}
		identities, err := ask(ctx, r, o.Recipient)
		if err != nil {
			return nil, err
		}
		if len(identities) == 0 {
			return nil, fmt.Errorf("%w: no identity", ErrWrongFactor)
		}
		plain, err := age.Decrypt(bytes.NewReader(o.CT), identities...)
		var none *age.NoIdentityMatchError
		if errors.As(err, &none) {
			return nil, ErrWrongFactor
		}
		if err != nil {
			return nil, err
		}
		yield, err := secret.Read(plain, FactorSize)
		if err != nil {
			return nil, fmt.Errorf("%w: age file: %w", ErrTampered, err)
		}
		return yield, nil
	}}
}
