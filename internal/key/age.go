package key

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"golang.org/x/crypto/ssh"

	"kai/internal/secret"
)

// The prefixes of age's texts, in lower case. Those of secrets are written in
// upper case, the others in lower.
const (
	ageX25519       = "age"
	ageHybrid       = "age1pq"
	ageTag          = "age1tag"   // P-256 key in hardware
	ageTagHybrid    = "age1tagpq" // ML-KEM-768 and P-256 in hardware
	ageSecret       = "age-secret-key-"
	ageSecretHybrid = "age-secret-key-pq-"
)

var (
	agePublicPrefixes = map[Type]string{X25519: ageX25519, MLKEM768X25519: ageHybrid}
	ageSecretPrefixes = map[Type]string{X25519: ageSecret, MLKEM768X25519: ageSecretHybrid}
)

// AgeText is a sealing key as age writes recipients: age1… or age1pq1…. The
// error is ErrType for other keys; those age reads as SSH keys have their own
// form.
func (p Public) AgeText() (string, error) {
	prefix, ok := agePublicPrefixes[p.typ]
	if !ok {
		return "", fmt.Errorf("%w: age has no text for %s keys", ErrType, p.typ)
	}
	text, err := bech32Encode(prefix, []byte(p.raw))
	return string(text), err
}

// IsAge reports whether a text begins like one of age's, public or secret.
func IsAge(text string) bool {
	return len(text) >= 4 && text[:4] == "age1" || len(text) >= 15 && bytes.EqualFold([]byte(text[:15]), []byte(ageSecret))
}

// ParseAge reads what AgeText writes. A recipient whose key is in hardware,
// age1tag1… or age1tagpq1…, is recognised: ErrType.
//
// The errors are ErrMalformed, ErrType and ErrWeak.
func ParseAge(text string) (Public, error) {
	prefix, raw, err := bech32Decode([]byte(text))
	if err != nil {
		return Public{}, fmt.Errorf("age recipient: %w", err)
	}
	if text[0] != 'a' {
		return Public{}, fmt.Errorf("age recipient: %w: upper case", ErrMalformed)
	}
	for t, known := range agePublicPrefixes {
		if prefix == known {
			return NewPublic(t, raw)
		}
	}
	if prefix == ageTag || prefix == ageTagHybrid {
		return Public{}, fmt.Errorf("%w: recipient in hardware, only to seal to", ErrType)
	}
	return Public{}, fmt.Errorf("%w: age recipient %q", ErrType, shorten([]byte(prefix)))
}

// AgeText is a sealing key as age writes identities: AGE-SECRET-KEY-1… or
// AGE-SECRET-KEY-PQ-1…. The error is ErrType for other keys.
func (p *Private) AgeText() (*secret.Bytes, error) {
	prefix, ok := ageSecretPrefixes[p.public.typ]
	if !ok {
		return nil, fmt.Errorf("%w: age has no text for %s keys", ErrType, p.public.typ)
	}
	text, err := bech32Encode(prefix, p.stored.Expose())
	if err != nil {
		return nil, err
	}
	for i, c := range text {
		if c >= 'a' && c <= 'z' {
			text[i] = c - 'a' + 'A'
		}
	}
	return secret.Take(text), nil
}

// ParseAgeSecret reads what Private.AgeText writes. text is not kept.
//
// The errors are ErrMalformed, ErrType and ErrWeak.
func ParseAgeSecret(text []byte) (*Private, error) {
	prefix, raw, err := bech32Decode(text)
	if err != nil {
		return nil, fmt.Errorf("age identity: %w", err)
	}
	if text[0] != 'A' {
		secret.Zero(raw)
		return nil, fmt.Errorf("age identity: %w: lower case", ErrMalformed)
	}
	for t, known := range ageSecretPrefixes {
		if prefix == known {
			return NewPrivate(t, secret.Take(raw))
		}
	}
	secret.Zero(raw)
	return nil, fmt.Errorf("%w: age identity %q", ErrType, shorten([]byte(prefix)))
}

// Recipient is the key as something to seal to: the two sealing types, and
// Ed25519 and RSA in the way age seals to SSH keys. The error is ErrType.
func (p Public) Recipient() (age.Recipient, error) {
	switch p.typ {
	case X25519:
		text, err := p.AgeText()
		if err != nil {
			return nil, err
		}
		return age.ParseX25519Recipient(text)
	case MLKEM768X25519:
		text, err := p.AgeText()
		if err != nil {
			return nil, err
		}
		return age.ParseHybridRecipient(text)
	case Ed25519, RSA:
		public, err := ssh.ParsePublicKey(p.Wire())
		if err != nil {
			return nil, fmt.Errorf("%s recipient: %w", p.typ, err)
		}
		if p.typ == RSA {
			return agessh.NewRSARecipient(public)
		}
		return agessh.NewEd25519Recipient(public)
	}
	return nil, fmt.Errorf("%w: nothing is sealed to %s keys", ErrType, p.typ)
}

// Identity opens what is sealed to Recipient. It holds a copy of the secret in
// ordinary memory, as age does. The error is ErrType.
func (p *Private) Identity() (age.Identity, error) {
	switch p.public.typ {
	case X25519, MLKEM768X25519:
		text, err := p.AgeText()
		if err != nil {
			return nil, err
		}
		defer text.Wipe()
		if p.public.typ == X25519 {
			return age.ParseX25519Identity(string(text.Expose()))
		}
		return age.ParseHybridIdentity(string(text.Expose()))
	case Ed25519, RSA:
		k, err := p.Crypto()
		if err != nil {
			return nil, err
		}
		if k, ok := k.(*rsa.PrivateKey); ok {
			return agessh.NewRSAIdentity(k)
		}
		return agessh.NewEd25519Identity(k.(ed25519.PrivateKey))
	}
	return nil, fmt.Errorf("%w: nothing is sealed to %s keys", ErrType, p.public.typ)
}
