package keyfile

import (
	"encoding/hex"
	"fmt"
	"io"

	"kai/internal/key"
	"kai/internal/key/agefile"
	"kai/internal/key/armor"
	"kai/internal/key/did"
	"kai/internal/key/jwk"
	"kai/internal/key/minisign"
	"kai/internal/key/openssh"
	"kai/internal/key/pkix"
	"kai/internal/secret"
)

// PEM has lines of 64 characters, RFC 7468 §2.
const pemColumns = 64

// Named is what goes with a key into forms that have room for it.
type Named struct {
	// Name is the comment of an OpenSSH key, the kid of a JWK, the principal of
	// allowed signers, the name of a verifier key. The last two need one.
	Name string
	// Namespaces limit an allowed signer.
	Namespaces []string
	// ID is the key's own minisign key id, nil for the computed one.
	ID *[8]byte
}

// MarshalPublic writes public keys in a form. Forms that hold one key take one
// key; of several, lines and blocks follow each other. Text ends with a line
// feed, raw does not.
//
// The errors are key.ErrType (a form that has no such key, or only one), and
// key.ErrComment.
func MarshalPublic(form key.Form, keys []key.Public, n Named) ([]byte, error) {
	if form == key.FormJWKS {
		text, err := jwk.MarshalSet(keys)
		return append(text, '\n'), err
	}
	var out []byte
	for i, p := range keys {
		if i > 0 && !Repeats(form) {
			return nil, fmt.Errorf("%w: %s holds one key, not %d", key.ErrType, form, len(keys))
		}
		text, err := marshalPublic(form, p, n)
		if err != nil {
			return nil, err
		}
		out = append(out, text...)
	}
	return out, nil
}

// Repeats reports whether a form can be repeated in one file.
func Repeats(form key.Form) bool {
	switch form {
	case key.FormSSHPublic, key.FormAllowedSigners, key.FormPEM, key.FormText, key.FormAge, key.FormDID, key.FormVKey, key.FormHex:
		return true
	default:
		return false
	}
}

func marshalPublic(form key.Form, p key.Public, n Named) ([]byte, error) {
	line := func(text string, err error) ([]byte, error) { return append([]byte(text), '\n'), err }
	switch form {
	case key.FormText:
		return line(p.String(), nil)
	case key.FormSSHPublic, key.FormOpenSSH:
		text, err := openssh.AppendPublic(nil, p, n.Name)
		return append(text, '\n'), err
	case key.FormAllowedSigners:
		return line(openssh.AllowedSigner([]string{n.Name}, n.Namespaces, p))
	case key.FormPEM:
		der, err := pkix.MarshalPublic(p)
		if err != nil {
			return nil, err
		}
		return armor.Encode("PUBLIC KEY", der, pemColumns), nil
	case key.FormJWK:
		text, err := jwk.MarshalPublic(p, n.Name)
		return append(text, '\n'), err
	case key.FormMinisign:
		return minisign.MarshalPublic(p, n.ID)
	case key.FormSignify:
		return minisign.MarshalSignify(p, n.ID)
	case key.FormAge:
		return line(ageText(p))
	case key.FormDID:
		return line(did.Of(p))
	case key.FormDIDDocument:
		return did.Document(p)
	case key.FormVKey:
		return line(p.VKey(n.Name))
	case key.FormRaw:
		return p.Raw(), nil
	case key.FormHex:
		return line(hex.EncodeToString(p.Raw()), nil)
	}
	return nil, fmt.Errorf("%w: no form is called %q", key.ErrType, form)
}

// ageText is a recipient in any of the texts that age reads.
func ageText(p key.Public) (string, error) {
	if p.Type() == key.Ed25519 || p.Type() == key.RSA {
		text, err := openssh.AppendPublic(nil, p, "")
		return string(text), err
	}
	return p.AgeText()
}

