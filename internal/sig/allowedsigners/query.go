package allowedsigners

import (
	"fmt"
	"strings"
	"time"
)

// Answer is what the lines say about a signer.
type Answer struct {
	// Entry is the line that allows the signer, nil if none does.
	Entry *Entry
	// Principals are those that the line gives the signer: of a certificate,
	// its own names that fit; else the patterns of the line. Allow leaves the
	// one that was asked for.
	Principals []string
	// Remarks are what was wrong with lines up to that one.
	Remarks []Remark
}

func (a *Answer) remark(number int, format string, args ...any) {
	a.Remarks = append(a.Remarks, Remark{number, fmt.Sprintf(format, args...)})
}

// FindPrincipals asks who the signer is at a time, for any namespace.
func (list *List) FindPrincipals(s Signer, at time.Time) Answer {
	return list.search(s, nil, nil, at)
}

// Find is FindPrincipals for one namespace.
func (list *List) Find(s Signer, namespace string, at time.Time) Answer {
	return list.search(s, nil, &namespace, at)
}

// Allow asks whether the signer speaks for a principal in a namespace at a
// time.
func (list *List) Allow(s Signer, principal, namespace string, at time.Time) Answer {
	return list.search(s, &principal, &namespace, at)
}

// MatchPrincipals returns the principals of all lines whose patterns fit a
// principal. ok is false if there is none, or if such a line is malformed:
// then Remarks says so.
func (list *List) MatchPrincipals(principal string) (principals []string, remarks []Remark, ok bool) {
	for _, l := range list.lines {
		switch {
		case l.principals != nil && !matchList(principal, *l.principals):
		case l.entry == nil:
			return nil, []Remark{{l.number, l.fault}}, false
		default:
			principals = append(principals, *l.principals)
		}
	}
	return principals, nil, len(principals) > 0
}

// search goes through the lines. principal and namespace are nil for any.
func (list *List) search(s Signer, principal, namespace *string, at time.Time) Answer {
	var a Answer
	for _, l := range list.lines {
		if principal != nil && l.principals != nil && !matchList(*principal, *l.principals) {
			continue
		}
		if l.entry == nil {
			a.remark(l.number, "%s", l.fault)
			continue
		}
		principals, ok := a.identify(l.entry, s, principal, at)
		if ok && a.permits(l.entry, s, namespace, at, list.loc) {
			a.Entry, a.Principals = l.entry, principals
			return a
		}
	}
	return a
}

// identify reports whether the line is about the signer, and as whom.
func (a *Answer) identify(e *Entry, s Signer, principal *string, at time.Time) (principals []string, ok bool) {
	switch {
	case !e.CertAuthority && string(e.blob) == s.blob:
		principals = splitPrincipals(e.Principals)
	case e.CertAuthority && s.cert != nil && string(s.cert.SignatureKey.Marshal()) == string(e.blob):
		reason := s.authorize(at, principal)
		if principal == nil {
			principals = s.namesFor(e.Principals, reason)
			reason = ""
			if len(principals) == 0 {
				a.remark(e.Line, "no valid principals found")
				return nil, false
			}
		}
		if reason != "" {
			a.remark(e.Line, "certificate not authorized: %s", reason)
			return nil, false
		}
	default:
		return nil, false
	}
	if principal != nil {
		principals = []string{*principal}
	}
	return principals, true
}

// namesFor returns the certificate's principals that fit the patterns, none if
// there is a reason against the certificate. Here a pattern that begins with !
// is not special, as in ssh-keygen: it fits names that begin with !.
func (s *Signer) namesFor(patterns, reason string) []string {
	if reason != "" {
		return nil
	}
	var names []string
	for _, pattern := range splitPrincipals(patterns) {
		for _, name := range s.cert.ValidPrincipals {
			if matchPattern(name, pattern) {
				names = append(names, splitPrincipals(name)...)
			}
		}
	}
	return names
}

// splitPrincipals splits at commas, up to an empty element, as ssh-keygen.
func splitPrincipals(text string) []string {
	var list []string
	for name := range strings.SplitSeq(text, ",") {
		if name == "" {
			break
		}
		list = append(list, name)
	}
	return list
}

// permits applies the line's options.
func (a *Answer) permits(e *Entry, s Signer, namespace *string, at time.Time, loc *time.Location) bool {
	switch {
	case e.Namespaces != nil && namespace != nil && !matchList(*namespace, *e.Namespaces):
		a.remark(e.Line, "key is not permitted for use in signature namespace \"%s\"", *namespace)
	case !e.ValidAfter.IsZero() && at.Unix() < e.ValidAfter.Unix():
		a.remark(e.Line, "key is not yet valid: verify time %s < valid-after %s", formatTime(at, loc), formatTime(e.ValidAfter, loc))
	case !e.ValidBefore.IsZero() && at.Unix() > e.ValidBefore.Unix():
		a.remark(e.Line, "key has expired: verify time %s > valid-before %s", formatTime(at, loc), formatTime(e.ValidBefore, loc))
	case s.fido && !s.touched && !e.NoTouchRequired && !s.certifiedNoTouch():
		a.remark(e.Line, "security key was not touched")
	case e.VerifyRequired && !s.verified:
		a.remark(e.Line, "security key did not verify the user")
	default:
		return true
	}
	return false
}

// certifiedNoTouch reports whether the certificate waives the touch.
func (s *Signer) certifiedNoTouch() bool {
	if s.cert == nil {
		return false
	}
	_, ok := s.cert.Extensions["no-touch-required"]
	return ok
}
