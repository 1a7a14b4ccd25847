package key

import "fmt"

// Type names an algorithm together with its encoding. The words are part of
// kai's formats: they appear in the text form, in documents and in JSON.
type Type string

// The key types. What each one's raw public and secret encodings are stands in
// the package documentation.
const (
	Ed25519        Type = "ed25519"
	X25519         Type = "x25519"
	ECDSAP256      Type = "ecdsa-p256"
	ECDSAP384      Type = "ecdsa-p384" // verified, never made
	RSA            Type = "rsa"
	MLDSA65        Type = "ml-dsa-65"
	MLDSA44Ed25519 Type = "mldsa44-ed25519"
	MLKEM768X25519 Type = "mlkem768x25519"
	SLHDSA128s     Type = "slh-dsa-128s"
	SKEd25519      Type = "sk-ed25519" // FIDO: verified, never held
	SKECDSA        Type = "sk-ecdsa"   // FIDO: verified, never held
)

// traits is what the code needs to know of a type; sizes of 0 vary.
type traits struct {
	publicSize int
	secretSize int
	ssh        string // OpenSSH's name, empty where it has none
	word       string // as ssh-keygen prints it: ED25519, RSA, …
	signs      bool
	seals      bool
	madeHere   bool
}

var types = map[Type]traits{
	Ed25519:        {32, 32, "ssh-ed25519", "ED25519", true, false, true},
	X25519:         {32, 32, "", "X25519", false, true, true},
	ECDSAP256:      {33, 32, "ecdsa-sha2-nistp256", "ECDSA", true, false, true},
	ECDSAP384:      {49, 48, "ecdsa-sha2-nistp384", "ECDSA", true, false, false},
	RSA:            {0, 0, "ssh-rsa", "RSA", true, false, true},
	MLDSA65:        {1952, 32, "", "MLDSA65", true, false, true},
	MLDSA44Ed25519: {1312 + 32, 64, "ssh-mldsa44-ed25519", "MLDSA44-ED25519", true, false, true},
	MLKEM768X25519: {1216, 32, "", "MLKEM768X25519", false, true, true},
	SLHDSA128s:     {32, 64, "", "SLHDSA128S", true, false, true},
	SKEd25519:      {0, 0, "sk-ssh-ed25519@openssh.com", "ED25519-SK", true, false, false},
	SKECDSA:        {0, 0, "sk-ecdsa-sha2-nistp256@openssh.com", "ECDSA-SK", true, false, false},
}

// Types lists every type in the order of the package documentation.
func Types() []Type {
	return []Type{Ed25519, X25519, ECDSAP256, ECDSAP384, RSA, MLDSA65, MLDSA44Ed25519, MLKEM768X25519, SLHDSA128s, SKEd25519, SKECDSA}
}

// ParseType checks a word from outside. The error is ErrType.
func ParseType(word string) (Type, error) {
	if _, ok := types[Type(word)]; !ok {
		return "", fmt.Errorf("%w: %q", ErrType, word)
	}
	return Type(word), nil
}

// SSHName is OpenSSH's name of the type, or "" where it has none.
func (t Type) SSHName() string { return types[t].ssh }

// Word is the type as ssh-keygen prints it beside a fingerprint, upper case.
func (t Type) Word() string { return types[t].word }

// Signs reports whether keys of the type make signatures.
func (t Type) Signs() bool { return types[t].signs }

// Seals reports whether keys of the type receive sealed files.
func (t Type) Seals() bool { return types[t].seals }

// PostQuantum reports whether the type resists a quantum computer.
func (t Type) PostQuantum() bool {
	switch t {
	case MLDSA65, MLDSA44Ed25519, MLKEM768X25519, SLHDSA128s:
		return true
	default:
		return false
	}
}
