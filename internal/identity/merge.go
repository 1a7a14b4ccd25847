package identity

import "slices"

// Merge brings two verified documents of one identity together: the longer chain
// wins if it continues the other, and attestations, certificates and revocations
// of both are kept, those of a first.
//
// The errors are ErrOtherIdentity, ErrTooLarge for what is kept, those of Verify
// for a revocation that the longer chain does not bear out, and a *DuplicityError
// with the evidence if the chains part: then neither is to be believed any more.
func Merge(a, b *Identity) (*Identity, error) {
	if a.id != b.id {
		return nil, ErrOtherIdentity
	}
	x, y := a.doc, b.doc
	for i := range min(len(x.events), len(y.events)) {
		if s, t := x.events[i].envelope, y.events[i].envelope; s.Digest() != t.Digest() {
			return nil, &DuplicityError{a.id, i, s, t}
		}
	}
	return a.with(func(u *Unverified) {
		if len(y.events) > len(x.events) {
			u.events = slices.Concat(x.events, y.events[len(x.events):])
		}
		u.attestations = union(x.attestations, y.attestations)
		u.revocations = union(x.revocations, y.revocations)
		for _, c := range y.certificates {
			if !slices.Contains(u.certificates, c) {
				u.certificates = append(slices.Clone(u.certificates), c)
			}
		}
	})
}
