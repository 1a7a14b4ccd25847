package allowedsigners

import (
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/ssh"

	"kai/internal/key"
	"kai/internal/sig"
)

// Signer is whose signature a query is about.
type Signer struct {
	key  key.Public
	blob string // of the key or, if there is one, the certificate
	cert *ssh.Certificate

	fido, touched, verified bool
}

// SignerOf takes the signer from a claim, which need not have been checked:
// ssh-keygen looks for principals before it verifies. A certificate must be
// signed by the authority that it names.
//
// The errors are the claim's fault if it has no key, and ErrCertificate.
func SignerOf(c *sig.Claim) (Signer, error) {
	if c.Key.IsZero() {
		if c.Fault != nil {
			return Signer{}, c.Fault
		}
		return Signer{}, sig.ErrNoKey
	}
	s := Signer{key: c.Key, blob: string(c.Key.Wire())}
	s.touched, s.verified, _, s.fido = c.Presence()
	if c.Certificate == nil {
		return s, nil
	}
	s.blob = string(c.Certificate)
	parsed, err := ssh.ParsePublicKey(c.Certificate)
	cert, ok := parsed.(*ssh.Certificate)
	if err != nil || !ok || string(cert.Marshal()) != s.blob {
		return Signer{}, fmt.Errorf("%w: malformed", ErrCertificate)
	}
	s.cert = cert
	return s, checkAuthority(cert)
}

// checkAuthority verifies the signature on a certificate, under the rules that
// hold for every signature here: no weak keys, no SHA-1.
func checkAuthority(cert *ssh.Certificate) error {
	if _, err := key.ParseWire(cert.SignatureKey.Marshal()); err != nil {
		return fmt.Errorf("%w: authority: %w", ErrCertificate, err)
	}
	if cert.Signature.Format == ssh.KeyAlgoRSA {
		return fmt.Errorf("%w: signed with SHA-1", ErrCertificate)
	}
	unsigned := *cert
	unsigned.Signature = nil
	signed := unsigned.Marshal()
	signed = signed[:len(signed)-4] // the length of no signature
	if err := cert.SignatureKey.Verify(signed, cert.Signature); err != nil {
		return fmt.Errorf("%w: signature of the authority", ErrCertificate)
	}
	return nil
}

// authorize gives ssh-keygen's words for why a certificate does not speak at a
// time, for a principal or for any; "" if it does.
func (s *Signer) authorize(at time.Time, principal *string) string {
	now := uint64(max(at.Unix(), 0))
	switch {
	case s.cert.CertType != ssh.UserCert:
		return "Certificate invalid: not a user certificate"
	case now < s.cert.ValidAfter:
		return "Certificate invalid: not yet valid"
	case now >= s.cert.ValidBefore:
		return "Certificate invalid: expired"
	case len(s.cert.ValidPrincipals) == 0:
		return "Certificate lacks principal list"
	case principal != nil && !slices.Contains(s.cert.ValidPrincipals, *principal):
		return "Certificate invalid: name is not a listed principal"
	}
	for option := range s.cert.CriticalOptions {
		switch option {
		case "force-command", "source-address":
		case "verify-required":
			if !s.verified {
				return "Certificate invalid: security key did not verify the user"
			}
		default:
			return fmt.Sprintf("Certificate invalid: critical option %q", shorten(option))
		}
	}
	return ""
}
