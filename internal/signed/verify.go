package signed

import (
	"fmt"
	"slices"

	"kai/internal/key"
	"kai/internal/sig"
)

// Verified is an object whose signatures are all good. Only Verify makes it.
// Whether the signers are enough, and may be relied on, is another question.
type Verified struct {
	envelope *Envelope
	signers  []key.Public
}

// Verify checks every signature, each with the key among keys that it names.
//
// The errors are ErrForeignKey, for a signature that names none of them,
// ErrSignature, and sig.ErrScheme for a key that signs no objects.
func (e *Envelope) Verify(keys ...key.Public) (*Verified, error) {
	named := make(map[string]key.Public, len(keys))
	for _, k := range keys {
		named[k.Fingerprint()] = k
	}
	v := &Verified{envelope: e}
	message := e.message()
	for _, s := range e.sigs {
		k, ok := named[s.key]
		if !ok {
			return nil, fmt.Errorf("%s: %s: %w", e.typ, s.key, ErrForeignKey)
		}
		scheme, err := sig.SchemeOf(k.Type())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.typ, err)
		}
		if !scheme.Verify(k, message, s.value) {
			return nil, fmt.Errorf("%s: %s: %w", e.typ, s.key, ErrSignature)
		}
		v.signers = append(v.signers, k)
	}
	return v, nil
}

// Envelope is what was verified.
func (v *Verified) Envelope() *Envelope { return v.envelope }

// Object is a copy of the object's bytes.
func (v *Verified) Object() []byte { return v.envelope.Unverified() }

// Signers lists the keys that have signed, each once.
func (v *Verified) Signers() []key.Public { return slices.Clone(v.signers) }

// Count is how many of keys, each counted once, have signed.
func (v *Verified) Count(keys []key.Public) int {
	n := 0
	for _, s := range v.signers {
		if slices.Contains(keys, s) {
			n++
		}
	}
	return n
}
