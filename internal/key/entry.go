package key

import (
	"fmt"

	"kai/internal/secret"
)

// Form is a way to write keys, one of the words of --as.
type Form string

// The forms. Which package reads and writes each stands beside it.
const (
	FormText           Form = "text"            // TYPE:BASE64URL, this package
	FormAge            Form = "age"             // age1…, AGE-SECRET-KEY-…, this package
	FormVKey           Form = "vkey"            // C2SP signed-note, this package
	FormRaw            Form = "raw"             // the raw encoding, never guessed
	FormHex            Form = "hex"             // the raw encoding in hex, never guessed
	FormOpenSSH        Form = "openssh"         // private key file, key/openssh
	FormSSHPublic      Form = "ssh-public"      // one line, key/openssh
	FormAllowedSigners Form = "allowed-signers" // one line, key/openssh
	FormPEM            Form = "pem"             // SPKI and PKCS#8, key/pkix
	FormJWK            Form = "jwk"             // key/jwk
	FormJWKS           Form = "jwks"            // key/jwk
	FormMinisign       Form = "minisign"        // key/minisign
	FormSignify        Form = "signify"         // key/minisign
	FormDID            Form = "did"             // did:key, key/did
	FormDIDDocument    Form = "did-document"    // key/did
)

// Entry is one key as a file holds it.
type Entry struct {
	Form Form
	// Public is the key, or its public half. It is zero while Locked, if the file
	// does not tell it without the passphrase.
	Public Public
	// Private is nil for public keys and while Locked. Wipe it after use.
	Private *Private
	// Locked is nil unless the secret is encrypted and has not been unlocked.
	Locked Lock
	// Encrypted says that the file holds the secret encrypted. It stays when the
	// entry has been unlocked.
	Encrypted bool
	// Line is the number of the line where the key begins, from 1.
	Line int
	// Comment is a comment or name that came with the key. The bytes are foreign:
	// nobody has signed them, and they may hold anything.
	Comment string
	// Options are those in front of an authorized_keys line, quotes included.
	Options []string
	// Authority marks a line whose key signs certificates and nothing else.
	Authority bool
	// Algorithm is the one JOSE algorithm that a JWK allows its key, "" for any.
	Algorithm string
	// ID is the key id that a minisign or signify key came with.
	ID *[8]byte
}

// Lock is an encrypted secret.
type Lock interface {
	// Unlock returns the entries that take the place of the locked one. It does
	// not keep the passphrase.
	//
	// The errors are ErrPassphrase, ErrType (an encryption that is not supported)
	// and those of NewPrivate.
	Unlock(passphrase *secret.Bytes) ([]Entry, error)
	// Memory is what Unlock allocates, in bytes, rounded up.
	Memory() uint64
}

// Wipe destroys the secret of the entry, if it holds one.
func (e *Entry) Wipe() {
	if e.Private != nil {
		e.Private.Wipe()
	}
}

// Matches checks that a private key is the one that a file announced in the
// clear. A zero announced key announces nothing. The error is ErrWeak.
func (p *Private) Matches(announced Public) error {
	if !announced.IsZero() && announced != p.public {
		return fmt.Errorf("%s private key: %w: public half differs", p.public.typ, ErrWeak)
	}
	return nil
}
