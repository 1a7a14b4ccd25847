package key

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha512"
	"errors"
	"fmt"
	"io"

	"filippo.io/mldsa"
)

// OpenSSH's composite of ML-DSA-44 and Ed25519: both halves sign
//
//	"CompositeAlgorithmSignatures2025" ‖ label ‖ 0x00 ‖ SHA-512(message)
//
// ML-DSA with the label as its context, and both must verify. The 0x00 is the
// length of an empty application context.
const (
	compositePrefix = "CompositeAlgorithmSignatures2025"
	compositeLabel  = "COMPSIG-MLDSA44-Ed25519-SHA512"

	mldsa44PublicSize    = 1312
	mldsa44SignatureSize = 2420

	// CompositeSignatureSize is ML-DSA-44's 2420 bytes and Ed25519's 64.
	CompositeSignatureSize = mldsa44SignatureSize + ed25519.SignatureSize
)

func compositeMessage(message []byte) []byte {
	sum := sha512.Sum512(message)
	b := append([]byte(compositePrefix), compositeLabel...)
	b = append(b, 0)
	return append(b, sum[:]...)
}

func compositePublic(stored []byte) (Public, error) {
	if isZero(stored[:32]) || isZero(stored[32:]) {
		return Public{}, fmt.Errorf("%w: all zero half", ErrWeak)
	}
	pq, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), stored[:32])
	if err != nil {
		return Public{}, ErrMalformed
	}
	classical := ed25519.NewKeyFromSeed(stored[32:]).Public().(ed25519.PublicKey)
	return NewPublic(MLDSA44Ed25519, append(pq.PublicKey().Bytes(), classical...))
}

type compositeSigner struct {
	public    Public
	pq        *mldsa.PrivateKey
	classical ed25519.PrivateKey
}

func newCompositeSigner(p *Private) (crypto.Signer, error) {
	seeds := p.stored.Expose()
	pq, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), seeds[:32])
	if err != nil {
		return nil, fmt.Errorf("composite private key: %w", ErrMalformed)
	}
	return &compositeSigner{p.public, pq, ed25519.NewKeyFromSeed(seeds[32:])}, nil
}

func (s *compositeSigner) Public() crypto.PublicKey { return s.public }

func (s *compositeSigner) Sign(rand io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts.HashFunc() != 0 {
		return nil, errors.New("composite key signs messages, not digests")
	}
	m := compositeMessage(message)
	sig, err := s.pq.Sign(rand, m, &mldsa.Options{Context: compositeLabel})
	if err != nil {
		return nil, err
	}
	return append(sig, ed25519.Sign(s.classical, m)...), nil
}

// VerifyComposite reports whether both halves of sig, 2484 bytes, verify.
// public must be of type MLDSA44Ed25519.
func VerifyComposite(public Public, message, sig []byte) bool {
	pqRaw, classical, err := public.Halves()
	if err != nil || len(sig) != CompositeSignatureSize {
		return false
	}
	pq, err := mldsa.NewPublicKey(mldsa.MLDSA44(), pqRaw)
	if err != nil {
		return false
	}
	m := compositeMessage(message)
	pqErr := mldsa.Verify(pq, m, sig[:mldsa44SignatureSize], &mldsa.Options{Context: compositeLabel})
	return ed25519.Verify(classical, m, sig[mldsa44SignatureSize:]) && pqErr == nil
}
