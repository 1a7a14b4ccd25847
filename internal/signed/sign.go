package signed

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"kai/internal/canon"
	"kai/internal/sig"
)

// Sign makes the envelope of an object: v as canon.Marshal writes it, with its
// members "type" and "v". A signer with a post-quantum companion makes two
// signatures. rand is crypto/rand.Reader outside tests.
//
// The errors are those of canon.Marshal, ErrNewer (type), sig.ErrNoKey (no
// signer), sig.ErrScheme, ErrTooLarge (signatures) and those of
// sig.Scheme.Sign.
func Sign(rand io.Reader, v any, signers ...sig.Signer) (*Envelope, error) {
	object, err := canon.Marshal(v)
	if err != nil {
		return nil, Malformed("signed part", err)
	}
	t, err := checkObject(object)
	if err != nil {
		return nil, err
	}
	if len(signers) == 0 {
		return nil, fmt.Errorf("%s: %w: no signer", t, sig.ErrNoKey)
	}
	return (&Envelope{typ: t, object: object}).Add(rand, signers...)
}

// Add returns the envelope with the signatures of further signers, which take
// the place of those that the same keys have made before. Whether the others are
// good is not asked. The errors are those of Sign.
func (e *Envelope) Add(rand io.Reader, signers ...sig.Signer) (*Envelope, error) {
	added := &Envelope{typ: e.typ, object: e.object, sigs: slices.Clone(e.sigs)}
	message := e.message()
	for _, s := range Flatten(signers) {
		scheme, err := sig.SchemeOf(s.Public.Type())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.typ, err)
		}
		value, err := scheme.Sign(rand, s.Public, s.Signer, message)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.typ, err)
		}
		added.put(signature{s.Public.Fingerprint(), value})
	}
	if len(added.sigs) > MaxSignatures {
		return nil, fmt.Errorf("%s: %w: %d signatures, at most %d", e.typ, ErrTooLarge, len(added.sigs), MaxSignatures)
	}
	return added, nil
}

func (e *Envelope) put(s signature) {
	i, found := slices.BinarySearchFunc(e.sigs, s.key, func(s signature, k string) int { return cmp.Compare(s.key, k) })
	if found {
		e.sigs[i] = s
		return
	}
	e.sigs = slices.Insert(e.sigs, i, s)
}

// Flatten lists signers and their post-quantum companions one by one.
func Flatten(signers []sig.Signer) []sig.Signer {
	var flat []sig.Signer
	for _, s := range signers {
		flat = append(flat, sig.Signer{Public: s.Public, Signer: s.Signer})
		if s.PQ != nil {
			flat = append(flat, Flatten([]sig.Signer{*s.PQ})...)
		}
	}
	return flat
}
