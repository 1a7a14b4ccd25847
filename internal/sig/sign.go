package sig

import (
	"crypto"
	"fmt"
	"unicode"
	"unicode/utf8"

	"kai/internal/key"
)

// Signer is who signs: a public key, the means to sign with it (see
// key.Private.Signer), and the post-quantum companion if there is one.
type Signer struct {
	Public key.Public
	Signer crypto.Signer
	PQ     *Signer
	// KeyID is the minisign key id that came with the key, nil if none did.
	KeyID *[8]byte
}

// MaxNamespace bounds a namespace in bytes.
const MaxNamespace = 256

// CheckNamespace accepts 1 to 256 bytes of UTF-8 without control characters.
// The error is ErrNamespace.
func CheckNamespace(ns string) error {
	switch {
	case ns == "":
		return fmt.Errorf("%w: empty", ErrNamespace)
	case len(ns) > MaxNamespace:
		return fmt.Errorf("%w: %d bytes, at most %d", ErrNamespace, len(ns), MaxNamespace)
	case !utf8.ValidString(ns):
		return fmt.Errorf("%w: not UTF-8", ErrNamespace)
	}
	for _, r := range ns {
		if unicode.IsControl(r) {
			return fmt.Errorf("%w: control character", ErrNamespace)
		}
	}
	return nil
}
