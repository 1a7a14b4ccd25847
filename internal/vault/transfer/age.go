package transfer

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// DecryptAge decrypts an age file, armored or not, into out.
//
// The errors are ErrNoKey when no identity opens it, ErrLimit, and ErrMalformed for a
// file that is no age file, or is damaged or cut off.
func DecryptAge(file io.Reader, out *Buffer, identities []age.Identity) error {
	if len(identities) == 0 {
		return fmt.Errorf("%w: there are no identities", ErrNoKey)
	}
	buffered := bufio.NewReader(file)
	file = buffered
	if head, _ := buffered.Peek(len(armor.Header)); string(head) == armor.Header {
		file = armor.NewReader(buffered)
	}
	plain, err := age.Decrypt(file, identities...)
	var missing *age.NoIdentityMatchError
	switch {
	case errors.As(err, &missing):
		return ErrNoKey
	case err != nil:
		return fmt.Errorf("%w age file", ErrMalformed)
	}
	if _, err := out.ReadFrom(plain); err != nil {
		if errors.Is(err, ErrLimit) {
			return err
		}
		return fmt.Errorf("%w age file: damaged or cut off", ErrMalformed)
	}
	return nil
}