// MarshalPrivate writes a private key in a form, encrypted unless passphrase is
// nil. The forms are openssh, pem, jwk, minisign, age, raw and hex; of these
// jwk, raw and hex have no encryption, and refuse a passphrase.
//
// The errors are key.ErrType, key.ErrComment, and key.ErrPassphrase for a
// passphrase that is empty or cannot be used.
func MarshalPrivate(form key.Form, p *key.Private, n Named, passphrase *secret.Bytes, rand io.Reader) (*secret.Bytes, error) {
	if passphrase != nil && !Encrypts(form) {
		return nil, fmt.Errorf("%w: %s has no encryption", key.ErrPassphrase, form)
	}
	switch form {
	case key.FormOpenSSH:
		return openssh.MarshalPrivate(p, n.Name, passphrase, rand)
	case key.FormPEM:
		return marshalPEM(p, passphrase, rand)
	case key.FormJWK:
		text, err := jwk.MarshalPrivate(p, n.Name)
		return withLineFeed(text, err)
	case key.FormMinisign:
		return minisign.MarshalSecret(p, n.ID, passphrase)
	case key.FormAge:
		return agefile.Marshal(p, passphrase)
	case key.FormRaw:
		return p.Stored().Clone(), nil
	case key.FormHex:
		text := make([]byte, 0, 2*p.Stored().Len()+1)
		return secret.Take(append(hex.AppendEncode(text, p.Stored().Expose()), '\n')), nil
	}
	return nil, fmt.Errorf("%w: no private keys are written as %q", key.ErrType, form)
}

// Encrypts reports whether private keys in the form can be encrypted.
func Encrypts(form key.Form) bool {
	switch form {
	case key.FormOpenSSH, key.FormPEM, key.FormMinisign, key.FormAge:
		return true
	default:
		return false
	}
}

// EncryptionMemory is what MarshalPrivate allocates when it encrypts, in bytes,
// rounded up.
func EncryptionMemory(form key.Form) uint64 {
	switch form {
	case key.FormMinisign:
		return minisign.MarshalMemory
	case key.FormAge:
		return agefile.MarshalMemory
	default:
		return 1 << 20
	}
}

func marshalPEM(p *key.Private, passphrase *secret.Bytes, rand io.Reader) (*secret.Bytes, error) {
	if passphrase != nil {
		der, err := pkix.MarshalEncrypted(p, passphrase, rand)
		if err != nil {
			return nil, err
		}
		return secret.Take(armor.Encode("ENCRYPTED PRIVATE KEY", der, pemColumns)), nil
	}
	der, err := pkix.MarshalPrivate(p)
	if err != nil {
		return nil, err
	}
	defer der.Wipe()
	return secret.Take(armor.Encode("PRIVATE KEY", der.Expose(), pemColumns)), nil
}

func withLineFeed(text *secret.Bytes, err error) (*secret.Bytes, error) {
	if err != nil {
		return nil, err
	}
	defer text.Wipe()
	longer := make([]byte, 0, text.Len()+1)
	return secret.Take(append(append(longer, text.Expose()...), '\n')), nil
}

// PrivateForms are the forms a private key of a type can be written in. The
// first is the one it is kept in: OpenSSH's where OpenSSH has the type, else
// age's for sealing keys, else PEM.
func PrivateForms(t key.Type) []key.Form {
	var forms []key.Form
	switch t {
	case key.Ed25519:
		forms = []key.Form{key.FormOpenSSH, key.FormPEM, key.FormJWK, key.FormMinisign}
	case key.ECDSAP256, key.RSA:
		forms = []key.Form{key.FormOpenSSH, key.FormPEM, key.FormJWK}
	case key.MLDSA44Ed25519:
		forms = []key.Form{key.FormOpenSSH}
	case key.X25519:
		forms = []key.Form{key.FormAge, key.FormPEM, key.FormJWK}
	case key.MLKEM768X25519:
		forms = []key.Form{key.FormAge}
	case key.MLDSA65:
		forms = []key.Form{key.FormPEM, key.FormJWK}
	case key.SLHDSA128s:
		forms = []key.Form{key.FormPEM}
	default:
		return nil
	}
	return append(forms, key.FormRaw, key.FormHex)
}

// PublicForm is the form in which a public key of a type is shown on one line:
// OpenSSH's where OpenSSH has the type, else age's for sealing keys, else the
// text form.
func PublicForm(t key.Type) key.Form {
	switch {
	case t.SSHName() != "":
		return key.FormSSHPublic
	case t.Seals():
		return key.FormAge
	default:
		return key.FormText
	}
}
