package verdict

import (
	"fmt"
	"strings"
	"time"

	"kai/internal/sig"
	"kai/internal/sig/allowedsigners"
)

// AllowedSigners is the rule of an OpenSSH allowed_signers file.
type AllowedSigners struct {
	List *allowedsigners.List
	// Principal, if not empty, is the one who must have signed.
	Principal string
	// Revoked reports whether a claim's key or certificate is revoked; nil
	// revokes nothing.
	Revoked func(c *sig.Claim) bool
}

// Judge implements Rule.
func (a AllowedSigners) Judge(v sig.Verified, _ string, at time.Time) Decision {
	c := signedBy(v)
	if a.Revoked != nil && a.Revoked(c) {
		return Decision{Reasons: []Reason{{"revoked", v.Key().Fingerprint() + " is revoked"}}}
	}
	signer, err := allowedsigners.SignerOf(c)
	if err != nil {
		return Decision{Reasons: []Reason{{"certificate", err.Error()}}}
	}
	answer := a.ask(signer, v.Namespace(), at)
	if answer.Entry == nil {
		return a.refusal(signer, v, at)
	}
	d := Decision{
		Trusted:    true,
		Identities: append([]string{answer.Entry.Principals}, answer.Principals...),
		Principal:  strings.Join(answer.Principals, ","),
		Reasons:    []Reason{{"allowed_signers", fmt.Sprintf("line %d of the allowed signers", answer.Entry.Line)}},
	}
	d.Name = d.Principal
	if answer.Entry.CertAuthority { // one line speaks for many people
		d.Identities = answer.Principals
	}
	if !answer.Entry.NoTouchRequired {
		d = d.touched(v)
	}
	if _, checked, _, ok := c.Presence(); answer.Entry.VerifyRequired && !(ok && checked) {
		d.Trusted, d.Reasons = false, []Reason{{"no_verification", "the line wants a security key that asked for a PIN or finger"}}
	}
	return d
}

// signedBy is the claim with the key that verified, for formats that carry
// none.
func signedBy(v sig.Verified) *sig.Claim {
	c := *v.Claim()
	c.Key = v.Key()
	return &c
}

func (a AllowedSigners) ask(s allowedsigners.Signer, namespace string, at time.Time) allowedsigners.Answer {
	if a.Principal != "" {
		return a.List.Allow(s, a.Principal, namespace, at)
	}
	return a.List.Find(s, namespace, at)
}

// refusal finds the nearest line, to say what stands in the way.
func (a AllowedSigners) refusal(s allowedsigners.Signer, v sig.Verified, at time.Time) Decision {
	because := func(code, format string, args ...any) Decision {
		return Decision{Reasons: []Reason{{code, fmt.Sprintf(format, args...)}}}
	}
	if answer := a.List.FindPrincipals(s, at); answer.Entry != nil {
		if a.Principal != "" && a.List.Find(s, v.Namespace(), at).Entry != nil {
			return because("not_named", "signed by %s, not by %s", strings.Join(answer.Principals, ","), a.Principal)
		}
		return because("namespace", "%s may not sign for %q", strings.Join(answer.Principals, ","), v.Namespace())
	}
	for e := range a.List.Entries() {
		switch {
		case e.Key != v.Key() || e.CertAuthority:
		case !e.ValidBefore.IsZero() && at.After(e.ValidBefore):
			return because("expired", "%s was valid until %s", e.Principals, e.ValidBefore.UTC().Format(time.RFC3339))
		case !e.ValidAfter.IsZero() && at.Before(e.ValidAfter):
			return because("not_yet_valid", "%s is valid from %s", e.Principals, e.ValidAfter.UTC().Format(time.RFC3339))
		}
	}
	return because("unknown_signer", "no line allows the key %s", v.Key().Fingerprint())
}
